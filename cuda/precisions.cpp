#include "precisions.h"

namespace nodegrad::cuda {

PrecisionChoice onlyFloat32(const KernelSpec& spec) {
  return {std::vector<Precision>(spec.inputs.size()), std::vector<Precision>(spec.outputs.size())};
}

PrecisionChoice anyPrecision(const KernelSpec& spec) {
  PrecisionChoice choice = onlyFloat32(spec);
  for (size_t i = 0; i < spec.inputs.size(); ++i)
    if (spec.inputs[i].dtype == DType::F32) choice.inputs[i] = Precision::Either;
  for (size_t o = 0; o < spec.outputs.size(); ++o)
    if (spec.outputs[o].dtype == DType::F32) choice.outputs[o] = Precision::Either;
  return choice;
}

PrecisionChoice anyPrecisionOneDtype(const KernelSpec& spec) {
  PrecisionChoice choice = anyPrecision(spec);
  choice.sameDtype = true;
  return choice;
}

PrecisionChoice readsEither(const KernelSpec& spec) {
  PrecisionChoice choice = onlyFloat32(spec);
  if (spec.inputs[0].dtype == DType::F32) choice.inputs[0] = Precision::Either;
  return choice;
}

PrecisionChoice productPrecisions(const KernelSpec& spec) {
  PrecisionChoice choice = onlyFloat32(spec);
  choice.inputs[0] = choice.inputs[1] = Precision::BFloat16;
  const bool weights = spec.op == "innerProductBackwardWeights" || spec.op == "convBackwardFilter";
  if (!weights) choice.outputs[0] = Precision::Either;
  return choice;
}

}  // namespace nodegrad::cuda
