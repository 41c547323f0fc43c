#pragma once
#include <string>

#include "core/shape.h"
#include "spec/refusal.h"

namespace nodegrad {

// The numbers of an int32 or uint8 tensor of indices.
class Indices {
 public:
  explicit Indices(const TensorType& type)
      : bytes_(type.dtype == DType::U8), count_(nodegrad::count(type.shape)) {}

  int64_t count() const { return count_; }
  int64_t at(const void* indices, int64_t i) const {
    return bytes_ ? static_cast<const uint8_t*>(indices)[i] : static_cast<const int32_t*>(indices)[i];
  }
  // Fails where an index is outside of [0, n).
  void check(const std::string& op, const void* indices, int64_t n) const {
    for (int64_t i = 0; i < count_; ++i) {
      const int64_t index = at(indices, i);
      if (index < 0 || index >= n) spec::refuseIndex(op, n, index, i);
    }
  }

 private:
  bool bytes_;
  int64_t count_;
};

}  // namespace nodegrad
