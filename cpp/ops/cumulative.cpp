#include "ops/check.h"
#include "ops/expr.h"

// Sums over all elements up to each one, and linear recurrences, along an axis.
namespace nodegrad {

namespace {

int64_t axisOf(const std::string& op, const Attrs& attrs, size_t rank) {
  return normalizeAxis(op, attrs.integer("axis"), rank);
}

std::vector<TensorType> inferCumsum(const InferContext& context) {
  const TensorType& x = inputOf(context, 0, "x", {DType::F32, DType::I32});
  axisOf(context.op, context.attrs, x.shape.size());
  return {x};
}

std::vector<TensorType> inferRecurrence(const InferContext& context) {
  const TensorType& a = inputOf(context, 0, "the factors", {DType::F32, DType::I32});
  const TensorType& b = inputOf(context, 1, "the terms");
  expectSameDType(context, a, b);
  expectShape(context, "the terms", b.shape, a.shape);
  axisOf(context.op, context.attrs, a.shape.size());
  TensorType result = a;
  for (size_t i = 0; i < result.shape.size(); ++i)
    if (result.shape[i] == kDynamic) result.shape[i] = b.shape[i];
  return {result};
}

// The number before each along an axis (after: the one after it), and fill where there is none.
Expr neighbour(const Expr& x, int64_t axis, bool after, double fill) {
  const auto at = static_cast<size_t>(axis);
  Dims paddings(2 * x.rank(), 0), begin(x.rank(), 0), end(x.rank(), INT64_MAX);
  paddings[2 * at + (after ? 1 : 0)] = 1;
  (after ? begin[at] : end[at]) = after ? 1 : -1;
  const Expr padded = apply("pad", {x}, {{"paddings", paddings}, {"value", fill}});
  return apply("slice", {padded}, {{"begin", begin}, {"end", end}, {"strides", Dims(x.rank(), 1)}});
}

Exprs cumsumGradient(const Rule& r) {
  Attrs attrs = r.attrs;
  attrs.set("reverse", !attrs.boolean("reverse"));
  return {apply("cumsum", {r.dy()}, attrs)};
}

// With h[i] = a[i] h[i - 1] + b[i] the gradients of h that arrive by way of later elements are a recurrence
// in the other direction, g[i] = dh[i] + a[i + 1] g[i + 1]. Nothing is divided, so that zeros are no
// exception.
Exprs recurrenceGradient(const Rule& r) {
  const bool reverse = r.attrs.boolean("reverse");
  const int64_t axis = axisOf("linearRecurrence", r.attrs, r.y().rank());
  const Expr g = apply("linearRecurrence", {neighbour(r.x(0), axis, !reverse, 0), r.dy()},
                       {{"axis", axis}, {"reverse", !reverse}});
  return {g * neighbour(r.y(), axis, reverse, r.attrs.number("initial")), g};
}

}  // namespace

const OpFamily family([] {
  OpDef cumsum;
  cumsum.name = "cumsum";
  cumsum.minInputs = cumsum.maxInputs = 1;
  cumsum.attrs = {{"axis", AttrKind::Integer, int64_t{-1}},
                  {"reverse", AttrKind::Boolean, false},
                  {"exclusive", AttrKind::Boolean, false}};
  cumsum.infer = inferCumsum;
  cumsum.gradient = rule(cumsumGradient);
  registerOp(cumsum);

  // h[i] = a[i] h[i - 1] + b[i], where what is before the first element is the attribute 'initial'.
  OpDef recurrence;
  recurrence.name = "linearRecurrence";
  recurrence.minInputs = recurrence.maxInputs = 2;
  recurrence.attrs = {{"axis", AttrKind::Integer, int64_t{-1}},
                      {"reverse", AttrKind::Boolean, false},
                      {"initial", AttrKind::Number, 0.0}};
  recurrence.infer = inferRecurrence;
  recurrence.gradient = rule(recurrenceGradient);
  registerOp(recurrence);
});

}  // namespace nodegrad
