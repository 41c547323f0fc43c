#include "ops/check.h"
#include "ops/expr.h"

namespace nodegrad {

namespace {

std::vector<TensorType> inferSoftmax(const InferContext& context) {
  const TensorType& x = inputOf(context, 0, "x", {DType::F32});
  normalizeAxis(context.op, context.attrs.integer("axis"), x.shape.size());
  return {x};
}

const TensorType& logitsOf(const InferContext& context) {
  const TensorType& logits = inputOf(context, 0, "the logits", {DType::F32});
  if (logits.shape.empty() || logits.shape.back() == 0)
    fail(ErrorCode::Shape, "[", context.op, "] expected logits with classes on their last axis, received ",
         toString(logits));
  return logits;
}

Dims withoutLast(const Dims& shape) { return Dims(shape.begin(), shape.end() - 1); }

std::vector<TensorType> inferDense(const InferContext& context) {
  const TensorType& logits = logitsOf(context);
  expectShape(context, "the labels", inputOf(context, 1, "the labels", {DType::F32}).shape, logits.shape);
  return {{DType::F32, withoutLast(logits.shape)}};
}

std::vector<TensorType> inferSparse(const InferContext& context) {
  const TensorType& logits = logitsOf(context);
  if (logits.shape.back() == kDynamic)
    fail(ErrorCode::Shape, "[", context.op, "] expected logits with a known number of classes, received ",
         toString(logits));
  const Dims loss = withoutLast(logits.shape);
  expectShape(context, "the labels", inputOf(context, 1, "the labels", {DType::I32, DType::U8}).shape, loss);
  return {{DType::F32, loss}};
}

std::vector<TensorType> inferSigmoid(const InferContext& context) {
  const TensorType& logits = inputOf(context, 0, "the logits", {DType::F32});
  expectShape(context, "the labels", inputOf(context, 1, "the labels", {DType::F32}).shape, logits.shape);
  return {logits};
}

// The losses' gradient with the class axis back. The sum is there for its shape alone.
Expr alongClasses(const Rule& r) { return reshapeLike(r.dy(), sumKept(r.x(0), {-1})); }

Expr softmax(const Expr& x) { return apply("softmax", {x}, {{"axis", int64_t{-1}}}); }

// Labels that do not sum to one scale the probabilities, as in PyTorch.
Exprs denseGradient(const Rule& r) {
  const Expr logits = r.x(0), labels = r.x(1), g = alongClasses(r);
  return {(softmax(logits) * sumKept(labels, {-1}) - labels) * g,
          -(apply("logSoftmax", {logits}, {{"axis", int64_t{-1}}}) * g)};
}

Exprs sparseGradient(const Rule& r) {
  const Expr logits = r.x(0);
  return {(softmax(logits) - apply("oneHot", {r.x(1)}, {{"depth", logits.shape().back()}})) *
          alongClasses(r)};
}

Exprs sigmoidGradient(const Rule& r) {
  const Expr logits = r.x(0), labels = r.x(1);
  return {(apply("sigmoid", {logits}) - labels) * r.dy(), -(logits * r.dy())};
}

OpDef crossEntropy(const char* name, Infer infer, Exprs (*gradient)(const Rule& r)) {
  OpDef def;
  def.name = name;
  def.minInputs = def.maxInputs = 2;
  def.infer = std::move(infer);
  def.gradient = rule(gradient);
  return def;
}

OpDef softmaxOp(const char* name, Exprs (*gradient)(const Rule& r)) {
  OpDef def;
  def.name = name;
  def.minInputs = def.maxInputs = 1;
  def.attrs = {{"axis", AttrKind::Integer, int64_t{-1}}};
  def.infer = inferSoftmax;
  def.gradient = rule(gradient);
  return def;
}

}  // namespace

const OpFamily family([] {
  registerOp(softmaxOp("softmax", [](const Rule& r) -> Exprs {
    const Expr y = r.y();
    return {y * (r.dy() - sumKept(r.dy() * y, {r.attrs.integer("axis")}))};
  }));
  registerOp(softmaxOp("logSoftmax", [](const Rule& r) -> Exprs {
    return {r.dy() - exp(r.y()) * sumKept(r.dy(), {r.attrs.integer("axis")})};
  }));
  registerOp(crossEntropy("softmaxCrossEntropy", inferDense, denseGradient));
  OpDef sparse = crossEntropy("sparseSoftmaxCrossEntropy", inferSparse, sparseGradient);
  sparse.mayFail = true;
  registerOp(sparse);
  OpDef sigmoid = crossEntropy("sigmoidCrossEntropy", inferSigmoid, sigmoidGradient);
  sigmoid.elementwise = true;
  registerOp(sigmoid);
});

}  // namespace nodegrad
