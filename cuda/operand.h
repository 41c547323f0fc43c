#pragma once
#include <cuda_runtime.h>

#include <cstdint>

#include "core/shape.h"

namespace nodegrad::cuda {

// The most dimensions that a kernel goes over, after neighbours are merged.
constexpr int kDims = 12;

// How a tensor is read or written while another one is gone over in row-major order.
struct Strided {
  int rank = 0;
  int64_t sizes[kDims] = {}, strides[kDims] = {};  // outermost first, in elements
};

// The place of the index-th element.
template <class Index>
__device__ inline int64_t placeOf(const Strided& memory, Index index) {
  int64_t place = 0;
  for (int d = memory.rank - 1; d > 0; --d) {
    const auto size = static_cast<Index>(memory.sizes[d]);
    place += static_cast<int64_t>(index % size) * memory.strides[d];
    index /= size;
  }
  return memory.rank > 0 ? place + static_cast<int64_t>(index) * memory.strides[0] : 0;
}

// Of a dimension its size and the strides of two tensors along it.
struct StridedPair {
  int rank = 0;
  int64_t sizes[kDims] = {}, from[kDims] = {}, to[kDims] = {};
};

// Neighbouring dimensions that are one in memory become one. Fails with DEVICE where more than kDims are
// left.
Strided merged(const Dims& sizes, const Dims& strides);
StridedPair merged(const Dims& sizes, const Dims& from, const Dims& to);

}  // namespace nodegrad::cuda
