#include "core/window.h"
#include "ops/check.h"
#include "ops/expr.h"

namespace nodegrad {

namespace {

const std::vector<AttrSpec> kAttrs = {
    {"strides", AttrKind::Integers, Dims{}},
    {"dilations", AttrKind::Integers, Dims{}},
    {"padding", AttrKind::Text, std::string("valid")},
    {"pads", AttrKind::Integers, Dims{}},
    {"groups", AttrKind::Integer, int64_t{1}},
    {"dataFormat", AttrKind::Text, std::string("channelsLast")},
};

// The output's shape for an image and a kernel [spatial dimensions …, channels / groups, filters].
Dims outputShape(const InferContext& context, const Dims& x, const Dims& w) {
  const int64_t groups = integerAtLeast(context, "groups", 1);
  const ImageAxes axes = imageAxes(context.op, context.attrs, x.size());
  const auto spatial = static_cast<size_t>(axes.spatial);
  const int64_t channels = x[static_cast<size_t>(axes.c)], perGroup = w[spatial], filters = w[spatial + 1];
  if (channels != kDynamic && perGroup != kDynamic &&
      (channels % groups != 0 || channels / groups != perGroup))
    fail(ErrorCode::Shape, "[", context.op, "] expected a kernel ", kernelForm(axes.spatial),
         ", channels / groups, filters] for an image of ", channels, " channels in ", groups,
         " groups, received kernel ", toString(w), " and image ", toString(x));
  if (filters != kDynamic && filters % groups != 0)
    fail(ErrorCode::Shape, "[", context.op, "] expected a number of filters that ", groups,
         " groups divide, received kernel ", toString(w));
  const Window window =
      convWindow(context.op, context.attrs, axes.spatialOf(x), Dims(w.begin(), w.end() - 2));
  Dims y = x;
  axes.setSpatial(y, window.out);
  y[static_cast<size_t>(axes.c)] = filters;
  return y;
}

std::vector<TensorType> inferForward(const InferContext& context) {
  const TensorType& x = imageOf(context, 0, "the image");
  const TensorType& w = imageOf(context, 1, "the kernel", x);
  return {{DType::F32, outputShape(context, x.shape, w.shape)}};
}

std::vector<TensorType> inferBackwardData(const InferContext& context) {
  const TensorType& x = imageOf(context, 2, "the image");
  const TensorType& w = imageOf(context, 0, "the kernel", x);
  const TensorType& dy = imageOf(context, 1, "the output's gradient", x);
  expectShape(context, "the output's gradient", dy.shape, outputShape(context, x.shape, w.shape));
  return {x};
}

std::vector<TensorType> inferBackwardFilter(const InferContext& context) {
  const TensorType& x = imageOf(context, 0, "the image");
  const TensorType& dy = imageOf(context, 1, "the output's gradient", x);
  const TensorType& w = imageOf(context, 2, "the kernel", x);
  expectShape(context, "the output's gradient", dy.shape, outputShape(context, x.shape, w.shape));
  return {w};
}

Expr forward(const Rule& r, const Expr& x, const Expr& w) { return apply("conv", {x, w}, r.attrs); }
Expr backwardData(const Rule& r, const Expr& w, const Expr& dy, const Expr& x) {
  return apply("convBackwardData", {w, dy, x}, r.attrs);
}
Expr backwardFilter(const Rule& r, const Expr& x, const Expr& dy, const Expr& w) {
  return apply("convBackwardFilter", {x, dy, w}, r.attrs);
}

}  // namespace

// All three come from one form, bilinear in each pair of (image, kernel, output's gradient), so each one's
// derivatives are the other two.
const OpFamily family([] {
  OpDef conv;
  conv.name = "conv";
  conv.minInputs = conv.maxInputs = 2;
  conv.attrs = kAttrs;
  conv.infer = inferForward;
  conv.gradient = rule([](const Rule& r) -> Exprs {
    return {backwardData(r, r.x(1), r.dy(), r.x(0)), backwardFilter(r, r.x(0), r.dy(), r.x(1))};
  });
  registerOp(conv);

  OpDef data;
  data.name = "convBackwardData";
  data.minInputs = data.maxInputs = 3;
  data.attrs = kAttrs;
  data.infer = inferBackwardData;
  data.shapeOnly = {2};
  data.gradient = rule([](const Rule& r) -> Exprs {
    return {backwardFilter(r, r.dy(), r.x(1), r.x(0)), forward(r, r.dy(), r.x(0))};
  });
  registerOp(data);

  OpDef filter;
  filter.name = "convBackwardFilter";
  filter.minInputs = filter.maxInputs = 3;
  filter.attrs = kAttrs;
  filter.infer = inferBackwardFilter;
  filter.shapeOnly = {2};
  filter.gradient = rule([](const Rule& r) -> Exprs {
    return {backwardData(r, r.dy(), r.x(1), r.x(0)), forward(r, r.x(0), r.dy())};
  });
  registerOp(filter);
});

}  // namespace nodegrad
