#include "core/slice.h"

#include <limits>

#include "ops/check.h"
#include "ops/expr.h"

namespace nodegrad {

namespace {

constexpr int64_t kToTheEnd = std::numeric_limits<int64_t>::max();

const std::vector<AttrSpec> kSliceAttrs = {
    {"begin", AttrKind::Integers}, {"end", AttrKind::Integers}, {"strides", AttrKind::Integers, Dims{}}};

Dims slicedShape(const InferContext& context, const Dims& x) {
  Dims shape;
  for (const SliceAxis& axis : sliceOf(context.op, context.attrs, x)) shape.push_back(axis.count);
  return shape;
}

std::vector<TensorType> inferSlice(const InferContext& context) {
  const TensorType& x = context.inputs[0];
  return {{x.dtype, slicedShape(context, x.shape)}};
}

std::vector<TensorType> inferSliceBackward(const InferContext& context) {
  const TensorType& dy = inputOf(context, 0, "the output's gradient", {DType::F32});
  const Dims& x = context.inputs[1].shape;
  expectShape(context, "the output's gradient", dy.shape, slicedShape(context, x));
  return {{dy.dtype, x}};
}

std::vector<TensorType> inferConcatenate(const InferContext& context) {
  const TensorType& first = context.inputs[0];
  const auto axis =
      static_cast<size_t>(normalizeAxis(context.op, context.attrs.integer("axis"), first.shape.size()));
  TensorType result = first;
  int64_t total = 0;
  for (const TensorType& type : context.inputs) {
    expectSameDType(context, first, type);
    Dims others = type.shape;
    if (axis < others.size()) others[axis] = first.shape[axis];
    if (!mayEqual(others, first.shape))
      fail(ErrorCode::Shape, "[concatenate] expected shapes that differ along axis ", axis,
           " alone, received ", toString(first), " and ", toString(type));
    for (size_t i = 0; i < others.size(); ++i)
      if (result.shape[i] == kDynamic) result.shape[i] = others[i];
    const int64_t size = type.shape[axis];
    total = size == kDynamic || total == kDynamic ? kDynamic : total + size;
  }
  result.shape[axis] = total;
  return {result};
}

// The first elements of x along an axis, as many as another value has there; or those after them.
Expr sliceLike(const Expr& x, const Expr& like, size_t axis, bool after) {
  return apply("sliceLike", {x, like}, {{"axis", static_cast<int64_t>(axis)}, {"after", after}});
}

std::vector<TensorType> inferSliceLike(const InferContext& context) {
  const TensorType& x = context.inputs[0];
  const TensorType& like = context.inputs[1];
  const auto axis =
      static_cast<size_t>(normalizeAxis(context.op, context.attrs.integer("axis"), x.shape.size()));
  const int64_t size = x.shape[axis];
  const int64_t part = axis < like.shape.size() ? like.shape[axis] : -2;
  const bool known = size != kDynamic && part != kDynamic;
  if (part == -2 || (known && part > size))
    fail(ErrorCode::Shape, "[sliceLike] expected a size along axis ", axis, " of at most that of ",
         toString(x), ", received ", toString(like));
  TensorType result = x;
  if (!context.attrs.boolean("after"))
    result.shape[axis] = part;
  else
    result.shape[axis] = known ? size - part : kDynamic;
  return {result};
}

Expr lowerSliceLike(const Exprs& x, const TensorType& y, const Attrs& attrs) {
  const auto axis = static_cast<size_t>(normalizeAxis("sliceLike", attrs.integer("axis"), y.shape.size()));
  Dims begin(y.shape.size(), 0), end(y.shape.size(), kToTheEnd);
  (attrs.boolean("after") ? begin : end)[axis] = x[1].shape()[axis];
  return apply("slice", {x[0]}, {{"begin", begin}, {"end", end}});
}

// The gradient, with zeros for the elements that were left out.
Exprs sliceLikeGradient(const Rule& r) {
  const auto axis = static_cast<size_t>(normalizeAxis("sliceLike", r.attrs.integer("axis"), r.y().rank()));
  const bool after = r.attrs.boolean("after");
  const Expr zeros = broadcastLike(0.0, sliceLike(r.x(), r.x(1), axis, !after));
  return {apply("concatenate", after ? Exprs{zeros, r.dy()} : Exprs{r.dy(), zeros},
                {{"axis", static_cast<int64_t>(axis)}})};
}

// Each input's part of the gradient: between sizes that are counted from the front and from the end, where at
// most one is unknown, else one after the other.
Exprs concatenateGradient(const Rule& r) {
  const auto axis = static_cast<size_t>(normalizeAxis("concatenate", r.attrs.integer("axis"), r.y().rank()));
  size_t open = 0;
  for (size_t i = 0; i < r.inputs(); ++i) open += r.x(i).shape()[axis] == kDynamic;
  if (open > 1) {
    Exprs parts;
    Expr rest = r.dy();
    for (size_t i = 0; i < r.inputs(); ++i) {
      parts.push_back(sliceLike(rest, r.x(i), axis, false));
      rest = sliceLike(rest, r.x(i), axis, true);
    }
    return parts;
  }
  Dims begin(r.y().rank(), 0), end(r.y().rank(), kToTheEnd);
  int64_t fromEnd = 0;
  size_t unknown = r.inputs();
  for (size_t i = 0; i < r.inputs(); ++i) {
    const int64_t size = r.x(i).shape()[axis];
    if (size == kDynamic)
      unknown = i;
    else if (unknown != r.inputs())
      fromEnd -= size;
  }
  Exprs parts;
  int64_t at = 0;
  for (size_t i = 0; i < r.inputs(); ++i) {
    const int64_t size = r.x(i).shape()[axis];
    begin[axis] = at;
    at = i == unknown ? fromEnd : at + size;
    end[axis] = i >= unknown && at == 0 ? kToTheEnd : at;
    parts.push_back(apply("slice", {r.dy()}, {{"begin", begin}, {"end", end}}));
  }
  return parts;
}

std::vector<TensorType> inferPad(const InferContext& context) {
  const TensorType& x = inputOf(context, 0, "x", {DType::F32});
  const std::vector<int64_t>& paddings = context.attrs.integers("paddings");
  if (paddings.size() != 2 * x.shape.size())
    fail(ErrorCode::Attribute, "[pad] expected two 'paddings' (before, after) for each axis of ", toString(x),
         ", received ", toString(Attr(paddings)));
  TensorType result = x;
  for (size_t i = 0; i < paddings.size(); ++i) {
    int64_t& size = result.shape[i / 2];
    if (paddings[i] < 0)
      fail(ErrorCode::Attribute, "[pad] expected 'paddings' of at least 0, received ",
           toString(Attr(paddings)));
    if (size != kDynamic && __builtin_add_overflow(size, paddings[i], &size))
      fail(ErrorCode::OutOfMemory, "[pad] expected a result that fits in memory, received 'paddings' ",
           toString(Attr(paddings)));
  }
  return {result};
}

Exprs padGradient(const Rule& r) {
  const std::vector<int64_t>& paddings = r.attrs.integers("paddings");
  Dims begin, end;
  for (size_t i = 0; i < paddings.size(); i += 2) {
    begin.push_back(paddings[i]);
    end.push_back(paddings[i + 1] ? -paddings[i + 1] : kToTheEnd);
  }
  return {apply("slice", {r.dy()}, {{"begin", begin}, {"end", end}})};
}

}  // namespace

const OpFamily family([] {
  OpDef slice;
  slice.name = "slice";
  slice.minInputs = slice.maxInputs = 1;
  slice.attrs = kSliceAttrs;
  slice.infer = inferSlice;
  slice.gradient =
      rule([](const Rule& r) -> Exprs { return {apply("sliceBackward", {r.dy(), r.x()}, r.attrs)}; });
  registerOp(slice);

  OpDef backward;
  backward.name = "sliceBackward";
  backward.minInputs = backward.maxInputs = 2;
  backward.attrs = kSliceAttrs;
  backward.infer = inferSliceBackward;
  backward.shapeOnly = {1};
  backward.gradient = rule([](const Rule& r) -> Exprs { return {apply("slice", {r.dy()}, r.attrs)}; });
  registerOp(backward);

  OpDef concatenate;
  concatenate.name = "concatenate";
  concatenate.minInputs = 1;
  concatenate.maxInputs = -1;
  concatenate.attrs = {{"axis", AttrKind::Integer, int64_t{-1}}};
  concatenate.infer = inferConcatenate;
  concatenate.gradient = rule(concatenateGradient);
  registerOp(concatenate);

  OpDef like;
  like.name = "sliceLike";
  like.minInputs = like.maxInputs = 2;
  like.attrs = {{"axis", AttrKind::Integer}, {"after", AttrKind::Boolean, false}};
  like.infer = inferSliceLike;
  like.shapeOnly = {1};
  like.gradient = rule(sliceLikeGradient);
  like.lower = lowering(lowerSliceLike);
  registerOp(like);

  OpDef pad;
  pad.name = "pad";
  pad.minInputs = pad.maxInputs = 1;
  pad.attrs = {{"paddings", AttrKind::Integers}, {"value", AttrKind::Number, 0.0}};
  pad.infer = inferPad;
  pad.gradient = rule(padGradient);
  registerOp(pad);
});

}  // namespace nodegrad
