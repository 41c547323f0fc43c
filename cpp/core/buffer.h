#pragma once
#include <cstddef>
#include <memory>

namespace nodegrad {

// Memory for numbers, aligned to a cache line, freed with its last owner.
class Buffer {
 public:
  // Fails with OUT_OF_MEMORY when the machine (or its container) cannot hold it: the kernel would over-commit
  // and kill later.
  static std::shared_ptr<Buffer> allocate(size_t bytes);
  ~Buffer();
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  void* data() const { return data_; }
  size_t bytes() const { return bytes_; }

 private:
  Buffer(void* data, size_t bytes) : data_(data), bytes_(bytes) {}
  void* data_;
  size_t bytes_;
};

// The bytes that all live buffers hold, for the tests of leaks.
size_t liveBufferBytes();

}  // namespace nodegrad
