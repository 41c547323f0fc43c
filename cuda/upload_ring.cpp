#include "upload_ring.h"

#include <algorithm>
#include <cstring>

#include "check.h"
#include "core/align.h"
#include "gpu.h"

namespace nodegrad::cuda {

namespace {

constexpr size_t kRingBytes = 16 << 20;
// Of one copy: the host fills the next one while it is on its way.
constexpr size_t kMostBytes = 4 << 20;
constexpr size_t kMostFlights = 256;

}  // namespace

UploadRing::~UploadRing() {
  for (const Flight& flight : flights_) cudaEventDestroy(flight.event);
  for (cudaEvent_t event : landed_) cudaEventDestroy(event);
  if (memory_) cudaFreeHost(memory_);
}

void UploadRing::upload(const void* host, void* to, size_t bytes, cudaStream_t stream) {
  for (size_t done = 0; done < bytes;) {
    const size_t part = std::min(bytes - done, kMostBytes);
    std::byte* from = take(part);
    std::memcpy(from, static_cast<const std::byte*>(host) + done, part);
    if (landed_.empty()) {
      cudaEvent_t event = nullptr;
      check(cudaEventCreateWithFlags(&event, cudaEventDisableTiming | cudaEventBlockingSync));
      landed_.push_back(event);
    }
    check(cudaMemcpyAsync(static_cast<std::byte*>(to) + done, from, part, cudaMemcpyHostToDevice, stream));
    check(cudaEventRecord(landed_.back(), stream));
    const auto begin = static_cast<size_t>(from - memory_);
    flights_.push_back({begin, begin + part, landed_.back()});
    landed_.pop_back();
    next_ = roundUp(begin + part, kMemoryAlignment);
    done += part;
  }
}

std::byte* UploadRing::take(size_t bytes) {
  if (!memory_) {
    void* made = nullptr;
    check(cudaMallocHost(&made, kRingBytes));
    memory_ = static_cast<std::byte*>(made);
  }
  if (next_ + bytes > kRingBytes) next_ = 0;
  while (flights_.size() >= kMostFlights || isTaken(next_, next_ + bytes)) land();
  return memory_ + next_;
}

// The oldest copy is over.
void UploadRing::land() {
  check(cudaEventSynchronize(flights_.front().event));
  landed_.push_back(flights_.front().event);
  flights_.pop_front();
}

bool UploadRing::isTaken(size_t begin, size_t end) const {
  return std::any_of(flights_.begin(), flights_.end(),
                     [&](const Flight& flight) { return flight.begin < end && begin < flight.end; });
}

}  // namespace nodegrad::cuda
