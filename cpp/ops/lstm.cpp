#include <algorithm>

#include "ops/rnn.h"

// Long short-term memory (Hochreiter and Schmidhuber, 1997) with forget gates (Gers et al., 1999). Gates in
// Keras's order: input, forget, candidate, output.
namespace nodegrad {

namespace {

// x [n, steps, 4 units], kernel [units, 4 units], maybe the first h and c [n, units], maybe the masks.
// -> (h of each step [n, steps, units] with returnSequences), last h, last c; for the gradient the gates [n,
// steps, 4 units], c after and h before each step [n, steps, units].
std::vector<TensorType> infer(const InferContext& context) {
  const auto [n, steps, units] = rnnShape(context, 4);
  expectInput(context, 1, "the recurrent kernel", {units, context.inputs[0].shape[2]});
  const size_t inputs = unmasked(context.inputs.size(), context.attrs);
  if (inputs == 3)
    fail(ErrorCode::Argument, "[lstm] expected a first h and c or neither, received one of them");
  for (size_t i = 2; i < inputs; ++i)
    expectInput(context, i, i == 2 ? "the first h" : "the first c", {n, units});
  expectInputs(context, std::max<size_t>(inputs, 2));
  std::vector<TensorType> outputs{floats({n, units}), floats({n, units}), context.inputs[0],
                                  floats({n, steps, units}), floats({n, steps, units})};
  if (context.attrs.boolean("returnSequences")) outputs.insert(outputs.begin(), floats({n, steps, units}));
  return outputs;
}

Exprs compose(const Exprs& inputs, const Attrs& attrs) {
  const Expr &x = inputs[0], &kernel = inputs[1];
  const int64_t steps = knownSteps("lstm", x), units = x.shape()[2] / 4;
  const bool backwards = attrs.boolean("goBackwards"), state = unmasked(inputs.size(), attrs) > 2;
  const StateProducts products(inputs, attrs, units);
  const CountedSteps counted(inputs, attrs, steps);
  Expr h = state ? inputs[2] : zerosLike(gateOf(timeStep(x, 0), 0, units));
  Expr c = state ? inputs[3] : h;
  Exprs sequence;
  Exprs gates(static_cast<size_t>(steps), Expr::none()), cells = gates, before = gates;
  for (int64_t k = 0; k < steps; ++k) {
    const auto time = static_cast<size_t>(timeIndex(k, steps, backwards));
    const Expr z = timeStep(x, static_cast<int64_t>(time)) + products.of(h, kernel, 0, 4);
    const Expr i = apply("sigmoid", {gateOf(z, 0, units)}), f = apply("sigmoid", {gateOf(z, 1, units)});
    const Expr g = apply("tanh", {gateOf(z, 2, units)}), o = apply("sigmoid", {gateOf(z, 3, units)});
    before[time] = h;
    const Expr next = f * c + i * g;
    c = counted.pick(k, next, c);
    h = counted.pick(k, o * apply("tanh", {next}), h);
    gates[time] = counted.orZeros(k, joined({i, f, g, o}));
    cells[time] = c;
    sequence.push_back(counted.output(k, h));
  }
  Exprs outputs{h, c, sequenceOf(gates), sequenceOf(cells), sequenceOf(before)};
  if (attrs.boolean("returnSequences")) outputs.insert(outputs.begin(), sequenceOf(sequence));
  return outputs;
}

std::vector<Value> gradient(const GradientContext& context) {
  const size_t first = context.attrs.boolean("returnSequences") ? 1 : 0;
  for (size_t kept = first + 2; kept < first + 5; ++kept)
    if (context.gradients[kept] != kNone) return composedGradient(context, compose);
  const Rule r(context);
  Attrs attrs = context.attrs;
  attrs.set("returnSequences", first == 1 && context.gradients[0] != kNone);
  std::vector<Value> inputs{r.y(first + 2).value(), r.y(first + 3).value(), r.x(1).value(),
                            gradientOr0(context, first).value(), gradientOr0(context, first + 1).value()};
  if (attrs.boolean("returnSequences")) inputs.push_back(context.gradients[0]);
  const bool state = unmasked(r.inputs(), attrs) > 2;
  if (state) inputs.push_back(r.x(3).value());
  const StateProducts products(r, 4);
  passMasks(context, inputs);
  const std::vector<Value> back = context.graph.op("lstmBackward", inputs, attrs);
  const Expr before = r.y(first + 4), dz = rowsOf({context.graph, back[0]});
  std::vector<Value> result{back[0], products.kernelGradient(before, dz, 0, 4).value()};
  if (state) result.insert(result.end(), back.begin() + 1, back.end());
  if (products.isMasked()) result.push_back(products.maskGradient(before, dz, r.x(1), 4).value());
  result.resize(r.inputs(), kNone);
  return result;
}

// The gates and c of lstm, the kernel, the gradients of the last h and c, (that of the sequence with
// returnSequences), maybe the first c, maybe the masks. -> those of x, of the first h and of the first c.
std::vector<TensorType> inferBackward(const InferContext& context) {
  const auto [n, steps, units] = rnnShape(context, 4);
  size_t i = 1;
  expectInput(context, i++, "c", {n, steps, units});
  expectInput(context, i++, "the recurrent kernel", {units, context.inputs[0].shape[2]});
  expectInput(context, i++, "the last h's gradient", {n, units});
  expectInput(context, i++, "the last c's gradient", {n, units});
  const size_t inputs = unmasked(context.inputs.size(), context.attrs);
  if (context.attrs.boolean("returnSequences") && inputs > i)
    expectInput(context, i++, "the sequence's gradient", {n, steps, units});
  if (inputs > i) expectInput(context, i++, "the first c", {n, units});
  expectInputs(context, i);
  return {context.inputs[0], floats({n, units}), floats({n, units})};
}

Exprs composeBackward(const Exprs& inputs, const Attrs& attrs) {
  const Expr &gates = inputs[0], &cells = inputs[1], &kernel = inputs[2];
  const int64_t steps = knownSteps("lstm", gates), units = gates.shape()[2] / 4;
  const bool backwards = attrs.boolean("goBackwards"), sequences = attrs.boolean("returnSequences");
  Expr dh = inputs[3], dc = inputs[4];
  const size_t firstC = sequences ? 6 : 5;
  const StateProducts products(inputs, attrs, units);
  const CountedSteps counted(inputs, attrs, steps);
  Exprs dx(static_cast<size_t>(steps), Expr::none());
  for (int64_t k = steps - 1; k >= 0; --k) {
    const int64_t time = timeIndex(k, steps, backwards);
    if (sequences) dh = dh + counted.output(k, timeStep(inputs[5], k));
    const Expr all = timeStep(gates, time);
    const Expr i = gateOf(all, 0, units), f = gateOf(all, 1, units), g = gateOf(all, 2, units),
               o = gateOf(all, 3, units);
    const Expr t = apply("tanh", {timeStep(cells, time)});
    const Expr before = k > 0 ? timeStep(cells, timeIndex(k - 1, steps, backwards))
                        : firstC < unmasked(inputs.size(), attrs) ? inputs[firstC]
                                                                  : zerosLike(dc);
    const Expr dNext = dc + dh * o * (1.0 - t * t);
    const Expr dz = counted.orZeros(k, joined({dNext * g * i * (1.0 - i), dNext * before * f * (1.0 - f),
                                               dNext * i * (1.0 - g * g), dh * t * o * (1.0 - o)}));
    dx[static_cast<size_t>(time)] = dz;
    dc = counted.pick(k, dNext * f, dc);
    dh = counted.pick(k, products.back(dz, kernel, 0, 4), dh);
  }
  return {sequenceOf(dx), dh, dc};
}

}  // namespace

const OpFamily family([] {
  registerRnnOps({"lstm", {2, 6}, {5, 9}, infer, inferBackward, gradient, composeBackward});
});

}  // namespace nodegrad
