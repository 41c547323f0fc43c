#pragma once
#include "cpu/isa/vector.h"

// One number of all of a vector's.
namespace nodegrad::NODEGRAD_ISA_NAMESPACE {
namespace {

// 0, 1, 2, …
inline Ints laneNumbers() {
  Ints v;
  NODEGRAD_UNROLL for (int lane = 0; lane < kLanes; ++lane) v[lane] = lane;
  return v;
}

// The lanes are combined with those at half of the distance again and again. A distance that is no constant
// would make GCC move each lane alone.
template <class Combine, int distance = kLanes / 2>
inline float combineLanes(Floats v, Combine combine) {
  v = combine(v, __builtin_shuffle(v, laneNumbers() ^ distance));
  if constexpr (distance > 1)
    return combineLanes<Combine, distance / 2>(v, combine);
  else
    return v[0];
}

// NaN where any is.
inline float largestLane(Floats v) {
  return combineLanes(v, [](Floats a, Floats b) { return larger(a, b); });
}

inline float sumOfLanes(Floats v) {
  return combineLanes(v, [](Floats a, Floats b) { return a + b; });
}

}  // namespace
}  // namespace nodegrad::NODEGRAD_ISA_NAMESPACE
