#include <algorithm>

#include "ops/rnn.h"

// The fully connected recurrent layer (Elman, 1990): h' = tanh(x + h · kernel).
namespace nodegrad {

namespace {

// x [n, steps, units], kernel [units, units], maybe the first h [n, units], maybe the masks. -> (h of each
// step [n, steps, units] with returnSequences), last h; for the gradient h after and before each step [n,
// steps, units].
std::vector<TensorType> infer(const InferContext& context) {
  const auto [n, steps, units] = rnnShape(context, 1);
  expectInput(context, 1, "the recurrent kernel", {units, units});
  const size_t inputs = unmasked(context.inputs.size(), context.attrs);
  if (inputs > 2) expectInput(context, 2, "the first h", {n, units});
  expectInputs(context, std::max<size_t>(inputs, 2));
  std::vector<TensorType> outputs{floats({n, units}), context.inputs[0], context.inputs[0]};
  if (context.attrs.boolean("returnSequences")) outputs.insert(outputs.begin(), context.inputs[0]);
  return outputs;
}

Exprs compose(const Exprs& inputs, const Attrs& attrs) {
  const Expr& x = inputs[0];
  const int64_t steps = knownSteps("simpleRnn", x);
  const StateProducts products(inputs, attrs, x.shape()[2]);
  const CountedSteps counted(inputs, attrs, steps);
  Expr h = unmasked(inputs.size(), attrs) > 2 ? inputs[2] : zerosLike(timeStep(x, 0));
  Exprs sequence;
  Exprs after(static_cast<size_t>(steps), Expr::none()), before = after;
  for (int64_t k = 0; k < steps; ++k) {
    const int64_t time = timeIndex(k, steps, attrs.boolean("goBackwards"));
    before[static_cast<size_t>(time)] = h;
    h = counted.pick(k, apply("tanh", {timeStep(x, time) + products.of(h, inputs[1], 0, 1)}), h);
    after[static_cast<size_t>(time)] = h;
    sequence.push_back(counted.output(k, h));
  }
  Exprs outputs{h, sequenceOf(after), sequenceOf(before)};
  if (attrs.boolean("returnSequences")) outputs.insert(outputs.begin(), sequenceOf(sequence));
  return outputs;
}

std::vector<Value> gradient(const GradientContext& context) {
  const size_t first = context.attrs.boolean("returnSequences") ? 1 : 0;
  for (size_t kept = first + 1; kept < first + 3; ++kept)
    if (context.gradients[kept] != kNone) return composedGradient(context, compose);
  const Rule r(context);
  Attrs attrs = context.attrs;
  attrs.set("returnSequences", first == 1 && context.gradients[0] != kNone);
  std::vector<Value> inputs{r.y(first + 1).value(), r.x(1).value(), gradientOr0(context, first).value()};
  if (attrs.boolean("returnSequences")) inputs.push_back(context.gradients[0]);
  const StateProducts products(r, 1);
  passMasks(context, inputs);
  const std::vector<Value> back = context.graph.op("simpleRnnBackward", inputs, attrs);
  const Expr before = r.y(first + 2), dz = rowsOf({context.graph, back[0]});
  std::vector<Value> result{back[0], products.kernelGradient(before, dz, 0, 1).value()};
  if (unmasked(r.inputs(), attrs) > 2) result.push_back(back[1]);
  if (products.isMasked()) result.push_back(products.maskGradient(before, dz, r.x(1), 1).value());
  result.resize(r.inputs(), kNone);
  return result;
}

// h after each step, the kernel, the last h's gradient, (the sequence's gradient with returnSequences),
// maybe the masks. -> the gradients of x and of the first h.
std::vector<TensorType> inferBackward(const InferContext& context) {
  const auto [n, steps, units] = rnnShape(context, 1);
  expectInput(context, 1, "the recurrent kernel", {units, units});
  expectInput(context, 2, "the last h's gradient", {n, units});
  const bool sequences = context.attrs.boolean("returnSequences");
  if (sequences && unmasked(context.inputs.size(), context.attrs) > 3)
    expectInput(context, 3, "the sequence's gradient", {n, steps, units});
  expectInputs(context, sequences ? 4 : 3);
  return {context.inputs[0], floats({n, units})};
}

Exprs composeBackward(const Exprs& inputs, const Attrs& attrs) {
  const Expr& after = inputs[0];
  const int64_t steps = knownSteps("simpleRnn", after);
  const StateProducts products(inputs, attrs, after.shape()[2]);
  const CountedSteps counted(inputs, attrs, steps);
  Expr dh = inputs[2];
  Exprs dx(static_cast<size_t>(steps), Expr::none());
  for (int64_t k = steps - 1; k >= 0; --k) {
    const int64_t time = timeIndex(k, steps, attrs.boolean("goBackwards"));
    if (attrs.boolean("returnSequences")) dh = dh + counted.output(k, timeStep(inputs[3], k));
    const Expr h = timeStep(after, time);
    const Expr dz = counted.orZeros(k, dh * (1.0 - h * h));
    dx[static_cast<size_t>(time)] = dz;
    dh = counted.pick(k, products.back(dz, inputs[1], 0, 1), dh);
  }
  return {sequenceOf(dx), dh};
}

}  // namespace

const OpFamily family([] {
  registerRnnOps({"simpleRnn", {2, 5}, {3, 6}, infer, inferBackward, gradient, composeBackward});
});

}  // namespace nodegrad
