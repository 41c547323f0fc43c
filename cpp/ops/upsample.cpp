#include "core/window.h"
#include "ops/check.h"
#include "ops/expr.h"

namespace nodegrad {

// Each element becomes as many equal ones as the product of size. Its transpose, which is its gradient, is
// the sum over windows that do not overlap; it runs as the transpose of that sum.
const OpFamily family([] {
  OpDef def;
  def.name = "upSampling";
  def.minInputs = def.maxInputs = 1;
  def.attrs = {
      {"size", AttrKind::Integers},
      {"dataFormat", AttrKind::Text, std::string("channelsLast")},
  };
  def.infer = [](const InferContext& context) -> std::vector<TensorType> {
    TensorType y = imageOf(context, 0, "the image");
    const ImageAxes axes = imageAxes(context.op, context.attrs, y.shape.size());
    upsamplingPool(context.op, context.attrs, axes.spatial);
    Dims sides = axes.spatialOf(y.shape);
    for (size_t i = 0; i < sides.size(); ++i)
      if (sides[i] != kDynamic) sides[i] *= context.attrs.integers("size")[i];
    axes.setSpatial(y.shape, sides.data());
    return {y};
  };
  def.gradient = rule([](const Rule& r) -> Exprs {
    const int spatial = static_cast<int>(r.dy().rank()) - 2;
    return {apply("averagePool", {r.dy()}, upsamplingPool("upSampling", r.attrs, spatial))};
  });
  def.lower = lowering([](const Exprs& x, const TensorType& y, const Attrs& attrs) {
    const int spatial = static_cast<int>(y.shape.size()) - 2;
    return apply("averagePoolBackward", {x[0], shapedAs(y, x[0])},
                 upsamplingPool("upSampling", attrs, spatial));
  });
  registerOp(def);
});

}  // namespace nodegrad
