#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "core/dtype.h"

namespace nodegrad {

// A dimension that is known only when a plan is made (usually the batch).
constexpr int64_t kDynamic = -1;

using Dims = std::vector<int64_t>;

struct TensorType {
  DType dtype = DType::F32;
  Dims shape;
  bool operator==(const TensorType& other) const { return dtype == other.dtype && shape == other.shape; }
  bool operator!=(const TensorType& other) const { return !(*this == other); }
};

bool isStatic(const Dims& shape);
// The number of elements of a static shape; 1 for a scalar. Fails with OUT_OF_MEMORY where it overflows.
int64_t count(const Dims& shape);
// The bytes of a static type, row-major.
size_t bytesOf(const TensorType& type);
// "[?, 28, 28, 1]"
std::string toString(const Dims& shape);
// "float32 [?, 10]"
std::string toString(const TensorType& type);
// The numpy broadcast of two shapes; an unknown dimension meets 1 or its like. Fails naming op.
Dims broadcast(const std::string& op, const Dims& a, const Dims& b);
// An axis in [-rank, rank) as one in [0, rank). Fails naming op.
int64_t normalizeAxis(const std::string& op, int64_t axis, size_t rank);
// Row-major strides, in elements, of a static shape.
Dims rowMajorStrides(const Dims& shape);
// The row-major strides of an operand against a shape of equal or higher rank: 0 where it is broadcast.
Dims broadcastStrides(const Dims& operand, const Dims& full);

}  // namespace nodegrad
