#include "host/buffer.h"

#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>

#include "core/align.h"
#include "core/error.h"
#include "host/memory.h"

namespace nodegrad {

namespace {

constexpr size_t kAlignment = 64;
constexpr size_t kHugePage = size_t{2} << 20;
constexpr size_t kEnlargedAtOnce = 4 * kHugePage, kEnlargements = 8;
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25  // Linux 6.1
#endif
std::atomic<size_t> liveBytes{0};

void* allocateMemory(size_t bytes, bool hugePages) {
  claimMemory(bytes);
  const size_t alignment = bytes >= kHugePage ? kHugePage : kAlignment;
  const size_t rounded = roundUp(bytes, kAlignment);
  void* data = nullptr;
  if (posix_memalign(&data, alignment, rounded ? rounded : kAlignment) != 0)
    fail(ErrorCode::OutOfMemory, "expected room for ", bytes, " bytes, received none from the system, with ",
         liveHostBytes(), " bytes of tensors in use; use smaller shapes or batches, or dispose of tensors");
  // Large arrays are walked from end to end: huge pages save the misses of the address cache.
  if (bytes >= kHugePage && hugePages) madvise(data, rounded, MADV_HUGEPAGE);
  return data;
}

class HostBuffer : public Buffer {
 public:
  HostBuffer(size_t bytes, Backend* owner, bool hugePages)
      : Buffer(allocateMemory(bytes, hugePages), bytes, owner),
        small_(hugePages ? 0 : bytes / kHugePage * kHugePage) {
    liveBytes += bytes;
  }
  ~HostBuffer() override {
    liveBytes -= bytes();
    std::free(data());
  }

  void reuse() override {
    if (small_ == 0) return;
    const size_t all = bytes() / kHugePage * kHugePage;
    const size_t size =
        std::min(small_, std::max(kEnlargedAtOnce, all / kEnlargements / kHugePage * kHugePage));
    char* start = static_cast<char*>(data()) + (all - small_);
    // An older kernel, or one without free huge pages, may do it later.
    if (madvise(start, size, MADV_COLLAPSE) != 0) madvise(start, size, MADV_HUGEPAGE);
    small_ -= size;
  }

 private:
  size_t small_;  // bytes at the end, but for the last part of a page, in small pages
};

}  // namespace

std::shared_ptr<Buffer> allocateHost(size_t bytes, Backend* owner) {
  return std::make_shared<HostBuffer>(bytes, owner, true);
}

std::shared_ptr<Buffer> allocateHostQuickly(size_t bytes, Backend* owner) {
  return std::make_shared<HostBuffer>(bytes, owner, false);
}

size_t liveHostBytes() { return liveBytes.load(); }

StoragePtr hostStorage(const TensorType& type, const void* data) {
  const size_t bytes = bytesOf(type);
  auto buffer = allocateHost(bytes);
  if (data)
    std::memcpy(buffer->data(), data, bytes);
  else
    std::memset(buffer->data(), 0, bytes);
  return std::make_shared<Storage>(type, std::move(buffer));
}

}  // namespace nodegrad
