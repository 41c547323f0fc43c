#include "ops/rnn.h"

namespace nodegrad {

RnnShape rnnShape(const InferContext& context, int64_t gates) {
  const TensorType& x = inputOfRank(context, 0, "the projected sequence", {DType::F32}, 3);
  const int64_t columns = x.shape[2];
  if (columns == 0 || (columns != kDynamic && columns % gates != 0))
    fail(ErrorCode::Shape, "[", context.op, "] expected ", gates,
         " times the units as last dimension of the projected sequence, received ", toString(x));
  return {x.shape[0], x.shape[1], columns == kDynamic ? kDynamic : columns / gates};
}

void expectInput(const InferContext& context, size_t i, const char* name, const Dims& shape) {
  expectShape(context, name, inputOf(context, i, name, {DType::F32}).shape, shape);
}

void expectInputs(const InferContext& context, size_t count) {
  const bool masked = context.attrs.boolean("masked"), stepMask = context.attrs.boolean("stepMask");
  const size_t all = count + (masked ? 1 : 0) + (stepMask ? 1 : 0);
  if (context.inputs.size() != all)
    fail(ErrorCode::Argument, "[", context.op, "] expected ", all, " inputs, received ",
         context.inputs.size());
  const TensorType& x = context.inputs[0];
  if (stepMask) {
    const char* name = "the mask of steps";
    const TensorType& steps = inputOf(context, all - 1, name, {DType::Bool});
    expectShape(context, name, steps.shape, {x.shape[0], x.shape[1]});
  }
  if (!masked) return;
  if (x.shape[2] == kDynamic)
    fail(ErrorCode::Shape, "[", context.op, "] expected a known number of units with a mask, received ",
         toString(x));
  expectInput(context, count, "the mask of the states", {x.shape[0], x.shape[2]});
}

TensorType floats(Dims shape) { return {DType::F32, std::move(shape)}; }

void registerRnnOps(const RnnOps& ops) {
  OpDef def;
  def.name = ops.name;
  def.minInputs = ops.inputs.least;
  def.maxInputs = ops.inputs.most;
  def.attrs = {{"goBackwards", AttrKind::Boolean, false},
               {"returnSequences", AttrKind::Boolean, false},
               {"masked", AttrKind::Boolean, false},
               {"stepMask", AttrKind::Boolean, false},
               {"zeroOutput", AttrKind::Boolean, false}};
  def.attrs.insert(def.attrs.end(), ops.moreAttrs.begin(), ops.moreAttrs.end());
  def.infer = ops.infer;
  def.gradient = ops.gradient;
  registerOp(def);

  def.name += "Backward";
  def.minInputs = ops.backwardInputs.least;
  def.maxInputs = ops.backwardInputs.most;
  def.infer = ops.inferBackward;
  def.gradient = [compose = ops.composeBackward](const GradientContext& context) {
    return composedGradient(context, compose);
  };
  registerOp(def);
}

Expr product(const Expr& a, const Expr& b, bool transposeA, bool transposeB) {
  return apply("matmul", {a, b}, {{"transposeA", transposeA}, {"transposeB", transposeB}});
}

Expr gateOf(const Expr& x, int64_t gate, int64_t units) {
  return apply("slice", {x},
               {{"begin", Dims{0, gate * units}}, {"end", Dims{INT64_MAX, (gate + 1) * units}}});
}

Expr joined(const Exprs& parts) { return apply("concatenate", parts, {{"axis", int64_t{-1}}}); }

Expr timeStep(const Expr& sequence, int64_t t) {
  const Expr part =
      apply("slice", {sequence}, {{"begin", Dims{0, t, 0}}, {"end", Dims{INT64_MAX, t + 1, INT64_MAX}}});
  return apply("reshape", {part}, {{"shape", Dims{-1, sequence.shape()[2]}}});
}

Expr sequenceOf(const Exprs& steps) {
  Exprs parts;
  for (const Expr& step : steps)
    parts.push_back(apply("reshape", {step}, {{"shape", Dims{-1, 1, step.shape()[1]}}}));
  return apply("concatenate", parts, {{"axis", int64_t{1}}});
}

Expr zerosLike(const Expr& like) { return broadcastLike(0.0, like); }

int64_t knownSteps(const char* op, const Expr& sequence) {
  const int64_t steps = sequence.shape()[1];
  if (steps < 1 || sequence.shape()[2] == kDynamic)
    fail(ErrorCode::Argument, "[", op,
         "] expected a sequence of a known number of steps, at least one, to differentiate twice, received ",
         toString(sequence.type()));
  return steps;
}

Expr rowsOf(const Expr& sequence) {
  return apply("reshape", {sequence}, {{"shape", Dims{-1, sequence.shape()[2]}}});
}

StateProducts::StateProducts(const Exprs& inputs, const Attrs& attrs, int64_t units) : units_(units) {
  if (attrs.boolean("masked")) mask_ = inputs[unmasked(inputs.size(), attrs)];
}

StateProducts::StateProducts(const Rule& rule, int64_t gates) : units_(rule.x().shape()[2] / gates) {
  if (rule.attrs.boolean("masked")) mask_ = rule.x(unmasked(rule.inputs(), rule.attrs));
}

Expr StateProducts::seen(const Expr& h, int64_t gate) const {
  if (!mask_) return h;
  const Expr part = gateOf(*mask_, gate, units_);
  if (h.rank() == 2) return h * part;
  return h * apply("reshape", {part}, {{"shape", Dims{-1, 1, units_}}});
}

Expr StateProducts::of(const Expr& h, const Expr& kernel, int64_t first, int64_t count) const {
  if (!mask_) return product(h, kernel);
  Exprs parts;
  for (int64_t gate = 0; gate < count; ++gate)
    parts.push_back(product(seen(h, first + gate), gateOf(kernel, gate, units_)));
  return joined(parts);
}

Expr StateProducts::back(const Expr& dz, const Expr& kernel, int64_t first, int64_t count) const {
  if (!mask_) return product(dz, kernel, false, true);
  const auto part = [&](int64_t gate) {
    return seen(product(gateOf(dz, gate, units_), gateOf(kernel, gate, units_), false, true), first + gate);
  };
  Expr sum = part(0);
  for (int64_t gate = 1; gate < count; ++gate) sum = sum + part(gate);
  return sum;
}

Expr StateProducts::kernelGradient(const Expr& before, const Expr& dz, int64_t first, int64_t count) const {
  if (!mask_) return product(rowsOf(before), dz, true);
  Exprs parts;
  for (int64_t gate = 0; gate < count; ++gate)
    parts.push_back(product(rowsOf(seen(before, first + gate)), gateOf(dz, gate, units_), true));
  return joined(parts);
}

Expr StateProducts::maskGradient(const Expr& before, const Expr& dz, const Expr& kernel,
                                 int64_t count) const {
  Exprs parts;
  for (int64_t gate = 0; gate < count; ++gate) {
    const Expr back = product(gateOf(dz, gate, units_), gateOf(kernel, gate, units_), false, true);
    parts.push_back(apply("sum", {before * reshapeLike(back, before)}, {{"axes", Dims{1}}}));
  }
  return joined(parts);
}

void passMasks(const GradientContext& context, std::vector<Value>& inputs) {
  const auto first = static_cast<std::ptrdiff_t>(unmasked(context.inputs.size(), context.attrs));
  inputs.insert(inputs.end(), context.inputs.begin() + first, context.inputs.end());
}

CountedSteps::CountedSteps(const Exprs& inputs, const Attrs& attrs, int64_t steps) {
  if (!attrs.boolean("stepMask")) return;
  for (int64_t k = 0; k < steps; ++k) {
    const int64_t time = timeIndex(k, steps, attrs.boolean("goBackwards"));
    counts_.push_back(gateOf(inputs.back(), time, 1));
    const bool isFirst = k == 0 || attrs.boolean("zeroOutput");
    gives_.push_back(isFirst ? counts_.back() : apply("logicalOr", {gives_.back(), counts_.back()}));
  }
}

Expr CountedSteps::pick(int64_t k, const Expr& after, const Expr& before) const {
  return counts_.empty() ? after : where(counts_[static_cast<size_t>(k)], after, before);
}

Expr CountedSteps::output(int64_t k, const Expr& h) const {
  return gives_.empty() ? h : where(gives_[static_cast<size_t>(k)], h, zerosLike(h));
}

Expr gradientOr0(const GradientContext& context, size_t output) {
  if (context.gradients[output] != kNone) return {context.graph, context.gradients[output]};
  return zerosLike({context.graph, context.outputs[output]});
}

}  // namespace nodegrad
