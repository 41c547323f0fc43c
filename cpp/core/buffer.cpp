#include "core/buffer.h"

#include <atomic>

namespace nodegrad {

namespace {

std::atomic<size_t> liveBytes{0};

}  // namespace

Buffer::Buffer(void* data, size_t bytes, Backend* place) : data_(data), bytes_(bytes), place_(place) {
  liveBytes += bytes;
}

Buffer::~Buffer() { liveBytes -= bytes_; }

size_t liveBufferBytes() { return liveBytes.load(); }

}  // namespace nodegrad
