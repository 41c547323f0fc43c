#include "core/buffer.h"

#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>

#include "core/error.h"
#include "core/memory.h"

namespace nodegrad {

namespace {

constexpr size_t kAlignment = 64;
constexpr size_t kHugePage = size_t{2} << 20;
constexpr size_t kEnlargedAtOnce = 4 * kHugePage, kEnlargements = 8;
#ifndef MADV_COLLAPSE
#define MADV_COLLAPSE 25  // Linux 6.1
#endif
std::atomic<size_t> liveBytes{0};

}  // namespace

std::shared_ptr<Buffer> Buffer::allocate(size_t bytes, bool hugePages) {
  claimMemory(bytes);
  const size_t alignment = bytes >= kHugePage ? kHugePage : kAlignment;
  const size_t rounded = (bytes + kAlignment - 1) / kAlignment * kAlignment;
  void* data = nullptr;
  if (posix_memalign(&data, alignment, rounded ? rounded : kAlignment) != 0)
    fail(ErrorCode::OutOfMemory, "expected room for ", bytes, " bytes, received none from the system, with ",
         liveBufferBytes(), " bytes of tensors in use; use smaller shapes or batches, or dispose of tensors");
  // Large arrays are walked from end to end: huge pages save the misses of the address cache.
  if (bytes >= kHugePage && hugePages) madvise(data, rounded, MADV_HUGEPAGE);
  liveBytes += bytes;
  std::shared_ptr<Buffer> buffer(new Buffer(data, bytes));
  if (!hugePages) buffer->small_ = bytes / kHugePage * kHugePage;
  return buffer;
}

void Buffer::enlargePages() {
  if (small_ == 0) return;
  const size_t all = bytes_ / kHugePage * kHugePage;
  const size_t size =
      std::min(small_, std::max(kEnlargedAtOnce, all / kEnlargements / kHugePage * kHugePage));
  char* start = static_cast<char*>(data_) + (all - small_);
  // An older kernel, or one without free huge pages, may do it by and by.
  if (madvise(start, size, MADV_COLLAPSE) != 0) madvise(start, size, MADV_HUGEPAGE);
  small_ -= size;
}

Buffer::~Buffer() {
  liveBytes -= bytes_;
  std::free(data_);
}

size_t liveBufferBytes() { return liveBytes.load(); }

}  // namespace nodegrad
