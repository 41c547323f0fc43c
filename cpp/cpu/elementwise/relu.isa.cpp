#include <algorithm>

#include "cpu/elementwise/kernels.h"
#include "cpu/isa/tables.h"
#include "cpu/isa/vector.h"

namespace nodegrad::NODEGRAD_ISA_NAMESPACE {
namespace {

// NaN stays: it is not below 0.
void relu(float* y, int64_t n) {
  for (int64_t i = 0; i < n; ++i) y[i] = y[i] < 0.0f ? 0.0f : y[i];
}

// By the bits of bfloat16: the sign, and no more than infinity.
void relu(uint16_t* y, int64_t n) {
  for (int64_t i = 0; i < n; ++i) y[i] = y[i] >= 0x8000 && y[i] <= 0xff80 ? uint16_t{0} : y[i];
}

// The bits of magnitudes are ordered as they are, infinity and NaN last.
bool isModerate(const float* x, int64_t n) {
  Ints most = {};
  const auto look = [&](Floats v) {
    const Ints magnitude = bits(v) & 0x7fffffff;
    most = magnitude > most ? magnitude : most;
  };
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) look(load(x + i));
  if (i < n) look(loadPart(x + i, n - i, Floats{}));
  const Ints bound = bits(all(kModerate));
  for (int lane = 0; lane < kLanes; ++lane)
    if (most[lane] > bound[lane]) return false;
  return true;
}

bool isModerate(const uint16_t* x, int64_t n) {
  const uint16_t bound = narrowed(kModerate);
  uint16_t most = 0;
  for (int64_t i = 0; i < n; ++i) most = std::max<uint16_t>(most, x[i] & 0x7fff);
  return most <= bound;
}

}  // namespace

const ReluKernels<float> reluKernels = {relu, isModerate};
const ReluKernels<uint16_t> reluKernelsBfloat16 = {relu, isModerate};

}  // namespace nodegrad::NODEGRAD_ISA_NAMESPACE
