#include "ops/rnn.h"

// Gated recurrent units (Cho et al., 2014). Gates in Keras's order: update, reset, candidate. With resetAfter
// the reset gate acts after the recurrent product, which has its own bias, else before it.
namespace nodegrad {

namespace {

// x [n, steps, 3 units], kernel [units, 3 units], (bias [3 units] with resetAfter), maybe the first h [n,
// units], maybe the masks.
// -> (h of each step [n, steps, units] with returnSequences), last h; for the gradient the gates [n, steps, 3
// units], what the reset gate multiplies or, without resetAfter, has multiplied, and h before each step [n,
// steps, units].
std::vector<TensorType> infer(const InferContext& context) {
  const auto [n, steps, units] = rnnShape(context, 3);
  const int64_t columns = context.inputs[0].shape[2];
  expectInput(context, 1, "the recurrent kernel", {units, columns});
  const size_t inputs = unmasked(context.inputs.size(), context.attrs);
  size_t i = 2;
  if (context.attrs.boolean("resetAfter")) {
    if (inputs < 3)
      fail(ErrorCode::Argument, "[gru] expected a recurrent bias with resetAfter, received none");
    expectInput(context, i++, "the recurrent bias", {columns});
  }
  if (inputs > i) expectInput(context, i++, "the first h", {n, units});
  expectInputs(context, i);
  const TensorType state = floats({n, steps, units});
  std::vector<TensorType> outputs{floats({n, units}), context.inputs[0], state, state};
  if (context.attrs.boolean("returnSequences")) outputs.insert(outputs.begin(), state);
  return outputs;
}

Expr sigmoid(const Expr& x) { return apply("sigmoid", {x}); }
Expr tanh(const Expr& x) { return apply("tanh", {x}); }

// The columns of the update and the reset gate.
Expr firstTwo(const Expr& kernel, int64_t units) {
  return apply("slice", {kernel}, {{"begin", Dims{0, 0}}, {"end", Dims{INT64_MAX, 2 * units}}});
}

Exprs compose(const Exprs& inputs, const Attrs& attrs) {
  const Expr &x = inputs[0], &kernel = inputs[1];
  const int64_t steps = knownSteps("gru", x), units = x.shape()[2] / 3;
  const bool backwards = attrs.boolean("goBackwards"), resetAfter = attrs.boolean("resetAfter");
  const size_t state = resetAfter ? 3 : 2;
  const StateProducts products(inputs, attrs, units);
  const CountedSteps counted(inputs, attrs, steps);
  Expr h =
      unmasked(inputs.size(), attrs) > state ? inputs[state] : zerosLike(gateOf(timeStep(x, 0), 0, units));
  Exprs sequence;
  Exprs gates(static_cast<size_t>(steps), Expr::none()), inner = gates, before = gates;
  for (int64_t k = 0; k < steps; ++k) {
    const auto time = static_cast<size_t>(timeIndex(k, steps, backwards));
    const Expr at = timeStep(x, static_cast<int64_t>(time));
    const Expr p =
        resetAfter ? products.of(h, kernel, 0, 3) + inputs[2] : products.of(h, firstTwo(kernel, units), 0, 2);
    const Expr z = sigmoid(gateOf(at, 0, units) + gateOf(p, 0, units));
    const Expr r = sigmoid(gateOf(at, 1, units) + gateOf(p, 1, units));
    const Expr met = resetAfter ? gateOf(p, 2, units) : r * products.seen(h, 2);
    const Expr g =
        tanh(gateOf(at, 2, units) + (resetAfter ? r * met : product(met, gateOf(kernel, 2, units))));
    inner[time] = counted.orZeros(k, met);
    before[time] = h;
    gates[time] = counted.orZeros(k, joined({z, r, g}));
    h = counted.pick(k, z * h + (1.0 - z) * g, h);
    sequence.push_back(counted.output(k, h));
  }
  Exprs outputs{h, sequenceOf(gates), sequenceOf(inner), sequenceOf(before)};
  if (attrs.boolean("returnSequences")) outputs.insert(outputs.begin(), sequenceOf(sequence));
  return outputs;
}

std::vector<Value> gradient(const GradientContext& context) {
  const bool resetAfter = context.attrs.boolean("resetAfter");
  const size_t first = context.attrs.boolean("returnSequences") ? 1 : 0;
  for (size_t kept = first + 1; kept < first + 4; ++kept)
    if (context.gradients[kept] != kNone) return composedGradient(context, compose);
  const Rule r(context);
  Attrs attrs = context.attrs;
  attrs.set("returnSequences", first == 1 && context.gradients[0] != kNone);
  const Expr inner = r.y(first + 2), before = r.y(first + 3);
  std::vector<Value> inputs{r.y(first + 1).value(), before.value(), r.x(1).value(),
                            gradientOr0(context, first).value()};
  if (resetAfter) inputs.push_back(inner.value());
  if (attrs.boolean("returnSequences")) inputs.push_back(context.gradients[0]);
  const int64_t units = r.x().shape()[2] / 3;
  const StateProducts products(r, 3);
  passMasks(context, inputs);
  const std::vector<Value> back = context.graph.op("gruBackward", inputs, attrs);
  const Expr kernel = r.x(1);
  std::vector<Value> result{back[0]};
  Exprs dMask;
  if (resetAfter) {
    const Expr dProduct = rowsOf({context.graph, back[1]});
    result.push_back(products.kernelGradient(before, dProduct, 0, 3).value());
    result.push_back(apply("sum", {dProduct}, {{"axes", Dims{0}}}).value());
    if (products.isMasked()) dMask = {products.maskGradient(before, dProduct, kernel, 3)};
  } else {
    const Expr dx = rowsOf({context.graph, back[0]});
    const Expr dGates = firstTwo(dx, units), dCandidate = gateOf(dx, 2, units);
    result.push_back(
        joined({products.kernelGradient(before, dGates, 0, 2), product(rowsOf(inner), dCandidate, true)})
            .value());
    if (products.isMasked()) {
      const Expr reset = before * reshapeLike(gateOf(rowsOf(r.y(first + 1)), 1, units), before);
      dMask = {products.maskGradient(before, dGates, firstTwo(kernel, units), 2),
               products.maskGradient(reset, dCandidate, gateOf(kernel, 2, units), 1)};
    }
  }
  if (unmasked(r.inputs(), attrs) > result.size()) result.push_back(back.back());
  if (products.isMasked()) result.push_back(joined(dMask).value());
  result.resize(r.inputs(), kNone);
  return result;
}

// The gates of gru, h before each step, the kernel, the last h's gradient, (what the reset gate multiplies
// with resetAfter), (the sequence's gradient with returnSequences), maybe the masks. -> the gradients of x,
// (of the recurrent product of every step with resetAfter), of the first h.
std::vector<TensorType> inferBackward(const InferContext& context) {
  const auto [n, steps, units] = rnnShape(context, 3);
  const Dims state{n, steps, units};
  size_t i = 1;
  expectInput(context, i++, "h before each step", state);
  expectInput(context, i++, "the recurrent kernel", {units, context.inputs[0].shape[2]});
  expectInput(context, i++, "the last h's gradient", {n, units});
  for (const char* option : {"resetAfter", "returnSequences"})
    if (context.attrs.boolean(option) && unmasked(context.inputs.size(), context.attrs) > i)
      expectInput(context, i++, "the inner product or the sequence's gradient", state);
  expectInputs(context, i);
  std::vector<TensorType> outputs{context.inputs[0], floats({n, units})};
  if (context.attrs.boolean("resetAfter")) outputs.insert(outputs.begin() + 1, context.inputs[0]);
  return outputs;
}

Exprs composeBackward(const Exprs& inputs, const Attrs& attrs) {
  const Expr &gates = inputs[0], &states = inputs[1], &kernel = inputs[2];
  const int64_t steps = knownSteps("gru", gates), units = gates.shape()[2] / 3;
  const bool resetAfter = attrs.boolean("resetAfter");
  const StateProducts products(inputs, attrs, units);
  const CountedSteps counted(inputs, attrs, steps);
  Expr dh = inputs[3];
  Exprs dx(static_cast<size_t>(steps), Expr::none()), dProducts = dx;
  for (int64_t k = steps - 1; k >= 0; --k) {
    const int64_t time = timeIndex(k, steps, attrs.boolean("goBackwards"));
    if (attrs.boolean("returnSequences"))
      dh = dh + counted.output(k, timeStep(inputs[resetAfter ? 5 : 4], k));
    const Expr all = timeStep(gates, time), h = timeStep(states, time);
    const Expr z = gateOf(all, 0, units), r = gateOf(all, 1, units), g = gateOf(all, 2, units);
    const Expr dz = counted.orZeros(k, dh * (h - g) * z * (1.0 - z));
    const Expr dg = counted.orZeros(k, dh * (1.0 - z) * (1.0 - g * g));
    const Expr kept = counted.pick(k, dh * z, dh);
    const auto at = static_cast<size_t>(time);
    if (resetAfter) {
      const Expr dr = dg * timeStep(inputs[4], time) * r * (1.0 - r);
      dx[at] = joined({dz, dr, dg});
      dProducts[at] = joined({dz, dr, dg * r});
      dh = kept + products.back(dProducts[at], kernel, 0, 3);
    } else {
      const Expr dReset = products.back(dg, gateOf(kernel, 2, units), 2, 1);
      const Expr dr = dReset * h * r * (1.0 - r);
      dx[at] = joined({dz, dr, dg});
      dh = kept + dReset * r + products.back(joined({dz, dr}), firstTwo(kernel, units), 0, 2);
    }
  }
  if (resetAfter) return {sequenceOf(dx), sequenceOf(dProducts), dh};
  return {sequenceOf(dx), dh};
}

}  // namespace

const OpFamily family([] {
  registerRnnOps({"gru",
                  {2, 6},
                  {4, 8},
                  infer,
                  inferBackward,
                  gradient,
                  composeBackward,
                  {{"resetAfter", AttrKind::Boolean, true}}});
});

}  // namespace nodegrad
