#pragma once
#include <cuda_runtime.h>

#include <cstddef>

namespace nodegrad::cuda {

// What a block may have without asking for more.
constexpr size_t kSharedBytes = 48 << 10;

#ifdef __CUDACC__
extern __shared__ unsigned char sharedBytes[];
#endif

// The memory that a launch asks for, the same for all threads of a block.
template <class T>
__device__ inline T* sharedMemory() {
  return reinterpret_cast<T*>(sharedBytes);
}

}  // namespace nodegrad::cuda
