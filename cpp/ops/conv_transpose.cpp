#include "core/window.h"
#include "ops/check.h"
#include "ops/expr.h"

namespace nodegrad {

namespace {

std::vector<TensorType> infer(const InferContext& context) {
  const TensorType& image = imageOf(context, 0, "the image");
  const Dims &x = image.shape, &w = imageOf(context, 1, "the kernel", image).shape;
  const ImageAxes axes = imageAxes(context.op, context.attrs, x.size());
  const auto c = static_cast<size_t>(axes.c);
  if (x[c] != w.back() && x[c] != kDynamic && w.back() != kDynamic)
    fail(ErrorCode::Shape, "[", context.op, "] expected a kernel ", kernelForm(axes.spatial),
         ", filters, channels] for an image of ", x[c], " channels, received kernel ", toString(w),
         " and image ", toString(x));
  const TransposedWindow window =
      transposedWindow(context.op, context.attrs, axes.spatialOf(x), Dims(w.begin(), w.end() - 2));
  Dims y = x;
  axes.setSpatial(y, window.out);
  y[c] = w[w.size() - 2];
  return {{DType::F32, y}};
}

}  // namespace

// The data gradient of a convolution as an op: its gradients are that convolution and its weight gradient.
const OpFamily family([] {
  OpDef def;
  def.name = "convTranspose";
  def.minInputs = def.maxInputs = 2;
  def.attrs = {
      {"strides", AttrKind::Integers, Dims{}},
      {"dilations", AttrKind::Integers, Dims{}},
      {"padding", AttrKind::Text, std::string("valid")},
      {"outputPadding", AttrKind::Integers, Dims{}},
      {"dataFormat", AttrKind::Text, std::string("channelsLast")},
  };
  def.infer = infer;
  def.gradient = rule([](const Rule& r) -> Exprs {
    const Expr x = r.x(0), w = r.x(1);
    const Attrs conv = transposedConv("convTranspose", r.attrs, Dims(w.shape().begin(), w.shape().end() - 2));
    return {apply("conv", {r.dy(), w}, conv), apply("convBackwardFilter", {r.dy(), x, w}, conv)};
  });
  def.lower = lowering([](const Exprs& x, const TensorType& y, const Attrs& attrs) {
    const Dims& w = x[1].shape();
    const Attrs conv = transposedConv("convTranspose", attrs, Dims(w.begin(), w.end() - 2));
    return apply("convBackwardData", {x[1], x[0], shapedAs(y, x[0])}, conv);
  });
  registerOp(def);
});

}  // namespace nodegrad
