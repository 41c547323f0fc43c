#pragma once
#include "backend.h"

namespace nodegrad::cuda {

// What ops may have in bfloat16 (Backend::precisions).
PrecisionChoice onlyFloat32(const KernelSpec& spec);
// Any of the tensors of numbers, for itself.
PrecisionChoice anyPrecision(const KernelSpec& spec);
// All of them or none.
PrecisionChoice anyPrecisionOneDtype(const KernelSpec& spec);
// The first two inputs, which are multiplied; the result may be, but for gradients of weights.
PrecisionChoice productPrecisions(const KernelSpec& spec);

}  // namespace nodegrad::cuda
