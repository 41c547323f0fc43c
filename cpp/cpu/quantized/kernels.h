#pragma once
#include <cstdint>

#include "cpu/pool/kernels.h"

// The inner loops of quantisation.
namespace nodegrad {

struct QuantizeKernels {
  // n numbers in units of 1 / factor as bytes from low to high, to nearest, ties to even; NaN becomes low.
  // Signed ones are stored as their two's complement.
  void (*bytes)(const float* x, int64_t n, float factor, float low, float high, uint8_t* y);
  // Maxima of bytes, with sign or without, over windows of columns of some rows [columns][channels].
  void (*maxima)(const uint8_t* const* rows, int64_t rowCount, const Span* windows, int64_t windowCount,
                 int64_t channels, bool isSigned, uint8_t* y);
  // The largest magnitude of n numbers; NaN where one is.
  float (*largest)(const float* x, int64_t n);
};

}  // namespace nodegrad
