#pragma once
#include <cstddef>
#include <cstdint>
#include <string>

#include "core/error.h"

namespace nodegrad {

enum class DType : uint8_t { F32, I32, U8, Bool };

// A boolean in memory: one byte, 0 or 1.
enum class Bool : uint8_t { False, True };

// The one switch over dtypes: calls body with a value of the C++ type that stands for the dtype.
template <class Body>
decltype(auto) dispatch(DType dtype, Body&& body) {
  switch (dtype) {
    case DType::F32: return body(float{});
    case DType::I32: return body(int32_t{});
    case DType::U8: return body(uint8_t{});
    case DType::Bool: return body(Bool{});
  }
  fail(ErrorCode::Internal, "unknown dtype ", static_cast<int>(dtype));
}

inline size_t sizeOf(DType dtype) {
  return dispatch(dtype, [](auto sample) { return sizeof(sample); });
}

// "float32", "int32", "uint8", "bool": the names of the API.
const char* name(DType dtype);
DType dtypeFromName(const std::string& name);

}  // namespace nodegrad
