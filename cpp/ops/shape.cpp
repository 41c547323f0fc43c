#include <algorithm>

#include "ops/check.h"
#include "ops/expr.h"

namespace nodegrad {

namespace {

std::vector<TensorType> inferReshape(const InferContext& context) {
  const TensorType& x = context.inputs[0];
  Dims shape = shapeAttribute(context, -1);
  const std::vector<int64_t>& from = context.attrs.integers("from");
  const auto rank = static_cast<int64_t>(x.shape.size());
  const bool areAxes =
      std::all_of(from.begin(), from.end(), [&](int64_t axis) { return axis >= -1 && axis < rank; });
  if (!areAxes || (!from.empty() && from.size() != shape.size()))
    fail(ErrorCode::Attribute,
         "[reshape] expected an axis of x or -1 in 'from' for each axis of 'shape', received ",
         toString(Attr(from)));
  // The one -1 that is computed stands where no axis of x gives the size.
  int64_t open = 0;
  for (size_t i = 0; i < shape.size(); ++i) {
    if (!from.empty() && from[i] >= 0)
      shape[i] = x.shape[static_cast<size_t>(from[i])];
    else if (shape[i] == -1)
      ++open;
  }
  if (open > 1)
    fail(ErrorCode::Attribute, "[reshape] expected at most one -1 in 'shape', received ",
         toString(Attr(shape)));
  if (!isStatic(x.shape)) return {{x.dtype, shape}};  // checked again when the shape is known
  const int64_t size = count(x.shape);
  if (open) {
    int64_t& missing = *std::find(shape.begin(), shape.end(), -1);
    missing = 1;
    const int64_t known = count(shape);
    missing = known && size % known == 0 ? size / known : -1;
  }
  if (!isStatic(shape) || count(shape) != size)
    fail(ErrorCode::Shape, "[reshape] expected a 'shape' of ", size, " elements for ", toString(x),
         ", received ", toString(Attr(shape)));
  return {{x.dtype, shape}};
}

std::vector<TensorType> inferReshapeLike(const InferContext& context) {
  const TensorType& x = context.inputs[0];
  const TensorType& like = context.inputs[1];
  if (isStatic(x.shape) && isStatic(like.shape) && count(x.shape) != count(like.shape))
    fail(ErrorCode::Shape, "[reshapeLike] expected shapes of as many elements, received ", toString(x),
         " and ", toString(like));
  return {{x.dtype, like.shape}};
}

std::vector<TensorType> inferTranspose(const InferContext& context) {
  const TensorType& x = context.inputs[0];
  const std::vector<int64_t>& perm = context.attrs.integers("perm");
  std::vector<bool> seen(x.shape.size(), false);
  Dims shape;
  for (int64_t axis : perm) {
    const auto at = static_cast<size_t>(axis);
    if (axis < 0 || at >= seen.size() || seen[at]) break;
    seen[at] = true;
    shape.push_back(x.shape[at]);
  }
  if (perm.size() != x.shape.size() || shape.size() != perm.size())
    fail(ErrorCode::Attribute, "[transpose] expected each axis from 0 to ",
         static_cast<int64_t>(x.shape.size()) - 1, " once in 'perm' for ", toString(x), ", received ",
         toString(Attr(perm)));
  return {{x.dtype, shape}};
}

Exprs transposeGradient(const Rule& r) {
  const std::vector<int64_t>& perm = r.attrs.integers("perm");
  std::vector<int64_t> inverse(perm.size());
  for (size_t i = 0; i < perm.size(); ++i) inverse[static_cast<size_t>(perm[i])] = static_cast<int64_t>(i);
  return {apply("transpose", {r.dy()}, {{"perm", inverse}})};
}

// A -1 keeps the input's dimension.
std::vector<TensorType> inferBroadcastTo(const InferContext& context) {
  const TensorType& x = context.inputs[0];
  Dims shape = shapeAttribute(context, -1);
  for (size_t i = 0; i < std::min(shape.size(), x.shape.size()); ++i) {
    int64_t& to = shape[shape.size() - 1 - i];
    if (to == -1) to = x.shape[x.shape.size() - 1 - i];
  }
  for (size_t i = 0; i + x.shape.size() < shape.size(); ++i)
    if (shape[i] == -1)
      fail(ErrorCode::Attribute, "[broadcastTo] expected -1 in 'shape' only where ", toString(x),
           " has an axis, received ", toString(Attr(context.attrs.integers("shape"))));
  expectBroadcastsTo(context, x.shape, shape);
  return {{x.dtype, shape}};
}

std::vector<TensorType> inferBroadcastLike(const InferContext& context) {
  const TensorType& x = context.inputs[0];
  const Dims& like = context.inputs[1].shape;
  expectBroadcastsTo(context, x.shape, like);
  return {{x.dtype, like}};
}

std::vector<TensorType> inferSumLike(const InferContext& context) {
  const TensorType& x = inputOf(context, 0, "x", {DType::F32});
  const Dims& like = context.inputs[1].shape;
  expectBroadcastsTo(context, like, x.shape);
  return {{x.dtype, like}};
}

std::vector<TensorType> inferSizeRatio(const InferContext& context) {
  for (const TensorType& type : context.inputs)
    if (isStatic(type.shape)) count(type.shape);  // fails on overflow
  return {{DType::F32, {}}};
}

// In a plan shapes are attributes, and what changes nothing is left out.
Expr reshaped(const Expr& x, const Dims& shape) {
  return x.shape() == shape ? x : apply("reshape", {x}, {{"shape", shape}});
}

Expr lowerReshape(const Exprs& x, const TensorType& y, const Attrs&) { return reshaped(x[0], y.shape); }

Expr lowerBroadcast(const Exprs& x, const TensorType& y, const Attrs&) {
  return x[0].shape() == y.shape ? x[0] : apply("broadcastTo", {x[0]}, {{"shape", y.shape}});
}

// The sum over the axes along which y was broadcast to x's shape.
Expr lowerSumLike(const Exprs& x, const TensorType& y, const Attrs&) {
  const Dims& from = x[0].shape();
  const size_t lead = from.size() - y.shape.size();
  Dims axes;
  for (size_t i = 0; i < from.size(); ++i)
    if (i < lead || (y.shape[i - lead] == 1 && from[i] != 1)) axes.push_back(static_cast<int64_t>(i));
  return reshaped(axes.empty() ? x[0] : apply("sum", {x[0]}, {{"axes", axes}}), y.shape);
}

Expr lowerSizeRatio(const Exprs& x, const TensorType&, const Attrs&) {
  const auto size = [](const Expr& of) { return static_cast<double>(count(of.shape())); };
  return {*x[0].graph(), x[0].graph()->constant(size(x[0]) / size(x[1]))};
}

OpDef shapeOp(const char* name, std::vector<AttrSpec> attrs, Infer infer, Exprs (*gradient)(const Rule& r),
              Expr (*lower)(const Exprs& x, const TensorType& y, const Attrs& attrs) = nullptr) {
  OpDef def;
  def.name = name;
  def.minInputs = def.maxInputs = 1;
  def.attrs = std::move(attrs);
  def.infer = std::move(infer);
  def.gradient = rule(gradient);
  if (lower) def.lower = lowering(lower);
  return def;
}

OpDef likeOp(const char* name, Infer infer, Exprs (*gradient)(const Rule& r),
             Expr (*lower)(const Exprs& x, const TensorType& y, const Attrs& attrs)) {
  OpDef def = shapeOp(name, {}, std::move(infer), gradient, lower);
  def.minInputs = def.maxInputs = 2;
  def.shapeOnly = {1};
  return def;
}

}  // namespace

const OpFamily family([] {
  const auto reshapeBack = [](const Rule& r) -> Exprs { return {reshapeLike(r.dy(), r.x())}; };
  const auto broadcastBack = [](const Rule& r) -> Exprs { return {sumTo(r.dy(), r.x())}; };
  OpDef reshape = shapeOp("reshape", {{"shape", AttrKind::Integers}, {"from", AttrKind::Integers, Dims{}}},
                          inferReshape, reshapeBack, lowerReshape);
  reshape.layoutAgnostic = true;
  registerOp(reshape);
  registerOp(likeOp("reshapeLike", inferReshapeLike, reshapeBack, lowerReshape));
  registerOp(shapeOp("transpose", {{"perm", AttrKind::Integers}}, inferTranspose, transposeGradient));
  registerOp(shapeOp("broadcastTo", {{"shape", AttrKind::Integers}}, inferBroadcastTo, broadcastBack,
                     lowerBroadcast));
  registerOp(likeOp("broadcastLike", inferBroadcastLike, broadcastBack, lowerBroadcast));
  const auto sumBack = [](const Rule& r) -> Exprs { return {broadcastLike(r.dy(), r.x())}; };
  registerOp(likeOp("sumLike", inferSumLike, sumBack, lowerSumLike));

  OpDef ratio;
  ratio.name = "sizeRatio";
  ratio.minInputs = ratio.maxInputs = 2;
  ratio.infer = inferSizeRatio;
  ratio.differentiable = false;
  ratio.shapeOnly = {0, 1};
  ratio.lower = lowering(lowerSizeRatio);
  registerOp(ratio);
});

}  // namespace nodegrad
