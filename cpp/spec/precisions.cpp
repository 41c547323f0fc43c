#include "spec/precisions.h"

#include <vector>

namespace nodegrad::spec {

PrecisionChoice onlyFloat32(const KernelSpec& spec) {
  return {std::vector<Precision>(spec.inputs.size()), std::vector<Precision>(spec.outputs.size())};
}

PrecisionChoice anyPrecision(const KernelSpec& spec) {
  PrecisionChoice choice;
  for (const TensorType& type : spec.inputs)
    choice.inputs.push_back(type.dtype == DType::F32 ? Precision::Either : Precision::Float32);
  for (const TensorType& type : spec.outputs)
    choice.outputs.push_back(type.dtype == DType::F32 ? Precision::Either : Precision::Float32);
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

}  // namespace nodegrad::spec
