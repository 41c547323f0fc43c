#include "core/window.h"
#include "ops/check.h"
#include "ops/expr.h"
#include "ops/register.h"

namespace nodegrad {

namespace {

const std::vector<AttrSpec> kAttrs = {
    {"poolSize", AttrKind::Integers},
    {"strides", AttrKind::Integers, Dims{}},
    {"padding", AttrKind::Text, std::string("valid")},
    {"pads", AttrKind::Integers, Dims{0, 0, 0, 0}},
    {"dataFormat", AttrKind::Text, std::string("channelsLast")},
};

const TensorType& image(const InferContext& context, size_t i, const char* name) {
  return inputOfRank(context, i, name, {DType::F32}, 4);
}

Dims outputShape(const InferContext& context, const Dims& x) {
  const ImageAxes axes = imageAxes(context.op, context.attrs);
  const auto h = static_cast<size_t>(axes.h), w = static_cast<size_t>(axes.w);
  const Window window = poolWindow(context.op, context.attrs, x[h], x[w]);
  Dims y = x;
  y[h] = window.outH;
  y[w] = window.outW;
  return y;
}

// A place in a window of up to 256 elements needs one byte.
DType indexType(const InferContext& context) {
  const std::vector<int64_t>& size = context.attrs.integers("poolSize");
  return size[0] * size[1] <= 256 ? DType::U8 : DType::I32;
}

void expectIndices(const InferContext& context, const TensorType& indices, const Dims& shape) {
  if (indices.dtype != indexType(context))
    fail(ErrorCode::Dtype, "[", context.op, "] expected ", name(indexType(context)),
         " for the indices, received ", toString(indices));
  expectShape(context, "the indices", indices.shape, shape);
}

std::vector<TensorType> inferMax(const InferContext& context) {
  const Dims y = outputShape(context, image(context, 0, "the image").shape);
  return {{DType::F32, y}, {indexType(context), y}};
}

std::vector<TensorType> inferMaxBackward(const InferContext& context) {
  const TensorType& dy = image(context, 0, "the output's gradient");
  const TensorType& x = image(context, 2, "the image");
  const Dims y = outputShape(context, x.shape);
  expectShape(context, "the output's gradient", dy.shape, y);
  expectIndices(context, context.inputs[1], y);
  return {x};
}

std::vector<TensorType> inferMaxGather(const InferContext& context) {
  const Dims y = outputShape(context, image(context, 0, "the image").shape);
  expectIndices(context, context.inputs[1], y);
  return {{DType::F32, y}};
}

std::vector<TensorType> inferAverage(const InferContext& context) {
  return {{DType::F32, outputShape(context, image(context, 0, "the image").shape)}};
}

std::vector<TensorType> inferAverageBackward(const InferContext& context) {
  const TensorType& dy = image(context, 0, "the output's gradient");
  const TensorType& x = image(context, 1, "the image");
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

void registerPoolOps() {
  registerOp(poolOp("maxPool2d", 1, inferMax, {}, rule([](const Rule& r) -> Exprs {
                      return {apply("maxPool2dBackward", {r.dy(), r.y(1), r.x()}, r.attrs)};
                    })));
  // With the indices given, both are linear, and each is the other's transpose.
  registerOp(poolOp("maxPool2dBackward", 3, inferMaxBackward, {2}, rule([](const Rule& r) -> Exprs {
                      return {apply("maxPool2dGather", {r.dy(), r.x(1)}, r.attrs)};
                    })));
  registerOp(poolOp("maxPool2dGather", 2, inferMaxGather, {}, rule([](const Rule& r) -> Exprs {
                      return {apply("maxPool2dBackward", {r.dy(), r.x(1), r.x(0)}, r.attrs)};
                    })));
  // divide: whether a window's sum is divided by the number of its elements.
  for (OpDef def :
       {poolOp("avgPool2d", 1, inferAverage, {}, rule([](const Rule& r) -> Exprs {
                 return {apply("avgPool2dBackward", {r.dy(), r.x()}, r.attrs)};
               })),
        poolOp("avgPool2dBackward", 2, inferAverageBackward, {1},
               rule([](const Rule& r) -> Exprs { return {apply("avgPool2d", {r.dy()}, r.attrs)}; }))}) {
    def.attrs.push_back({"divide", AttrKind::Boolean, true});
    registerOp(std::move(def));
  }
}

}  // namespace nodegrad
