#include "ops/quantize.h"

#include <cmath>

#include "ops/check.h"

namespace nodegrad {

Expr quantizedTo(const Expr& x, double scale, bool isSigned) {
  const double low = isSigned ? -kLargestInt8 - 1 : 0, high = isSigned ? kLargestInt8 : 255;
  const Expr units = x * (1 / scale);
  return rounded(where(greater(units, low), apply("minimum", {units, high}), low));
}

Expr scalesAlong(const Expr& x, int64_t axis) {
  Dims axes;
  for (int64_t other = 0; other < static_cast<int64_t>(x.rank()); ++other)
    if (other != axis) axes.push_back(other);
  const Expr magnitude = apply("abs", {x});
  const Expr largest =
      axes.empty() ? magnitude : apply("max", {magnitude}, {{"axes", axes}, {"keepDims", true}});
  return where(equal(largest, 0.0), 1.0, largest) * (1 / kLargestInt8);
}

namespace {

std::vector<TensorType> inferFakeQuantize(const InferContext& context) {
  const double scale = context.attrs.number("scale");
  if (!(scale > 0) || !std::isfinite(scale))
    fail(ErrorCode::Attribute, "[", context.op, "] expected a positive, finite 'scale', received ", scale);
  return {inputOf(context, 0, "x", {DType::F32})};
}

std::vector<TensorType> inferFakeQuantizeAlong(const InferContext& context) {
  const TensorType& x = inputOf(context, 0, "x", {DType::F32});
  normalizeAxis(context.op, context.attrs.integer("axis"), x.shape.size());
  return {x};
}

}  // namespace

// Both round float32 to what a byte can tell, and give float32 again. A plan makes products of bytes of what
// they feed where the device has such (fuseQuantized), else it lowers them. They have no gradient: almost
// everywhere it would be 0.
const OpFamily family([] {
  OpDef fixed;
  fixed.name = "fakeQuantize";
  fixed.minInputs = fixed.maxInputs = 1;
  fixed.attrs = {{"scale", AttrKind::Number}, {"signed", AttrKind::Boolean, true}};
  fixed.infer = inferFakeQuantize;
  fixed.lower = lowering([](const Exprs& x, const TensorType&, const Attrs& attrs) {
    const double scale = attrs.number("scale");
    return quantizedTo(x[0], scale, attrs.boolean("signed")) * scale;
  });
  fixed.lowersLate = true;
  registerOp(fixed);

  OpDef along;
  along.name = "fakeQuantizeAlong";
  along.minInputs = along.maxInputs = 1;
  along.attrs = {{"axis", AttrKind::Integer}};
  along.infer = inferFakeQuantizeAlong;
  along.lower = lowering([](const Exprs& x, const TensorType& y, const Attrs& attrs) {
    const Expr scales =
        scalesAlong(x[0], normalizeAxis("fakeQuantizeAlong", attrs.integer("axis"), y.shape.size()));
    return rounded(x[0] * (1.0 / scales)) * scales;
  });
  along.lowersLate = true;
  registerOp(along);
});

}  // namespace nodegrad
