#pragma once
#include "cpu/isa/vector.h"

// One number of all of a vector's.
namespace nodegrad::NODEGRAD_ISA_NAMESPACE {
namespace {

// Each with the number that many lanes away.
inline Floats turned(Floats v, int distance) {
  Ints from = {};
  for (int lane = 0; lane < kLanes; ++lane) from[lane] = lane ^ distance;
  return __builtin_shuffle(v, from);
}

// NaN where any is.
inline float largestLane(Floats v) {
  NODEGRAD_UNROLL for (int distance = kLanes / 2; distance > 0; distance /= 2) v =
      larger(v, turned(v, distance));
  return v[0];
}

inline float sumOfLanes(Floats v) {
  NODEGRAD_UNROLL for (int distance = kLanes / 2; distance > 0; distance /= 2) v += turned(v, distance);
  return v[0];
}

}  // namespace
}  // namespace nodegrad::NODEGRAD_ISA_NAMESPACE
