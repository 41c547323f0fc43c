#pragma once
#include "../launch.h"
#include "core/shape.h"
#include "refusal.h"

namespace nodegrad::cuda {

// Indices of int32 or uint8.
struct Indices {
  bool bytes;
  int64_t count;

  explicit Indices(const TensorType& type)
      : bytes(type.dtype == DType::U8), count(nodegrad::count(type.shape)) {}
  __device__ int64_t at(const void* memory, int64_t i) const {
    return bytes ? static_cast<const uint8_t*>(memory)[i] : static_cast<const int32_t*>(memory)[i];
  }
};

// Indices that have to be in [0, n), as a kernel takes them that uses them.
struct CheckedIndices {
  // The place of the first that is not; kNone: all are.
  using Place = unsigned long long;
  static constexpr Place kNone = ~Place{0};

  Indices indices;
  int64_t n;
  Refuser by;
  const void* memory = nullptr;
  const Place* first = nullptr;
  Refusal* refusal = nullptr;

  // Where an index is out of range the run fails in any case: its kernels take some number, and write
  // nothing over an input.
  __device__ int64_t at(int64_t i) const { return indices.at(memory, i); }
  __device__ bool inside(int64_t index) const { return index >= 0 && index < n; }
  // Every thread of the kernel calls it.
  __device__ void report() const {
    if (firstIndex<int64_t>() != 0 || *first == kNone || isRefused(refusal)) return;
    const auto place = static_cast<int64_t>(*first);
    *refusal = {by, at(place), place, n};
  }
};

}  // namespace nodegrad::cuda
