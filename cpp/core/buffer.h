#pragma once
#include <cstddef>

namespace nodegrad {

class Backend;

// Memory for numbers, aligned to a cache line, given back with its last owner.
class Buffer {
 public:
  virtual ~Buffer();
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  // An address of the device that the memory belongs to.
  void* data() const { return data_; }
  size_t bytes() const { return bytes_; }
  // The backend that allocated it; null: memory of the host, which anyone may read.
  Backend* owner() const { return owner_; }
  // Called before each step that uses it again: time to make up for what was done in a hurry. The numbers
  // stay.
  virtual void reuse() {}

 protected:
  Buffer(void* data, size_t bytes, Backend* owner);

 private:
  void* data_;
  size_t bytes_;
  Backend* owner_;
};

// The bytes that all live buffers hold, for the tests of leaks.
size_t liveBufferBytes();

}  // namespace nodegrad
