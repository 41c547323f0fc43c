#include "ops/check.h"
#include "ops/expr.h"

namespace nodegrad {

namespace {

// The key is {seed, step}.
void expectKey(const InferContext& context, size_t i) {
  expectShape(context, "the key (seed, step)", inputOf(context, i, "the key", {DType::I32}).shape, {2});
}

std::vector<TensorType> inferDropout(const InferContext& context) {
  const TensorType& x = inputOf(context, 0, "x", {DType::F32});
  expectKey(context, 1);
  const double rate = context.attrs.number("rate");
  if (!(rate >= 0 && rate < 1))
    fail(ErrorCode::Attribute, "[dropout] expected a 'rate' from 0 up to but not including 1, received ",
         rate);
  return {x};
}

std::vector<TensorType> inferRandom(const InferContext& context) {
  expectKey(context, 0);
  if (context.attrs.has("stddev") && !(context.attrs.number("stddev") >= 0))
    fail(ErrorCode::Attribute, "[", context.op, "] expected 'stddev' of at least 0, received ",
         context.attrs.number("stddev"));
  if (context.inputs.size() > 1) return {{DType::F32, context.inputs[1].shape}};
  return {{DType::F32, shapeAttribute(context, 0)}};
}

OpDef randomOp(const char* name, const char* first, double firstValue, const char* second,
               double secondValue) {
  OpDef def;
  def.name = name;
  // Where a second value comes, its shape counts.
  def.minInputs = 1;
  def.maxInputs = 2;
  def.shapeOnly = {1};
  def.attrs = {{"shape", AttrKind::Integers, Dims{}},
               {first, AttrKind::Number, firstValue},
               {second, AttrKind::Number, secondValue},
               {"salt", AttrKind::Integer, int64_t{0}}};
  def.infer = inferRandom;
  def.differentiable = false;
  return def;
}

// The parameters of each number are given.
std::vector<TensorType> inferDistribution(const InferContext& context) {
  expectKey(context, 0);
  TensorType first = inputOf(context, 1, "the parameters", {DType::F32});
  for (size_t i = 2; i < context.inputs.size(); ++i) {
    expectShape(context, "the parameters", inputOf(context, i, "the parameters", {DType::F32}).shape,
                first.shape);
  }
  return {first};
}

OpDef distributionOp(const char* name, int parameters) {
  OpDef def;
  def.name = name;
  def.minInputs = def.maxInputs = 1 + parameters;
  def.attrs = {{"salt", AttrKind::Integer, int64_t{0}}};
  def.infer = inferDistribution;
  def.differentiable = false;
  return def;
}

}  // namespace

const OpFamily family([] {
  OpDef dropout;
  dropout.name = "dropout";
  dropout.minInputs = dropout.maxInputs = 2;
  dropout.attrs = {{"rate", AttrKind::Number}, {"salt", AttrKind::Integer, int64_t{0}}};
  dropout.infer = inferDropout;
  // The same key and salt make the same mask, so it need not be kept.
  dropout.gradient =
      rule([](const Rule& r) -> Exprs { return {apply("dropout", {r.dy(), r.x(1)}, r.attrs)}; });
  dropout.fusible = true;
  registerOp(dropout);

  registerOp(randomOp("randomUniform", "minval", 0, "maxval", 1));
  registerOp(randomOp("randomNormal", "mean", 0, "stddev", 1));
  registerOp(randomOp("truncatedNormal", "mean", 0, "stddev", 1));
  registerOp(distributionOp("randomGamma", 1));
  registerOp(distributionOp("randomBeta", 2));
  registerOp(distributionOp("randomBinomial", 2));
});

}  // namespace nodegrad
