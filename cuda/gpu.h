#pragma once
#include <cuda_runtime.h>

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>

#include "check.h"

namespace nodegrad::cuda {

// Of memory that CUDA gives, in bytes.
constexpr size_t kMemoryAlignment = 256;

// The GPU that this thread's calls of CUDA go to.
inline thread_local int currentGpu = 0;

// What is made and queued from now on, by this thread, is that GPU's.
inline void useGpu(int gpu) {
  static thread_local bool isSet = false;  // the first call makes the GPU ready
  if (isSet && currentGpu == gpu) return;
  check(cudaSetDevice(gpu));
  currentGpu = gpu;
  isSet = true;
}

// One for each GPU, made when it is first asked for there. Make it by new and leave it: at the end of the
// process CUDA may be gone already.
template <class Made>
class PerGpu {
 public:
  template <class Make>
  const Made& get(Make&& make) {
    const std::lock_guard<std::mutex> lock(mutex_);
    std::unique_ptr<Made>& made = made_[currentGpu];
    if (!made) made.reset(make());
    return *made;
  }

 private:
  std::mutex mutex_;
  std::map<int, std::unique_ptr<Made>> made_;
};

}  // namespace nodegrad::cuda
