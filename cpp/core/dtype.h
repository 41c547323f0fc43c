#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>

#include "core/error.h"

namespace nodegrad {

// BF16 and S8 are no dtypes of the API: a plan stores activations, and what it has quantised, in them.
enum class DType : uint8_t { F32, I32, U8, Bool, BF16, S8 };

// What a plan multiplies in: float32; float32 whose factors a device may round to TF32, of 10 bits after the
// point; bfloat16, in which activations are kept, too.
enum class Compute : uint8_t { Float32, TensorFloat32, BFloat16 };

// A boolean in memory: one byte, 0 or 1.
enum class Bool : uint8_t { False, True };

// The upper half of a float, rounded to nearest, ties to even; NaN stays NaN.
struct BFloat16 {
  uint16_t bits = 0;

  BFloat16() = default;
  explicit BFloat16(float value) {
    uint32_t word;
    std::memcpy(&word, &value, sizeof word);
    const bool nan = value != value;
    bits = static_cast<uint16_t>(nan ? word >> 16 | 0x40 : (word + 0x7fff + (word >> 16 & 1)) >> 16);
  }
  operator float() const {
    const uint32_t word = uint32_t{bits} << 16;
    float value;
    std::memcpy(&value, &word, sizeof value);
    return value;
  }
};

// The one switch over dtypes: calls body with a value of the C++ type that stands for the dtype.
template <class Body>
decltype(auto) dispatch(DType dtype, Body&& body) {
  switch (dtype) {
    case DType::F32: return body(float{});
    case DType::I32: return body(int32_t{});
    case DType::U8: return body(uint8_t{});
    case DType::Bool: return body(Bool{});
    case DType::BF16: return body(BFloat16{});
    case DType::S8: return body(int8_t{});
  }
  fail(ErrorCode::Internal, "unknown dtype ", static_cast<int>(dtype));
}

inline size_t sizeOf(DType dtype) {
  return dispatch(dtype, [](auto sample) { return sizeof(sample); });
}

// "float32", "int32", "uint8", "bool", the names of the API, or "bfloat16" or "int8".
const char* name(DType dtype);
// Of a dtype of the API. Fails with DTYPE for any other name.
DType dtypeFromName(const std::string& name);
// "float32", "tensorFloat32" or "bfloat16".
const char* name(Compute compute);
// None for any other name.
std::optional<Compute> computeFromName(const std::string& name);

}  // namespace nodegrad
