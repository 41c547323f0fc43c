#include "core/dtype.h"

namespace nodegrad {

namespace {
constexpr const char* kNames[] = {"float32", "int32", "uint8", "bool", "bfloat16", "int8"};
constexpr const char* kComputeNames[] = {"float32", "tensorFloat32", "bfloat16"};
}  // namespace

const char* name(DType dtype) { return kNames[static_cast<size_t>(dtype)]; }

DType dtypeFromName(const std::string& name) {
  for (DType dtype : {DType::F32, DType::I32, DType::U8, DType::Bool})
    if (name == nodegrad::name(dtype)) return dtype;
  fail(ErrorCode::Dtype, "expected a dtype of float32, int32, uint8 or bool, received '", name, "'");
}

const char* name(Compute compute) { return kComputeNames[static_cast<size_t>(compute)]; }

std::optional<Compute> computeFromName(const std::string& name) {
  for (Compute compute : {Compute::Float32, Compute::TensorFloat32, Compute::BFloat16})
    if (name == nodegrad::name(compute)) return compute;
  return std::nullopt;
}

}  // namespace nodegrad
