#pragma once
#include "cpu/isa/vector.h"

// One number of a vector's.
namespace nodegrad::NODEGRAD_ISA_NAMESPACE {
namespace {

// NaN where any is.
inline float largestLane(Floats v) {
  float best = v[0];
  for (int lane = 1; lane < kLanes; ++lane) best = (v[lane] > best || v[lane] != v[lane]) ? v[lane] : best;
  return best;
}

inline float sumOfLanes(Floats v) {
  float sum = 0;
  for (int lane = 0; lane < kLanes; ++lane) sum += v[lane];
  return sum;
}

}  // namespace
}  // namespace nodegrad::NODEGRAD_ISA_NAMESPACE
