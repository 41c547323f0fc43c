#pragma once
#include <cuda_runtime.h>

#include <cstdint>

namespace nodegrad::cuda {

// Who refuses numbers.
enum class Refuser : int32_t {
  Nobody,
  Gather,
  GatherBackward,
  SegmentMax,
  SegmentMin,
  SegmentProd,
  Labels,
  ToIndices,
};

// The first refusal since the last whenDone, in the GPU's memory: all zero where there is none. Kernels that
// may write over an input, and copies, do nothing while there is one.
struct Refusal {
  Refuser by;
  int64_t index, place, n;  // of ToIndices, the index is the bits of a float
};

__device__ inline bool isRefused(const Refusal* refusal) { return refusal->by != Refuser::Nobody; }

}  // namespace nodegrad::cuda
