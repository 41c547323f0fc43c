#include "core/dtype.h"

namespace nodegrad {

namespace {
constexpr const char* kNames[] = {"float32", "int32", "uint8", "bool"};
}

const char* name(DType dtype) { return kNames[static_cast<size_t>(dtype)]; }

DType dtypeFromName(const std::string& name) {
  for (size_t i = 0; i < std::size(kNames); ++i)
    if (name == kNames[i]) return static_cast<DType>(i);
  fail(ErrorCode::Dtype, "expected a dtype of float32, int32, uint8 or bool, received '", name, "'");
}

}  // namespace nodegrad
