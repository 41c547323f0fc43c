#pragma once
#include <cuda_runtime.h>

#include "core/error.h"

namespace nodegrad::cuda {

// Turns a failed call of the CUDA runtime into an exception: OUT_OF_MEMORY or DEVICE, with CUDA's words.
inline void check(cudaError_t error) {
  if (error == cudaSuccess) return;
  cudaGetLastError();  // or later calls would tell it again
  fail(error == cudaErrorMemoryAllocation ? ErrorCode::OutOfMemory : ErrorCode::Device, "the GPU reports ",
       cudaGetErrorName(error), ": ", cudaGetErrorString(error));
}

}  // namespace nodegrad::cuda
