#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "core/attrs.h"
#include "core/shape.h"

namespace nodegrad {

// What a slice takes of one axis: count elements from begin on, every stride-th; towards the front where
// stride is negative.
struct SliceAxis {
  int64_t begin, count, stride;
};

// The attributes begin, end and strides ([]: ones) on a shape. As in Python, a negative begin or end counts
// from the end, both are clamped to the axis, and a negative stride goes from begin down to, not including,
// end: the largest and the smallest integer are beyond every axis. On a dynamic axis count is kDynamic and
// begin means nothing. Fails naming op.
std::vector<SliceAxis> sliceOf(const std::string& op, const Attrs& attrs, const Dims& shape);

}  // namespace nodegrad
