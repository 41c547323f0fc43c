#include <algorithm>
#include <cmath>

#include "core/parallel.h"
#include "cpu/cpu_layout.h"
#include "cpu/isa.h"
#include "cpu/kernel_table.h"

namespace nodegrad {
namespace {

constexpr int64_t kLeastThreadElements = 1 << 14;

// How an op's numbers become the inner loop's.
struct Rule {
  UpdateFunction run;
  UpdateNumbers numbers{};      // rate and keep are set in each run
  double beta1 = 0, beta2 = 0;  // of Adam's bias corrections
};

Rule ruleOf(const KernelSpec& spec) {
  const OptimizerKernels& kernels = *isaKernels().optimizer;
  const auto number = [&](const char* name) { return static_cast<float>(spec.attrs.number(name)); };
  if (spec.op == "sgdUpdate") return {kernels.sgd};
  if (spec.op == "momentumUpdate") {
    return {spec.attrs.boolean("nesterov") ? kernels.nesterov : kernels.momentum,
            {0, 0, number("momentum"), 0, 0}};
  }
  if (spec.op == "rmspropUpdate")
    return {kernels.rmsprop, {0, 0, number("rho"), number("epsilon"), number("momentum")}};
  if (spec.op == "rmspropCenteredUpdate") {
    return {kernels.rmspropCentered, {0, 0, number("rho"), number("epsilon"), number("momentum")}};
  }
  if (spec.op == "adadeltaUpdate") return {kernels.adadelta, {0, 0, number("rho"), number("epsilon"), 0}};
  const double beta1 = spec.attrs.number("beta1"), beta2 = spec.attrs.number("beta2");
  return {spec.op == "adamUpdate" ? kernels.adam : kernels.adamAmsgrad,
          {0, 0, static_cast<float>(1 - beta1), static_cast<float>(1 - beta2), number("epsilon")},
          beta1,
          beta2};
}

// The weight, its gradient and the slots come first, the scalars after them.
size_t tensors(const KernelSpec& spec) { return spec.outputs.size() + 1; }

class OptimizerKernel : public Kernel {
 public:
  explicit OptimizerKernel(const KernelSpec& spec)
      : isa_(isaKernels()),
        rule_(ruleOf(spec)),
        decay_(spec.attrs.number("weightDecay")),
        tensors_(tensors(spec)),
        elements_(geometry(spec.inputs[0], spec.inputLayouts[0]).elements),
        threads_(teamThreads()) {}

  std::string implementation() const override { return std::string("own:") + isa_.name; }

  void run(void* const* inputs, void* const* outputs, void*) override {
    const double rate = *static_cast<const float*>(inputs[tensors_]);
    UpdateNumbers numbers = rule_.numbers;
    numbers.rate = static_cast<float>(rate);
    numbers.keep = static_cast<float>(1 - rate * decay_);
    if (rule_.beta1 != 0 || rule_.beta2 != 0) {
      const double step = *static_cast<const float*>(inputs[tensors_ + 1]);
      numbers.rate = static_cast<float>(rate * std::sqrt(1 - std::pow(rule_.beta2, step)) /
                                        (1 - std::pow(rule_.beta1, step)));
    }
    const float* in[6];
    float* out[5];
    for (size_t i = 0; i < tensors_; ++i) in[i] = static_cast<const float*>(inputs[i]);
    for (size_t o = 0; o + 1 < tensors_; ++o) out[o] = static_cast<float*>(outputs[o]);
    parallelFor(threads_, elements_, kLeastThreadElements,
                [&](int64_t begin, int64_t end, int) { rule_.run(in, out, numbers, begin, end); });
  }

 private:
  const IsaKernels& isa_;
  Rule rule_;
  double decay_;
  size_t tensors_;
  int64_t elements_;
  int threads_;
};

std::unique_ptr<Kernel> makeOptimizer(const KernelSpec& spec) {
  return std::make_unique<OptimizerKernel>(spec);
}

// Everything lies as the weight does, or as its gradient where the weight may still choose. The update goes
// over memory from start to end and leaves the zeros of padding as they are, but for an epsilon of 0, which
// makes 0 / 0 of them.
LayoutChoice optimizerLayouts(const KernelSpec& spec, const std::vector<bool>& flexible) {
  LayoutChoice choice;
  choice.inputs.resize(spec.inputs.size());
  choice.outputs.resize(spec.outputs.size());
  LayoutPtr layout = spec.inputLayouts[0];
  if (!layout && flexible[0]) layout = spec.inputLayouts[1];
  if (layout && spec.attrs.has("epsilon") && spec.attrs.number("epsilon") == 0) {
    const Geometry g = geometry(spec.inputs[0], layout);
    if (g.elements != count(g.shape)) layout = nullptr;
  }
  std::fill_n(choice.inputs.begin(), tensors(spec), layout);
  std::fill(choice.outputs.begin(), choice.outputs.end(), layout);
  return choice;
}

bool optimizerInPlace(const KernelSpec& spec, size_t, size_t input) { return input < tensors(spec); }

}  // namespace

void registerOptimizerKernels(KernelTable& table) {
  for (const char* name : {"sgdUpdate", "momentumUpdate", "rmspropUpdate", "rmspropCenteredUpdate",
                           "adamUpdate", "adamAmsgradUpdate", "adadeltaUpdate"}) {
    table[name] = {makeOptimizer, optimizerLayouts, optimizerInPlace};
  }
}

}  // namespace nodegrad
