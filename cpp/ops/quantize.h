#pragma once
#include "ops/expr.h"

// Numbers as multiples of a scale that fit into a byte: what an int8 kernel computes with, in words of ops.
namespace nodegrad {

// The largest magnitude of what is quantised around 0.
constexpr double kLargestInt8 = 127;

// The multiple of scale next to x, in units of scale: -128 to 127, or 0 to 255 without sign. NaN is the
// least.
Expr quantizedTo(const Expr& x, double scale, bool isSigned);

// The scale of each place along an axis, as what broadcasts with x: its largest magnitude becomes 127. 1 /
// 127 where all is 0.
Expr scalesAlong(const Expr& x, int64_t axis);

}  // namespace nodegrad
