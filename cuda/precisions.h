#pragma once
#include "spec/precisions.h"

// What kernels for the GPU alone may have in bfloat16.
namespace nodegrad::cuda {

using spec::anyPrecision;
using spec::anyPrecisionOneDtype;
using spec::onlyFloat32;
using spec::readsEither;

// All of the type of that input are of one dtype, float32 or bfloat16: what a kernel goes over element by
// element, not what belongs to channels or rows.
template <size_t x>
PrecisionChoice imagesOneDtype(const KernelSpec& spec) {
  PrecisionChoice choice = onlyFloat32(spec);
  choice.sameDtype = true;
  for (size_t i = 0; i < spec.inputs.size(); ++i)
    if (spec.inputs[i].shape == spec.inputs[x].shape) choice.inputs[i] = Precision::Either;
  for (size_t o = 0; o < spec.outputs.size(); ++o)
    if (spec.outputs[o].shape == spec.inputs[x].shape) choice.outputs[o] = Precision::Either;
  return choice;
}
// The first two inputs, which are multiplied; the result may be, but for gradients of weights.
PrecisionChoice productPrecisions(const KernelSpec& spec);

}  // namespace nodegrad::cuda
