#pragma once
#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>

#include "operand.h"

namespace nodegrad::cuda {

// Queues a copy of so many elements of 1, 2 or 4 bytes, gone over in row-major order.
void copyStrided(cudaStream_t stream, const void* from, void* to, const StridedPair& dims, int64_t count,
                 size_t elementBytes);

// The same, of bfloat16 numbers that become float32.
void widenStrided(cudaStream_t stream, const void* from, void* to, const StridedPair& dims, int64_t count);

}  // namespace nodegrad::cuda
