#pragma once
#include <cuda_runtime.h>

#include <cstdint>

namespace nodegrad::cuda {

// A float32 as kernels read and write it: as it is, or as the bits of a bfloat16 (core/dtype.h).
__device__ inline float read(float x) { return x; }
__device__ inline float read(uint16_t bits) {
  return __int_as_float(static_cast<int32_t>(static_cast<uint32_t>(bits) << 16));
}

__device__ inline void write(float* to, float x) { *to = x; }
__device__ inline void write(uint16_t* to, float x) {
  const auto bits = static_cast<uint32_t>(__float_as_int(x));
  *to = static_cast<uint16_t>(x != x ? bits >> 16 | 0x40 : (bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

}  // namespace nodegrad::cuda
