#include "core/shape.h"

#include <algorithm>

namespace nodegrad {

bool isStatic(const Dims& shape) {
  return std::none_of(shape.begin(), shape.end(), [](int64_t d) { return d == kDynamic; });
}

int64_t count(const Dims& shape) {
  int64_t total = 1;
  for (int64_t d : shape) {
    if (d < 0) fail(ErrorCode::Internal, "expected a static shape, received ", toString(shape));
    if (__builtin_mul_overflow(total, d, &total))
      fail(ErrorCode::OutOfMemory, "a tensor of shape ", toString(shape), " has too many elements to count");
  }
  return total;
}

size_t bytesOf(const TensorType& type) {
  int64_t bytes = 0;
  if (__builtin_mul_overflow(count(type.shape), static_cast<int64_t>(sizeOf(type.dtype)), &bytes))
    fail(ErrorCode::OutOfMemory, "a tensor ", toString(type), " has too many bytes to count");
  return static_cast<size_t>(bytes);
}

std::string toString(const Dims& shape) {
  std::string text = "[";
  for (size_t i = 0; i < shape.size(); ++i) {
    if (i) text += ", ";
    text += shape[i] == kDynamic ? "?" : std::to_string(shape[i]);
  }
  return text + "]";
}

std::string toString(const TensorType& type) {
  return std::string(name(type.dtype)) + " " + toString(type.shape);
}

Dims broadcast(const std::string& op, const Dims& a, const Dims& b) {
  const size_t rank = std::max(a.size(), b.size());
  Dims out(rank);
  for (size_t i = 0; i < rank; ++i) {
    const int64_t da = i < rank - a.size() ? 1 : a[i - (rank - a.size())];
    const int64_t db = i < rank - b.size() ? 1 : b[i - (rank - b.size())];
    if (da == db || db == 1) {
      out[i] = da;
    } else if (da == 1 || da == kDynamic) {
      out[i] = db;
    } else if (db == kDynamic) {
      out[i] = da;
    } else {
      fail(ErrorCode::Shape, "[", op, "] expected shapes that broadcast together, received ", toString(a),
           " and ", toString(b), ": axis ", static_cast<int64_t>(i) - static_cast<int64_t>(rank), " is ", da,
           " and ", db);
    }
  }
  return out;
}

int64_t normalizeAxis(const std::string& op, int64_t axis, size_t rank) {
  const auto r = static_cast<int64_t>(rank);
  if (axis < -r || axis >= r)
    fail(ErrorCode::Attribute, "[", op, "] expected an axis from ", -r, " to ", r - 1, ", received ", axis);
  return axis < 0 ? axis + r : axis;
}

Dims rowMajorStrides(const Dims& shape) {
  Dims strides(shape.size(), 1);
  for (size_t i = shape.size(); i-- > 1;) strides[i - 1] = strides[i] * shape[i];
  return strides;
}

Dims broadcastStrides(const Dims& operand, const Dims& full) {
  const Dims own = rowMajorStrides(operand);
  Dims strides(full.size(), 0);
  const size_t skipped = full.size() - operand.size();
  for (size_t d = 0; d < operand.size(); ++d) {
    if (operand[d] != 1) strides[skipped + d] = own[d];
  }
  return strides;
}

}  // namespace nodegrad
