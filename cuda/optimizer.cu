#include <algorithm>
#include <cmath>

#include "device/refusal.h"
#include "kernel_table.h"
#include "launch.h"
#include "spec/update_rule.h"

namespace nodegrad::cuda {

namespace {

using spec::UpdateRule;

// The numbers of a rule; rate and keep are those of a step.
struct Numbers {
  float rate, keep;  // the weight is multiplied by keep first
  float first, second, third;
};

__global__ void prepareStep(UpdateRule rule, const float* learningRate, const float* iteration,
                            Numbers* step) {
  const double rate = *learningRate;
  Numbers numbers{static_cast<float>(rate), static_cast<float>(1 - rate * rule.decay), rule.first,
                  rule.second, rule.third};
  if (rule.beta1 != 0 || rule.beta2 != 0) {
    const double t = *iteration;
    numbers.rate = static_cast<float>(rate * sqrt(1 - pow(rule.beta2, t)) / (1 - pow(rule.beta1, t)));
  }
  *step = numbers;
}

// The rules: p the weight (decayed already), g its gradient, s the slots.
struct Sgd {
  static constexpr int kSlots = 0;
  __device__ static void step(float& p, float g, float*, const Numbers& k) { p -= k.rate * g; }
};

template <bool nesterov>
struct Momentum {  // first: momentum
  static constexpr int kSlots = 1;
  __device__ static void step(float& p, float g, float* s, const Numbers& k) {
    s[0] = k.first * s[0] - k.rate * g;
    p += nesterov ? k.first * s[0] - k.rate * g : s[0];
  }
};

struct Rmsprop {  // first: rho, second: epsilon, third: momentum; slots: mean square, momentum
  static constexpr int kSlots = 2;
  __device__ static void step(float& p, float g, float* s, const Numbers& k) {
    s[0] = k.first * s[0] + (1.0f - k.first) * (g * g);
    s[1] = k.third * s[1] + k.rate * g / sqrtf(s[0] + k.second);
    p -= s[1];
  }
};

struct RmspropCentered {  // as above; slots: mean square, mean, momentum
  static constexpr int kSlots = 3;
  __device__ static void step(float& p, float g, float* s, const Numbers& k) {
    s[0] = k.first * s[0] + (1.0f - k.first) * (g * g);
    s[1] = k.first * s[1] + (1.0f - k.first) * g;
    s[2] = k.third * s[2] + k.rate * g / sqrtf(s[0] - s[1] * s[1] + k.second);
    p -= s[2];
  }
};

template <bool amsgrad>
struct Adam {  // first: 1 - beta1, second: 1 - beta2, third: epsilon; slots: m, v and the largest v
  static constexpr int kSlots = amsgrad ? 3 : 2;
  __device__ static void step(float& p, float g, float* s, const Numbers& k) {
    s[0] += (g - s[0]) * k.first;
    s[1] += (g * g - s[1]) * k.second;
    if constexpr (amsgrad) s[2] = s[2] > s[1] || s[2] != s[2] ? s[2] : s[1];
    p -= k.rate * s[0] / (sqrtf(s[kSlots - 1]) + k.third);
  }
};

struct Adadelta {  // first: rho, second: epsilon; slots: mean square of gradients, of changes
  static constexpr int kSlots = 2;
  __device__ static void step(float& p, float g, float* s, const Numbers& k) {
    s[0] = k.first * s[0] + (1.0f - k.first) * (g * g);
    const float change = g * sqrtf(s[1] + k.second) / sqrtf(s[0] + k.second);
    s[1] = k.first * s[1] + (1.0f - k.first) * (change * change);
    p -= k.rate * change;
  }
};

// The memory of some weights, with their gradients and slots, as if each operand were one row of all. They
// are a kernel's parameter, which has 4 KiB at least.
struct Weights {
  static constexpr int kMost = 32, kMostSlots = 3;
  int count = 0;
  int64_t ends[kMost];
  const float* in[kMost][kMostSlots + 2];
  float* out[kMost][kMostSlots + 1];
};

template <class Update>
__global__ void updateAll(Weights weights, const Numbers* step, const Refusal* refusal) {
  if (isRefused(refusal)) return;
  const Numbers k = *step;
  const int64_t all = weights.ends[weights.count - 1];
  int w = 0;
  for (int64_t i = firstIndex<int64_t>(); i < all; i += indexStep<int64_t>()) {
    while (i >= weights.ends[w]) ++w;
    const int64_t at = i - (w > 0 ? weights.ends[w - 1] : 0);
    float p = weights.in[w][0][at] * k.keep, slots[Update::kSlots + 1];
    const float g = weights.in[w][1][at];
    for (int s = 0; s < Update::kSlots; ++s) slots[s] = weights.in[w][s + 2][at];
    Update::step(p, g, slots, k);
    weights.out[w][0][at] = p;
    for (int s = 0; s < Update::kSlots; ++s) weights.out[w][s + 1][at] = slots[s];
  }
}

// An op with its kernel.
struct Row {
  const char* op;
  int slots;
  void (*kernel)(Weights, const Numbers*, const Refusal*);
};

template <class Update>
constexpr Row rowOf(const char* op) {
  return {op, Update::kSlots, updateAll<Update>};
}

const Row kRows[] = {rowOf<Sgd>("sgdUpdate"),          rowOf<Momentum<false>>("momentumUpdate"),
                     rowOf<Rmsprop>("rmspropUpdate"),  rowOf<RmspropCentered>("rmspropCenteredUpdate"),
                     rowOf<Adam<false>>("adamUpdate"), rowOf<Adam<true>>("adamAmsgradUpdate"),
                     rowOf<Adadelta>("adadeltaUpdate")};

const Row& rowOf(const KernelSpec& spec) {
  return *std::find_if(std::begin(kRows), std::end(kRows), [&](const Row& row) { return spec.op == row.op; });
}

// Updates any number of weights with few launches.
class UpdateKernel : public OwnKernel {
 public:
  UpdateKernel(const KernelSpec& spec, const QueuePtr& queue)
      : OwnKernel(queue), row_(rowOf(spec)), rule_(spec.op, spec.attrs), kernel_(row_.kernel) {
    if (spec.op == "momentumUpdate" && spec.attrs.boolean("nesterov")) kernel_ = updateAll<Momentum<true>>;
    const size_t perWeight = static_cast<size_t>(row_.slots) + 1;
    for (size_t w = 0; w * perWeight < spec.outputs.size(); ++w)
      counts_.push_back(count(spec.outputs[w * perWeight].shape));
  }

  size_t scratchBytes() const override { return sizeof(Numbers); }

  void run(const void* const* inputs, void* const* outputs, void* scratch) override {
    const auto slots = static_cast<size_t>(row_.slots);
    auto* step = static_cast<Numbers*>(scratch);
    const void* const* scalars = inputs + counts_.size() * (slots + 2);
    const bool counts = rule_.beta1 != 0 || rule_.beta2 != 0;
    launch(stream(), {1, 1}, prepareStep, rule_, static_cast<const float*>(scalars[0]),
           static_cast<const float*>(counts ? scalars[1] : nullptr), step);
    Weights weights;
    for (size_t w = 0; w < counts_.size(); ++w) {
      if (counts_[w] > 0) {
        const int at = weights.count++;
        weights.ends[at] = (at > 0 ? weights.ends[at - 1] : 0) + counts_[w];
        for (size_t i = 0; i < slots + 2; ++i)
          weights.in[at][i] = static_cast<const float*>(inputs[w * (slots + 2) + i]);
        for (size_t o = 0; o < slots + 1; ++o)
          weights.out[at][o] = static_cast<float*>(outputs[w * (slots + 1) + o]);
      }
      const bool last = w + 1 == counts_.size();
      if (weights.count == 0 || (weights.count < Weights::kMost && !last)) continue;
      launch(stream(), {blocksFor(weights.ends[weights.count - 1])}, kernel_, weights,
             static_cast<const Numbers*>(step), queue_->refusal());
      weights.count = 0;
    }
  }

 private:
  const Row& row_;
  UpdateRule rule_;
  void (*kernel_)(Weights, const Numbers*, const Refusal*);
  std::vector<int64_t> counts_;  // the elements of each weight
};

// Over what belongs to the same weight.
bool updateInPlace(const KernelSpec& spec, size_t output, size_t input) {
  const auto slots = static_cast<size_t>(rowOf(spec).slots);
  const size_t weights = spec.outputs.size() / (slots + 1);
  return input / (slots + 2) == output / (slots + 1) && input < weights * (slots + 2);
}

}  // namespace

void addUpdates(KernelTable& table) {
  for (const Row& row : kRows) table[row.op] = {makeKernel<UpdateKernel>, updateInPlace};
}

}  // namespace nodegrad::cuda
