#pragma once
#include <cstddef>
#include <memory>

namespace nodegrad {

// Memory for numbers, aligned to a cache line, freed with its last owner.
class Buffer {
 public:
  // Fails with OUT_OF_MEMORY when the machine (or its container) cannot hold it: the kernel would over-commit
  // and kill later.
  static std::shared_ptr<Buffer> allocate(size_t bytes) { return allocate(bytes, true); }
  // For memory that is wanted at once: in small pages, which the kernel has at hand, where a huge one is
  // first to be put together, or got from a hypervisor. enlargePages makes up for it.
  static std::shared_ptr<Buffer> allocateQuickly(size_t bytes) { return allocate(bytes, false); }
  // Moves the next eighth, but some megabytes at the least, from small pages into huge ones, until all are.
  // The numbers stay.
  void enlargePages();
  ~Buffer();
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  void* data() const { return data_; }
  size_t bytes() const { return bytes_; }

 private:
  Buffer(void* data, size_t bytes) : data_(data), bytes_(bytes) {}
  static std::shared_ptr<Buffer> allocate(size_t bytes, bool hugePages);

  void* data_;
  size_t bytes_;
  size_t small_ = 0;  // bytes at the end, but for the last part of a page, in small pages
};

// The bytes that all live buffers hold, for the tests of leaks.
size_t liveBufferBytes();

}  // namespace nodegrad
