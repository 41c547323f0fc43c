#include "core/window.h"
#include "ops/check.h"
#include "ops/expr.h"
#include "ops/register.h"

namespace nodegrad {

namespace {

std::vector<TensorType> infer(const InferContext& context) {
  const Dims& x = inputOfRank(context, 0, "the image", {DType::F32}, 4).shape;
  const Dims& w = inputOfRank(context, 1, "the kernel", {DType::F32}, 4).shape;
  const ImageAxes axes = imageAxes(context.op, context.attrs);
  const auto at = [&](int axis) { return x[static_cast<size_t>(axis)]; };
  if (at(axes.c) != w[3] && at(axes.c) != kDynamic && w[3] != kDynamic)
    fail(ErrorCode::Shape, "[", context.op,
         "] expected a kernel [kh, kw, filters, channels] for an image of ", at(axes.c),
         " channels, received kernel ", toString(w), " and image ", toString(x));
  const TransposedWindow window =
      transposedWindow(context.op, context.attrs, at(axes.h), at(axes.w), w[0], w[1]);
  Dims y(4);
  y[static_cast<size_t>(axes.n)] = at(axes.n);
  y[static_cast<size_t>(axes.h)] = window.outH;
  y[static_cast<size_t>(axes.w)] = window.outW;
  y[static_cast<size_t>(axes.c)] = w[2];
  return {{DType::F32, y}};
}

}  // namespace

// The data gradient of a convolution, as an op of its own: the plan makes conv2dBackwardData of it, so its
// gradients are that convolution and its weight gradient.
void registerConvTransposeOps() {
  OpDef def;
  def.name = "conv2dTranspose";
  def.minInputs = def.maxInputs = 2;
  def.attrs = {
      {"strides", AttrKind::Integers, Dims{1, 1}},
      {"dilations", AttrKind::Integers, Dims{1, 1}},
      {"padding", AttrKind::Text, std::string("valid")},
      {"outputPadding", AttrKind::Integers, Dims{}},
      {"dataFormat", AttrKind::Text, std::string("channelsLast")},
  };
  def.infer = infer;
  def.gradient = rule([](const Rule& r) -> Exprs {
    const Expr x = r.x(0), w = r.x(1);
    const Attrs conv =
        transposedWindow("conv2dTranspose", r.attrs, kDynamic, kDynamic, w.shape()[0], w.shape()[1]).conv;
    return {apply("conv2d", {r.dy(), w}, conv), apply("conv2dBackwardFilter", {r.dy(), x, w}, conv)};
  });
  registerOp(def);
}

}  // namespace nodegrad
