#include "core/window.h"
#include "ops/check.h"
#include "ops/expr.h"

namespace nodegrad {

namespace {

const std::vector<AttrSpec> kAttrs = {
    {"poolSize", AttrKind::Integers},
    {"strides", AttrKind::Integers, Dims{}},
    {"padding", AttrKind::Text, std::string("valid")},
    {"pads", AttrKind::Integers, Dims{}},
    {"dataFormat", AttrKind::Text, std::string("channelsLast")},
};

Dims outputShape(const InferContext& context, const Dims& x) {
  const ImageAxes axes = imageAxes(context.op, context.attrs, x.size());
  const Window window = poolWindow(context.op, context.attrs, axes.spatialOf(x));
  Dims y = x;
  axes.setSpatial(y, window.out);
  return y;
}

// A position in a window of up to 256 elements needs one byte.
DType indexType(const InferContext& context) {
  return count(context.attrs.integers("poolSize")) <= 256 ? DType::U8 : DType::I32;
}

void expectIndices(const InferContext& context, const TensorType& indices, const Dims& shape) {
  if (indices.dtype != indexType(context))
    fail(ErrorCode::Dtype, "[", context.op, "] expected ", name(indexType(context)),
         " for the indices, received ", toString(indices));
  expectShape(context, "the indices", indices.shape, shape);
}

std::vector<TensorType> inferMax(const InferContext& context) {
  const Dims y = outputShape(context, imageOf(context, 0, "the image").shape);
  return {{DType::F32, y}, {indexType(context), y}};
}

std::vector<TensorType> inferMaxBackward(const InferContext& context) {
  const TensorType& x = imageOf(context, 2, "the image");
  const TensorType& dy = imageOf(context, 0, "the output's gradient", x);
  const Dims y = outputShape(context, x.shape);
  expectShape(context, "the output's gradient", dy.shape, y);
  expectIndices(context, context.inputs[1], y);
  return {x};
}

std::vector<TensorType> inferMaxGather(const InferContext& context) {
  const Dims y = outputShape(context, imageOf(context, 0, "the image").shape);
  expectIndices(context, context.inputs[1], y);
  return {{DType::F32, y}};
}

std::vector<TensorType> inferAverage(const InferContext& context) {
  return {{DType::F32, outputShape(context, imageOf(context, 0, "the image").shape)}};
}

std::vector<TensorType> inferAverageBackward(const InferContext& context) {
  const TensorType& x = imageOf(context, 1, "the image");
  const TensorType& dy = imageOf(context, 0, "the output's gradient", x);
  expectShape(context, "the output's gradient", dy.shape, outputShape(context, x.shape));
  return {x};
}

OpDef poolOp(const char* name, int inputs, Infer infer, std::vector<int> shapeOnly, Gradient gradient) {
  OpDef def;
  def.name = name;
  def.minInputs = def.maxInputs = inputs;
  def.attrs = kAttrs;
  def.infer = std::move(infer);
  def.shapeOnly = std::move(shapeOnly);
  def.gradient = std::move(gradient);
  return def;
}

}  // namespace

const OpFamily family([] {
  registerOp(poolOp("maxPool", 1, inferMax, {}, rule([](const Rule& r) -> Exprs {
                      return {apply("maxPoolBackward", {r.dy(), r.y(1), r.x()}, r.attrs)};
                    })));
  // With the indices given, both are linear, and each is the other's transpose.
  registerOp(poolOp("maxPoolBackward", 3, inferMaxBackward, {2}, rule([](const Rule& r) -> Exprs {
                      return {apply("maxPoolGather", {r.dy(), r.x(1)}, r.attrs)};
                    })));
  registerOp(poolOp("maxPoolGather", 2, inferMaxGather, {}, rule([](const Rule& r) -> Exprs {
                      return {apply("maxPoolBackward", {r.dy(), r.x(1), r.x(0)}, r.attrs)};
                    })));
  // divide: whether a window's sum is divided by the number of its elements.
  for (OpDef def :
       {poolOp("averagePool", 1, inferAverage, {}, rule([](const Rule& r) -> Exprs {
                 return {apply("averagePoolBackward", {r.dy(), r.x()}, r.attrs)};
               })),
        poolOp("averagePoolBackward", 2, inferAverageBackward, {1},
               rule([](const Rule& r) -> Exprs { return {apply("averagePool", {r.dy()}, r.attrs)}; }))}) {
    def.attrs.push_back({"divide", AttrKind::Boolean, true});
    registerOp(std::move(def));
  }
});

}  // namespace nodegrad
