#pragma once
#include <algorithm>
#include <cstdint>
#include <utility>

#include "check.h"

namespace nodegrad::cuda {

constexpr int kThreads = 128;

// Enough blocks for so many elements; kernels go on to those beyond.
inline unsigned blocksFor(int64_t elements, int threads = kThreads) {
  constexpr int64_t kMostBlocks = 4096;
  return static_cast<unsigned>(std::clamp<int64_t>((elements + threads - 1) / threads, 1, kMostBlocks));
}

struct LaunchSize {
  unsigned blocks;
  int threads = kThreads;
  size_t sharedBytes = 0;
};

template <class... Parameters, class... Arguments>
void launch(cudaStream_t stream, LaunchSize size, void (*kernel)(Parameters...), Arguments&&... arguments) {
  cudaLaunchConfig_t config{};
  config.gridDim = dim3(size.blocks);
  config.blockDim = dim3(static_cast<unsigned>(size.threads));
  config.dynamicSmemBytes = size.sharedBytes;
  config.stream = stream;
  check(cudaLaunchKernelEx(&config, kernel, std::forward<Arguments>(arguments)...));
}

// Goes over elements, all threads of all blocks together: for (Index i = firstIndex(); i < n; i += stepOf()).
template <class Index>
__device__ inline Index firstIndex() {
  return static_cast<Index>(blockIdx.x) * blockDim.x + threadIdx.x;
}
template <class Index>
__device__ inline Index indexStep() {
  return static_cast<Index>(gridDim.x) * blockDim.x;
}

}  // namespace nodegrad::cuda
