#include "cpu/optimizer/optimizer.h"

#include <algorithm>
#include <cmath>

#include "cpu/kernel_table.h"
#include "cpu/memory/cpu_layout.h"
#include "cpu/optimizer/kernels.h"
#include "cpu/own_kernel.h"
#include "graph/op.h"
#include "spec/update.h"
#include "spec/update_rule.h"

namespace nodegrad {

UpdateNumbers UpdateRule::at(const void* const* scalars) const {
  const double rate = *static_cast<const float*>(scalars[0]);
  UpdateNumbers step = numbers;
  step.rate = static_cast<float>(rate);
  step.keep = static_cast<float>(1 - rate * decay);
  if (beta1 != 0 || beta2 != 0) {
    const double t = *static_cast<const float*>(scalars[1]);
    step.rate = static_cast<float>(rate * std::sqrt(1 - std::pow(beta2, t)) / (1 - std::pow(beta1, t)));
  }
  return step;
}

bool UpdateRule::isIdentityForZeroGradientAt(const UpdateNumbers& step) const {
  return isIdentityForZeroGradient && step.keep == 1 && std::isfinite(step.rate) && !std::signbit(step.rate);
}

UpdateRule updateRule(const std::string& op, const Attrs& attrs) {
  const OptimizerKernels& kernels = *isaKernels().optimizer;
  const spec::UpdateRule given(op, attrs);
  UpdateRule rule{.numbers = {.first = given.first, .second = given.second, .third = given.third},
                  .decay = given.decay,
                  .beta1 = given.beta1,
                  .beta2 = given.beta2};
  if (op == "sgdUpdate") {
    rule.run = kernels.sgd;
    rule.isIdentityForZeroGradient = true;
    return rule;
  }
  if (op == "momentumUpdate") {
    rule.run = attrs.boolean("nesterov") ? kernels.nesterov : kernels.momentum;
    return rule;
  }
  rule.run = op == "rmspropUpdate"           ? kernels.rmsprop
             : op == "rmspropCenteredUpdate" ? kernels.rmspropCentered
             : op == "adadeltaUpdate"        ? kernels.adadelta
             : op == "adamUpdate"            ? kernels.adam
                                             : kernels.adamAmsgrad;
  rule.isIdentityForZeroGradient = attrs.number("epsilon") > 0 && std::isfinite(given.first) &&
                                   std::isfinite(given.second) && std::isfinite(given.third);
  return rule;
}

namespace {

constexpr int64_t kLeastThreadElements = 1 << 14;

// Goes over the memory of all its weights as if it were one, in even parts.
class OptimizerKernel : public OwnKernel {
 public:
  explicit OptimizerKernel(const KernelSpec& spec) : operands_(spec), rule_(updateRule(spec.op, spec.attrs)) {
    for (size_t w = 0; w < operands_.weights; ++w) {
      const size_t i = operands_.firstInput(w);
      ends_.push_back((w ? ends_.back() : 0) + geometry(spec.inputs[i], spec.inputLayouts[i]).elements);
    }
  }

  void run(const void* const* inputs, void* const* outputs, void*) override {
    const size_t slots = operands_.slots;
    const UpdateNumbers numbers = rule_.at(inputs + operands_.firstScalar());
    parallelFor(threads_, ends_.back(), kLeastThreadElements, [&](int64_t begin, int64_t end, int) {
      const auto first = std::upper_bound(ends_.begin(), ends_.end(), begin) - ends_.begin();
      for (auto w = static_cast<size_t>(first); begin < end; ++w) {
        const float* in[5];
        float* out[4];
        for (size_t i = 0; i < slots + 2; ++i)
          in[i] = static_cast<const float*>(inputs[operands_.firstInput(w) + i]);
        for (size_t o = 0; o < slots + 1; ++o)
          out[o] = static_cast<float*>(outputs[operands_.firstOutput(w) + o]);
        const int64_t start = w ? ends_[w - 1] : 0, stop = std::min(end, ends_[w]);
        rule_.run(in, out, numbers, begin - start, stop - start);
        begin = stop;
      }
    });
  }

 private:
  spec::Update operands_;
  UpdateRule rule_;
  std::vector<int64_t> ends_;  // of each weight's elements in the row of all
};

std::unique_ptr<Kernel> makeOptimizer(const KernelSpec& spec) {
  return std::make_unique<OptimizerKernel>(spec);
}

// Everything has the layout of the weight, or of its gradient where the weight's is still open. The update
// goes over memory from start to end and leaves the zeros of padding as they are, but for an epsilon of 0,
// which makes 0 / 0 of them. Asked for nodes of one weight: they are joined afterwards.
LayoutChoice optimizerLayouts(const KernelSpec& spec, const std::vector<bool>& undecided) {
  LayoutChoice choice;
  choice.inputs.resize(spec.inputs.size());
  choice.outputs.resize(spec.outputs.size());
  LayoutPtr layout = spec.inputLayouts[0];
  if (!layout && undecided[0]) layout = spec.inputLayouts[1];
  if (layout && spec.attrs.has("epsilon") && spec.attrs.number("epsilon") == 0) {
    const Geometry g = geometry(spec.inputs[0], layout);
    if (g.elements != count(g.shape)) layout = nullptr;
  }
  std::fill_n(choice.inputs.begin(), spec.outputs.size() + 1, layout);
  std::fill(choice.outputs.begin(), choice.outputs.end(), layout);
  return choice;
}

// Over what belongs to the same weight.
bool optimizerInPlace(const KernelSpec& spec, size_t output, size_t input) {
  const spec::Update update(spec);
  return input / (update.slots + 2) == output / (update.slots + 1) && input < update.firstScalar();
}

}  // namespace

const KernelFamily family([](KernelTable& table) {
  for (const std::string& name : opNames())
    if (findOp(name).isUpdate())
      table[name] = {.make = makeOptimizer, .layouts = optimizerLayouts, .inPlace = optimizerInPlace};
});

}  // namespace nodegrad
