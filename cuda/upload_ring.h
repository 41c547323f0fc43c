#pragma once
#include <cuda_runtime.h>

#include <cstddef>
#include <deque>
#include <vector>

namespace nodegrad::cuda {

// Pinned memory of the host by way of which numbers go to the GPU, a piece after another and around again:
// from other memory CUDA copies only after the stream has come to its end. Used by one thread.
class UploadRing {
 public:
  UploadRing() = default;
  ~UploadRing();
  UploadRing(const UploadRing&) = delete;
  UploadRing& operator=(const UploadRing&) = delete;

  // Queues a copy; host may change as soon as this returns. Waits where so much is on its way that there is
  // no room, which bounds how far the caller runs ahead.
  void upload(const void* host, void* to, size_t bytes, cudaStream_t stream);

 private:
  // A part of the memory that the GPU has yet to read.
  struct Flight {
    size_t begin, end;
    cudaEvent_t event;  // after the copy
  };
  std::byte* take(size_t bytes);
  void land();
  bool isTaken(size_t begin, size_t end) const;

  std::byte* memory_ = nullptr;
  size_t next_ = 0;
  std::deque<Flight> flights_;       // the oldest first
  std::vector<cudaEvent_t> landed_;  // events to use again
};

}  // namespace nodegrad::cuda
