#include "operand.h"

#include "core/error.h"

namespace nodegrad::cuda {

StridedPair merged(const Dims& sizes, const Dims& from, const Dims& to) {
  StridedPair result;
  for (size_t d = 0; d < sizes.size(); ++d) {
    if (sizes[d] == 1) continue;
    const int last = result.rank - 1;
    const bool one =
        last >= 0 && result.from[last] == from[d] * sizes[d] && result.to[last] == to[d] * sizes[d];
    if (!one && ++result.rank > kDims)
      fail(ErrorCode::Device, "expected a tensor of at most ", kDims,
           " dimensions that differ in memory, received ", toString(sizes));
    const int at = result.rank - 1;
    result.sizes[at] = one ? result.sizes[at] * sizes[d] : sizes[d];
    result.from[at] = from[d];
    result.to[at] = to[d];
  }
  return result;
}

Strided merged(const Dims& sizes, const Dims& strides) {
  const StridedPair pair = merged(sizes, strides, strides);
  Strided result;
  result.rank = pair.rank;
  for (int d = 0; d < pair.rank; ++d) {
    result.sizes[d] = pair.sizes[d];
    result.strides[d] = pair.from[d];
  }
  return result;
}

}  // namespace nodegrad::cuda
