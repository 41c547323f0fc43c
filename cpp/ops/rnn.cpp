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
  if (context.inputs.size() != count)
    fail(ErrorCode::Argument, "[", context.op, "] expected ", count, " inputs, received ",
         context.inputs.size());
}

TensorType floats(Dims shape) { return {DType::F32, std::move(shape)}; }

void registerRnnOps(const RnnOps& ops) {
  OpDef def;
  def.name = ops.name;
  def.minInputs = ops.inputs.least;
  def.maxInputs = ops.inputs.most;
  def.attrs = {{"goBackwards", AttrKind::Boolean, false}, {"returnSequences", AttrKind::Boolean, false}};
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

Expr placeAt(const Expr& sequence, int64_t place) {
  const Expr part = apply("slice", {sequence},
                          {{"begin", Dims{0, place, 0}}, {"end", Dims{INT64_MAX, place + 1, INT64_MAX}}});
  return apply("reshape", {part}, {{"shape", Dims{-1, sequence.shape()[2]}}});
}

Expr sequenceOf(const Exprs& places) {
  Exprs parts;
  for (const Expr& place : places)
    parts.push_back(apply("reshape", {place}, {{"shape", Dims{-1, 1, place.shape()[1]}}}));
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

Expr recurrentGradient(const Expr& before, const Expr& dz) {
  return product(rowsOf(before), rowsOf(dz), true);
}

Expr gradientOr0(const GradientContext& context, size_t output) {
  if (context.gradients[output] != kNone) return {context.graph, context.gradients[output]};
  return zerosLike({context.graph, context.outputs[output]});
}

}  // namespace nodegrad
