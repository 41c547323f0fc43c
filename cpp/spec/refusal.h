#pragma once
#include <cmath>
#include <cstdint>
#include <sstream>
#include <string>

#include "core/error.h"

// What kernels say of numbers that they refuse, the same on every device.
namespace nodegrad::spec {

// An index outside of [0, n), at this place of the indices.
[[noreturn]] inline void refuseIndex(const std::string& op, int64_t n, int64_t index, int64_t place) {
  fail(ErrorCode::Argument, "[", op, "] expected indices from 0 to ", n - 1, ", received ", index,
       " at index ", place);
}

// A label outside of [0, n).
[[noreturn]] inline void refuseLabel(int64_t n, int64_t label, int64_t row) {
  fail(ErrorCode::Argument, "[sparseSoftmaxCrossEntropy] expected labels from 0 to ", n - 1, " for ", n,
       " classes, received ", label, " in row ", row);
}

// A number that is to become an index and that int32 does not hold.
[[noreturn]] inline void refuseNumber(float number, int64_t place) {
  std::ostringstream received;
  if (std::isnan(number))
    received << "NaN";
  else
    received << number;
  fail(ErrorCode::Argument, "[toIndices] expected indices that int32 holds, received ", received.str(),
       " at index ", place);
}

}  // namespace nodegrad::spec
