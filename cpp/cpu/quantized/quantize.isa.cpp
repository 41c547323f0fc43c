#include "cpu/isa/tables.h"
#include "cpu/isa/vector.h"
#include "cpu/quantized/kernels.h"

namespace nodegrad::NODEGRAD_ISA_NAMESPACE {
namespace {

// Added to a small float, it leaves the nearest whole number in the lowest bits.
constexpr float kWhole = 12582912;  // 1.5 · 2^23

inline Ints whole(Floats x, float factor, float low, float high) {
  Floats v = x * factor;
  v = v > low ? v : all(low);
  v = v < high ? v : all(high);
  return bits(v + kWhole) & 0xff;
}

void bytes(const float* x, int64_t n, float factor, float low, float high, uint8_t* y) {
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) storeBytes(y + i, whole(load(x + i), factor, low, high));
  if (i == n) return;
  uint8_t rest[kLanes];
  storeBytes(rest, whole(loadPart(x + i, n - i, Floats{}), factor, low, high));
  __builtin_memcpy(y + i, rest, n - i);
}

inline Floats largerMagnitude(Floats a, Floats v) {
  const Floats magnitude = asFloats(bits(v) & 0x7fffffff);
  return (magnitude > a) | (v != v) ? magnitude : a;
}

float largest(const float* x, int64_t n) {
  Floats most = {};
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) most = largerMagnitude(most, load(x + i));
  if (i < n) most = largerMagnitude(most, loadPart(x + i, n - i, Floats{}));
  float result = 0;
  for (int lane = 0; lane < kLanes; ++lane)
    if (most[lane] > result || most[lane] != most[lane]) result = most[lane];
  return result;
}

}  // namespace

const QuantizeKernels quantizeKernels = {bytes, largest};

}  // namespace nodegrad::NODEGRAD_ISA_NAMESPACE
