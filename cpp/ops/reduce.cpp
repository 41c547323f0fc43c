#include <algorithm>
#include <numeric>

#include "ops/check.h"
#include "ops/expr.h"
#include "ops/product.h"

namespace nodegrad {

namespace {

// The attribute axes as a set of axes of shape; [] means all.
std::vector<bool> reducedAxes(const std::string& op, const Attrs& attrs, const Dims& shape) {
  const std::vector<int64_t>& axes = attrs.integers("axes");
  std::vector<bool> reduced(shape.size(), axes.empty());
  for (int64_t axis : axes) {
    const auto at = static_cast<size_t>(normalizeAxis(op, axis, shape.size()));
    if (reduced[at])
      fail(ErrorCode::Attribute, "[", op, "] expected each axis once, received ", toString(Attr(axes)));
    reduced[at] = true;
  }
  return reduced;
}

Dims reducedShape(const InferContext& context, const Dims& shape, const std::vector<bool>& reduced,
                  bool needsElement) {
  Dims result;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (reduced[i] && needsElement && shape[i] == 0)
      fail(ErrorCode::Shape, "[", context.op, "] expected at least one element to reduce, received ",
           toString(shape));
    if (!reduced[i]) result.push_back(shape[i]);
    if (reduced[i] && context.attrs.boolean("keepDims")) result.push_back(1);
  }
  return result;
}

template <bool needsElement>
std::vector<TensorType> inferReduce(const InferContext& context) {
  const TensorType& x = inputOf(context, 0, "x", {DType::F32});
  const std::vector<bool> reduced = reducedAxes(context.op, context.attrs, x.shape);
  return {{DType::F32, reducedShape(context, x.shape, reduced, needsElement)}};
}

std::vector<TensorType> inferArg(const InferContext& context) {
  const TensorType& x = inputOf(context, 0, "x", {DType::F32});
  std::vector<bool> reduced(x.shape.size(), false);
  reduced[static_cast<size_t>(normalizeAxis(context.op, context.attrs.integer("axis"), x.shape.size()))] =
      true;
  return {{DType::I32, reducedShape(context, x.shape, reduced, true)}};
}

// A reduced value with its axes back, of length 1. The sum is there for its shape alone.
Expr kept(const Rule& r, const Expr& reduced) {
  if (r.attrs.boolean("keepDims")) return reduced;
  return reshapeLike(reduced, sumKept(r.x(), r.attrs.integers("axes")));
}

// Spread evenly over those that equal the result.
Exprs extremeGradient(const Rule& r) {
  const Expr chosen = indicator(equal(r.x(), kept(r, r.y())));
  return {chosen * (kept(r, r.dy()) / sumKept(chosen, r.attrs.integers("axes")))};
}

Exprs prodGradient(const Rule& r) {
  const Dims& axes = r.attrs.integers("axes");
  const Expr others = productOfOthers(
      r.x(), [&](const Expr& x) { return sumKept(x, axes); },
      [&](const Expr& x) { return apply("prod", {x}, {{"axes", axes}, {"keepDims", true}}); });
  return {kept(r, r.dy()) * others};
}

OpDef reduceOp(const char* name, Infer infer, Exprs (*gradient)(const Rule& r)) {
  OpDef def;
  def.name = name;
  def.minInputs = def.maxInputs = 1;
  def.attrs = {{"axes", AttrKind::Integers, Dims{}}, {"keepDims", AttrKind::Boolean, false}};
  def.infer = std::move(infer);
  def.gradient = rule(gradient);
  return def;
}

}  // namespace

const OpFamily family([] {
  OpDef sum = reduceOp("sum", inferReduce<false>,
                       [](const Rule& r) -> Exprs { return {broadcastLike(kept(r, r.dy()), r.x())}; });
  sum.layoutAgnostic = true;
  registerOp(sum);
  registerOp(reduceOp("mean", inferReduce<true>, [](const Rule& r) -> Exprs {
    return {broadcastLike(kept(r, r.dy() * apply("sizeRatio", {r.y(), r.x()})), r.x())};
  }));
  registerOp(reduceOp("prod", inferReduce<false>, prodGradient));
  registerOp(reduceOp("max", inferReduce<true>, extremeGradient));
  registerOp(reduceOp("min", inferReduce<true>, extremeGradient));

  for (const char* name : {"argmax", "argmin"}) {
    OpDef def;
    def.name = name;
    def.minInputs = def.maxInputs = 1;
    def.attrs = {{"axis", AttrKind::Integer, int64_t{-1}}, {"keepDims", AttrKind::Boolean, false}};
    def.infer = inferArg;
    def.differentiable = false;
    registerOp(def);
  }
});

}  // namespace nodegrad
