#include "core/window.h"
#include "ops/check.h"
#include "ops/expr.h"
#include "ops/register.h"

namespace nodegrad {

namespace {

const std::vector<AttrSpec> kAttrs = {
    {"strides", AttrKind::Integers, Dims{1, 1}},
    {"dilations", AttrKind::Integers, Dims{1, 1}},
    {"padding", AttrKind::Text, std::string("valid")},
    {"pads", AttrKind::Integers, Dims{0, 0, 0, 0}},
    {"groups", AttrKind::Integer, int64_t{1}},
    {"dataFormat", AttrKind::Text, std::string("channelsLast")},
};

// The output's shape for an image and a kernel [kh, kw, inC/groups, outC].
Dims outputShape(const InferContext& context, const Dims& x, const Dims& w) {
  const int64_t groups = integerAtLeast(context, "groups", 1);
  const ImageAxes axes = imageAxes(context.op, context.attrs);
  const auto at = [&](int axis) { return x[static_cast<size_t>(axis)]; };
  const int64_t channels = at(axes.c);
  if (channels != kDynamic && w[2] != kDynamic && (channels % groups != 0 || channels / groups != w[2]))
    fail(ErrorCode::Shape, "[", context.op,
         "] expected a kernel [kh, kw, channels / groups, filters] for an image of ", channels,
         " channels in ", groups, " groups, received kernel ", toString(w), " and image ", toString(x));
  if (w[3] != kDynamic && w[3] % groups != 0)
    fail(ErrorCode::Shape, "[", context.op, "] expected a number of filters that ", groups,
         " groups divide, received kernel ", toString(w));
  const Window window = convWindow(context.op, context.attrs, at(axes.h), at(axes.w), w[0], w[1]);
  Dims y(4);
  y[static_cast<size_t>(axes.n)] = at(axes.n);
  y[static_cast<size_t>(axes.h)] = window.outH;
  y[static_cast<size_t>(axes.w)] = window.outW;
  y[static_cast<size_t>(axes.c)] = w[3];
  return y;
}

const TensorType& image(const InferContext& context, size_t i, const char* name) {
  return inputOfRank(context, i, name, {DType::F32}, 4);
}

std::vector<TensorType> inferForward(const InferContext& context) {
  const TensorType& x = image(context, 0, "the image");
  const TensorType& w = image(context, 1, "the kernel");
  return {{DType::F32, outputShape(context, x.shape, w.shape)}};
}

std::vector<TensorType> inferBackwardData(const InferContext& context) {
  const TensorType& w = image(context, 0, "the kernel");
  const TensorType& dy = image(context, 1, "the output's gradient");
  const TensorType& x = image(context, 2, "the image");
  expectShape(context, "the output's gradient", dy.shape, outputShape(context, x.shape, w.shape));
  return {x};
}

std::vector<TensorType> inferBackwardFilter(const InferContext& context) {
  const TensorType& x = image(context, 0, "the image");
  const TensorType& dy = image(context, 1, "the output's gradient");
  const TensorType& w = image(context, 2, "the kernel");
  expectShape(context, "the output's gradient", dy.shape, outputShape(context, x.shape, w.shape));
  return {w};
}

Expr forward(const Rule& r, const Expr& x, const Expr& w) { return apply("conv2d", {x, w}, r.attrs); }
Expr backwardData(const Rule& r, const Expr& w, const Expr& dy, const Expr& x) {
  return apply("conv2dBackwardData", {w, dy, x}, r.attrs);
}
Expr backwardFilter(const Rule& r, const Expr& x, const Expr& dy, const Expr& w) {
  return apply("conv2dBackwardFilter", {x, dy, w}, r.attrs);
}

}  // namespace

// All three come from one form, bilinear in each pair of (image, kernel, output's gradient), so each one's
// derivatives are the other two.
void registerConvOps() {
  OpDef conv;
  conv.name = "conv2d";
  conv.minInputs = conv.maxInputs = 2;
  conv.attrs = kAttrs;
  conv.infer = inferForward;
  conv.gradient = rule([](const Rule& r) -> Exprs {
    return {backwardData(r, r.x(1), r.dy(), r.x(0)), backwardFilter(r, r.x(0), r.dy(), r.x(1))};
  });
  registerOp(conv);

  OpDef data;
  data.name = "conv2dBackwardData";
  data.minInputs = data.maxInputs = 3;
  data.attrs = kAttrs;
  data.infer = inferBackwardData;
  data.shapeOnly = {2};
  data.gradient = rule([](const Rule& r) -> Exprs {
    return {backwardFilter(r, r.dy(), r.x(1), r.x(0)), forward(r, r.dy(), r.x(0))};
  });
  registerOp(data);

  OpDef filter;
  filter.name = "conv2dBackwardFilter";
  filter.minInputs = filter.maxInputs = 3;
  filter.attrs = kAttrs;
  filter.infer = inferBackwardFilter;
  filter.shapeOnly = {2};
  filter.gradient = rule([](const Rule& r) -> Exprs {
    return {backwardData(r, r.dy(), r.x(1), r.x(0)), forward(r, r.x(0), r.dy())};
  });
  registerOp(filter);
}

}  // namespace nodegrad
