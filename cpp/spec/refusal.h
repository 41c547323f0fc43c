#pragma once
#include <cstdint>
#include <string>

#include "core/error.h"

// What kernels say of numbers that they refuse, the same on every device.
namespace nodegrad::spec {

// An index outside of [0, n), at this place of the indices.
[[noreturn]] inline void refuseIndex(const std::string& op, int64_t n, int64_t index, int64_t place) {
  fail(ErrorCode::Argument, "[", op, "] expected indices from 0 to ", n - 1, ", received ", index,
       " at index ", place);
}

}  // namespace nodegrad::spec
