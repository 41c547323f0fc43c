#include "core/buffer.h"

#include <atomic>

namespace nodegrad {

namespace {

std::atomic<size_t> liveBytes{0};

}  // namespace

Buffer::Buffer(void* data, size_t bytes, Backend* owner) : data_(data), bytes_(bytes), owner_(owner) {
  liveBytes += bytes;
}

Buffer::~Buffer() { liveBytes -= bytes_; }

size_t liveBufferBytes() { return liveBytes.load(); }

}  // namespace nodegrad
