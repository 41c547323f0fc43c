#include "cpu/isa/tables.h"
#include "cpu/isa/vector.h"
#include "cpu/optimizer/kernels.h"

namespace nodegrad::NODEGRAD_ISA_NAMESPACE {
namespace {

// The numbers of one element: p the weight (decayed already), g its gradient, s the slots.
struct Sgd {
  static constexpr int kSlots = 0;
  static void step(Floats& p, Floats g, Floats*, const UpdateNumbers& k) { p -= k.rate * g; }
};

template <bool nesterov>
struct Momentum {  // first: momentum
  static constexpr int kSlots = 1;
  static void step(Floats& p, Floats g, Floats* s, const UpdateNumbers& k) {
    s[0] = k.first * s[0] - k.rate * g;
    p += nesterov ? k.first * s[0] - k.rate * g : s[0];
  }
};

struct Rmsprop {  // first: rho, second: epsilon, third: momentum; slots: mean square, momentum
  static constexpr int kSlots = 2;
  static void step(Floats& p, Floats g, Floats* s, const UpdateNumbers& k) {
    s[0] = k.first * s[0] + (1.0f - k.first) * (g * g);
    s[1] = k.third * s[1] + k.rate * g / sqrtOf(s[0] + k.second);
    p -= s[1];
  }
};

struct RmspropCentered {  // as above; slots: mean square, mean, momentum
  static constexpr int kSlots = 3;
  static void step(Floats& p, Floats g, Floats* s, const UpdateNumbers& k) {
    s[0] = k.first * s[0] + (1.0f - k.first) * (g * g);
    s[1] = k.first * s[1] + (1.0f - k.first) * g;
    s[2] = k.third * s[2] + k.rate * g / sqrtOf(s[0] - s[1] * s[1] + k.second);
    p -= s[2];
  }
};

template <bool amsgrad>
struct Adam {  // first: 1 - beta1, second: 1 - beta2, third: epsilon; slots: m, v and the largest v
  static constexpr int kSlots = amsgrad ? 3 : 2;
  static void step(Floats& p, Floats g, Floats* s, const UpdateNumbers& k) {
    s[0] += (g - s[0]) * k.first;
    s[1] += (g * g - s[1]) * k.second;
    if constexpr (amsgrad) s[2] = larger(s[2], s[1]);
    p -= k.rate * s[0] / (sqrtOf(s[kSlots - 1]) + k.third);
  }
};

struct Adadelta {  // first: rho, second: epsilon; slots: mean square of gradients, of changes
  static constexpr int kSlots = 2;
  static void step(Floats& p, Floats g, Floats* s, const UpdateNumbers& k) {
    s[0] = k.first * s[0] + (1.0f - k.first) * (g * g);
    const Floats change = g * sqrtOf(s[1] + k.second) / sqrtOf(s[0] + k.second);
    s[1] = k.first * s[1] + (1.0f - k.first) * (change * change);
    p -= k.rate * change;
  }
};

template <class Rule>
void update(const float* const* in, float* const* out, const UpdateNumbers& numbers, int64_t begin,
            int64_t end) {
  // Copies, since the compiler has to think that a store may change what a pointer leads to.
  const UpdateNumbers k = numbers;
  const float* from[Rule::kSlots + 2];
  float* to[Rule::kSlots + 1];
  for (int i = 0; i < Rule::kSlots + 2; ++i) from[i] = in[i];
  for (int i = 0; i < Rule::kSlots + 1; ++i) to[i] = out[i];
  for (int64_t at = begin; at < end; at += kLanes) {
    const int64_t n = end - at < kLanes ? end - at : kLanes;
    const auto read = [&](int i) {
      return n == kLanes ? load(from[i] + at) : loadPart(from[i] + at, n, all(1.0f));
    };
    const auto write = [&](int i, Floats v) {
      n == kLanes ? store(to[i] + at, v) : storePart(to[i] + at, v, n);
    };
    Floats p = read(0) * k.keep, slots[Rule::kSlots + 1];
    const Floats g = read(1);
    for (int s = 0; s < Rule::kSlots; ++s) slots[s] = read(s + 2);
    Rule::step(p, g, slots, k);
    write(0, p);
    for (int s = 0; s < Rule::kSlots; ++s) write(s + 1, slots[s]);
  }
}

bool allZero(const float* x, int64_t n) {
  constexpr int kVectors = 4;
  int64_t i = 0;
  for (; i + kVectors * kLanes <= n; i += kVectors * kLanes) {
    Ints any{};
    for (int v = 0; v < kVectors; ++v) any |= bits(load(x + i + v * kLanes));
    int32_t one = 0;
    for (int lane = 0; lane < kLanes; ++lane) one |= any[lane];
    if (one != 0) return false;
  }
  for (; i < n; ++i) {
    int32_t one;
    __builtin_memcpy(&one, x + i, sizeof one);
    if (one != 0) return false;
  }
  return true;
}

}  // namespace

const OptimizerKernels optimizerKernels = {
    .sgd = update<Sgd>,
    .momentum = update<Momentum<false>>,
    .nesterov = update<Momentum<true>>,
    .rmsprop = update<Rmsprop>,
    .rmspropCentered = update<RmspropCentered>,
    .adam = update<Adam<false>>,
    .adamAmsgrad = update<Adam<true>>,
    .adadelta = update<Adadelta>,
    .allZero = allZero,
};

}  // namespace nodegrad::NODEGRAD_ISA_NAMESPACE
