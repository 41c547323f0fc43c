#include "ops/check.h"
#include "ops/expr.h"

namespace nodegrad {

namespace {

const std::vector<AttrSpec> kAttrs = {{"epsilon", AttrKind::Number, 1e-3},
                                      {"axis", AttrKind::Integer, int64_t{-1}}};

int64_t channelAxis(const std::string& op, const Attrs& attrs, size_t rank) {
  return normalizeAxis(op, attrs.integer("axis"), rank);
}

// x, with one number a channel among the inputs from `first` on. Gives the type of those.
TensorType inferChannels(const InferContext& context, size_t x, size_t first) {
  const TensorType& image = inputOf(context, x, "x", {DType::F32});
  if (image.shape.size() < 2)
    fail(ErrorCode::Shape, "[", context.op, "] expected x of rank 2 or more, received ", toString(image));
  const int64_t axis = channelAxis(context.op, context.attrs, image.shape.size());
  int64_t channels = image.shape[static_cast<size_t>(axis)];
  for (int64_t size : image.shape)
    if (size == 0)
      fail(ErrorCode::Shape, "[", context.op, "] expected at least one number to normalize, received ",
           toString(image));
  for (size_t i = first; i < context.inputs.size(); ++i) {
    const TensorType& vector = inputOfRank(context, i, "a channel's numbers", {DType::F32}, 1);
    if (channels == kDynamic) channels = vector.shape[0];
    expectShape(context, "a channel's numbers", vector.shape, {channels});
  }
  return {DType::F32, {channels}};
}

std::vector<TensorType> inferBatchNorm(const InferContext& context) {
  const TensorType channels = inferChannels(context, 0, 1);
  return {context.inputs[0], channels, channels};
}

std::vector<TensorType> inferBatchNormBackward(const InferContext& context) {
  const TensorType channels = inferChannels(context, 1, 2);
  const TensorType& dy = inputOf(context, 0, "the output's gradient", {DType::F32});
  expectShape(context, "the output's gradient", dy.shape, context.inputs[1].shape);
  return {context.inputs[1], channels, channels};
}

// What the formulas share: vectors of channels that broadcast along x, and sums over all other axes.
class Channels {
 public:
  Channels(const std::string& op, const Attrs& attrs, const Expr& x, const Expr& vector)
      : axis_(channelAxis(op, attrs, x.rank())),
        rank_(static_cast<int64_t>(x.rank())),
        size_(apply("sizeRatio", {x, vector})) {}

  Expr along(const Expr& vector) const {
    if (axis_ == rank_ - 1) return vector;
    Dims shape(static_cast<size_t>(rank_ - axis_), 1);
    shape[0] = -1;
    return apply("reshape", {vector}, {{"shape", shape}});
  }
  Expr sum(const Expr& x) const {
    Dims axes;
    for (int64_t axis = 0; axis < rank_; ++axis)
      if (axis != axis_) axes.push_back(axis);
    return apply("sum", {x}, {{"axes", axes}});
  }
  // How many numbers a channel has.
  const Expr& size() const { return size_; }

 private:
  int64_t axis_, rank_;
  Expr size_;
};

// batchNormBackward in other ops: dx, dgamma, dbeta.
Exprs composeBackward(const Exprs& in, const Attrs& attrs) {
  const Expr &dy = in[0], &x = in[1], &gamma = in[2], &mean = in[3], &variance = in[4];
  const Channels channels("batchNormalizationBackward", attrs, x, gamma);
  const Expr inverse = apply("rsqrt", {variance + attrs.number("epsilon")});
  const Expr normalized = (x - channels.along(mean)) * channels.along(inverse);
  const Expr dbeta = channels.sum(dy), dgamma = channels.sum(dy * normalized);
  const Expr dx =
      (dy - channels.along(dbeta / channels.size()) - normalized * channels.along(dgamma / channels.size())) *
      channels.along(gamma * inverse);
  return {dx, dgamma, dbeta};
}

std::vector<Value> batchNormGradient(const GradientContext& context) {
  const Value x = context.inputs[0], gamma = context.inputs[1];
  std::vector<Value> result(3, kNone);
  const auto flow = [&](size_t i) { return Expr(context.graph, context.gradients[i]); };
  if (context.gradients[0] != kNone)
    result = context.graph.op("batchNormalizationBackward",
                              {context.gradients[0], x, gamma, context.outputs[1], context.outputs[2]},
                              context.attrs);
  // Through the statistics themselves, where someone uses them.
  const Expr image(context.graph, x);
  const Channels channels("batchNormalization", context.attrs, image, Expr(context.graph, gamma));
  const auto more = [&](const Expr& gradient) {
    result[0] = result[0] == kNone ? gradient.value() : (Expr(context.graph, result[0]) + gradient).value();
  };
  if (context.gradients[1] != kNone) more(broadcastLike(channels.along(flow(1) / channels.size()), image));
  if (context.gradients[2] != kNone) {
    const Expr centred = image - channels.along(Expr(context.graph, context.outputs[1]));
    more(centred * channels.along(flow(2) * 2.0 / channels.size()));
  }
  return result;
}

OpDef normOp(const char* name, int inputs, Infer infer, Gradient gradient) {
  OpDef def;
  def.name = name;
  def.minInputs = def.maxInputs = inputs;
  def.attrs = kAttrs;
  def.infer = std::move(infer);
  def.gradient = std::move(gradient);
  return def;
}

}  // namespace

const OpFamily family([] {
  // x, gamma, beta to y, the batch's mean and its (biased) variance.
  registerOp(normOp("batchNormalization", 3, inferBatchNorm, batchNormGradient));
  // dy, x, gamma, mean, variance to dx, dgamma, dbeta.
  registerOp(
      normOp("batchNormalizationBackward", 5, inferBatchNormBackward,
             [](const GradientContext& context) { return composedGradient(context, composeBackward); }));
});

}  // namespace nodegrad
