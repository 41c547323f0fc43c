#include "core/window.h"
#include "ops/check.h"
#include "ops/expr.h"
#include "ops/register.h"

namespace nodegrad {

// Each element becomes size[0] · size[1] equal ones. Its transpose, which is its gradient, is the sum over
// windows that do not overlap; the plan makes the transpose of that sum of it.
void registerUpsampleOps() {
  OpDef def;
  def.name = "upSampling2d";
  def.minInputs = def.maxInputs = 1;
  def.attrs = {
      {"size", AttrKind::Integers},
      {"dataFormat", AttrKind::Text, std::string("channelsLast")},
  };
  def.infer = [](const InferContext& context) -> std::vector<TensorType> {
    TensorType y = inputOfRank(context, 0, "the image", {DType::F32}, 4);
    const ImageAxes axes = imageAxes(context.op, context.attrs);
    upsamplingPool(context.op, context.attrs);
    for (const auto& [axis, i] : {std::make_pair(axes.h, size_t{0}), std::make_pair(axes.w, size_t{1})}) {
      int64_t& side = y.shape[static_cast<size_t>(axis)];
      if (side != kDynamic) side *= context.attrs.integers("size")[i];
    }
    return {y};
  };
  def.gradient = rule([](const Rule& r) -> Exprs {
    return {apply("avgPool2d", {r.dy()}, upsamplingPool("upSampling2d", r.attrs))};
  });
  registerOp(def);
}

}  // namespace nodegrad
