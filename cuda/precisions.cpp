#include "precisions.h"

namespace nodegrad::cuda {

PrecisionChoice productPrecisions(const KernelSpec& spec) {
  PrecisionChoice choice = onlyFloat32(spec);
  choice.inputs[0] = choice.inputs[1] = Precision::BFloat16;
  const bool weights = spec.op == "innerProductBackwardWeights" || spec.op == "convBackwardFilter";
  if (!weights) choice.outputs[0] = Precision::Either;
  return choice;
}

}  // namespace nodegrad::cuda
