#pragma once
#include <cstdint>

// The inner loops of quantisation.
namespace nodegrad {

struct QuantizeKernels {
  // n numbers in units of 1 / factor as bytes from low to high, to nearest, ties to even; NaN becomes low.
  // Signed ones are stored as their two's complement.
  void (*bytes)(const float* x, int64_t n, float factor, float low, float high, uint8_t* y);
  // The largest magnitude of n numbers; NaN where one is.
  float (*largest)(const float* x, int64_t n);
};

}  // namespace nodegrad
