#pragma once
#include "backend.h"

// What ops may have in bfloat16 on a backend that has such kernels (Backend::precisions).
namespace nodegrad::spec {

// Nothing may be bfloat16.
PrecisionChoice onlyFloat32(const KernelSpec& spec);
// Every float32 input and output may be bfloat16, each by itself.
PrecisionChoice anyPrecision(const KernelSpec& spec);
// The same, but all of one dtype: ops that only move numbers.
PrecisionChoice anyPrecisionOneDtype(const KernelSpec& spec);
// The first input may be either, and nothing else: sums over it.
PrecisionChoice readsEither(const KernelSpec& spec);
// The inputs up to that one and the first output are of one dtype, float32 or bfloat16.
template <size_t last>
PrecisionChoice firstOneDtype(const KernelSpec& spec) {
  PrecisionChoice choice = onlyFloat32(spec);
  for (size_t i = 0; i <= last; ++i) choice.inputs[i] = Precision::Either;
  choice.outputs[0] = Precision::Either;
  choice.sameDtype = true;
  return choice;
}

}  // namespace nodegrad::spec
