#include "ops/check.h"
#include "ops/expr.h"

// Layer normalization (Ba, Kiros and Hinton, 2016) over the last axes: those that gamma has.
namespace nodegrad {

namespace {

// x, whose last axes gamma has. Gives the shape of a sample's statistics: x's, with 1 for those axes.
Dims inferSamples(const InferContext& context, size_t x, size_t gamma) {
  Dims shape = inputOf(context, x, "x", {DType::F32}).shape;
  const Dims& axes = inputOf(context, gamma, "gamma", {DType::F32}).shape;
  if (axes.empty() || axes.size() > shape.size())
    fail(ErrorCode::Shape, "[", context.op, "] expected gamma of the sizes of x's last axes, received ",
         toString(context.inputs[gamma]), " for ", toString(context.inputs[x]));
  const auto first = shape.end() - static_cast<std::ptrdiff_t>(axes.size());
  const Dims last(first, shape.end());
  expectShape(context, "gamma", axes, last);
  for (int64_t size : last)
    if (size == 0)
      fail(ErrorCode::Shape, "[", context.op, "] expected at least one number to normalize, received ",
           toString(context.inputs[x]));
  std::fill(first, shape.end(), 1);
  return shape;
}

std::vector<TensorType> infer(const InferContext& context) {
  const TensorType statistics{DType::F32, inferSamples(context, 0, 1)};
  expectShape(context, "beta", inputOf(context, 2, "beta", {DType::F32}).shape, context.inputs[1].shape);
  return {context.inputs[0], statistics, statistics};
}

std::vector<TensorType> inferBackward(const InferContext& context) {
  const Dims statistics = inferSamples(context, 1, 2);
  expectShape(context, "the output's gradient",
              inputOf(context, 0, "the output's gradient", {DType::F32}).shape, context.inputs[1].shape);
  expectShape(context, "mean", inputOf(context, 3, "mean", {DType::F32}).shape, statistics);
  expectShape(context, "variance", inputOf(context, 4, "variance", {DType::F32}).shape, statistics);
  return {context.inputs[1], context.inputs[2], context.inputs[2]};
}

Expr meanOver(const Expr& x, const Expr& gamma) {
  Dims axes;
  for (size_t i = gamma.rank(); i > 0; --i) axes.push_back(-static_cast<int64_t>(i));
  return apply("mean", {x}, {{"axes", axes}, {"keepDims", true}});
}

Expr inverseOf(const Expr& variance, const Attrs& attrs) {
  return apply("rsqrt", {variance + attrs.number("epsilon")});
}

Exprs compose(const Exprs& in, const Attrs& attrs) {
  const Expr &x = in[0], &gamma = in[1], &beta = in[2];
  const Expr mean = meanOver(x, gamma), centred = x - mean;
  const Expr variance = meanOver(square(centred), gamma);
  return {centred * inverseOf(variance, attrs) * gamma + beta, mean, variance};
}

Exprs composeBackward(const Exprs& in, const Attrs& attrs) {
  const Expr &dy = in[0], &x = in[1], &gamma = in[2], &mean = in[3];
  const Expr inverse = inverseOf(in[4], attrs), normalized = (x - mean) * inverse, flow = dy * gamma;
  const Expr dx = (flow - meanOver(flow, gamma) - normalized * meanOver(flow * normalized, gamma)) * inverse;
  return {dx, sumTo(dy * normalized, gamma), sumTo(dy, gamma)};
}

std::vector<Value> gradient(const GradientContext& context) {
  if (context.gradients[1] != kNone || context.gradients[2] != kNone)
    return composedGradient(context, compose);
  return context.graph.op(
      "layerNormalizationBackward",
      {context.gradients[0], context.inputs[0], context.inputs[1], context.outputs[1], context.outputs[2]},
      context.attrs);
}

}  // namespace

const OpFamily family([] {
  // x, gamma, beta to y, each sample's mean and its (biased) variance.
  OpDef def;
  def.name = "layerNormalization";
  def.minInputs = def.maxInputs = 3;
  def.attrs = {{"epsilon", AttrKind::Number, 1e-3}};
  def.infer = infer;
  def.gradient = gradient;
  registerOp(def);

  // dy, x, gamma, mean, variance to dx, dgamma, dbeta.
  def.name = "layerNormalizationBackward";
  def.minInputs = def.maxInputs = 5;
  def.infer = inferBackward;
  def.gradient = [](const GradientContext& context) { return composedGradient(context, composeBackward); };
  registerOp(def);
});

}  // namespace nodegrad
