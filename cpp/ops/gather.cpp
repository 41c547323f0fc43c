#include "ops/check.h"
#include "ops/expr.h"

namespace nodegrad {

namespace {

const std::vector<AttrSpec> kAttrs = {{"axis", AttrKind::Integer, int64_t{0}},
                                      {"batchDims", AttrKind::Integer, int64_t{0}}};

const TensorType& indicesOf(const InferContext& context, size_t i) {
  return inputOf(context, i, "the indices", {DType::I32, DType::U8});
}

// x.shape[:axis] + indices.shape[batchDims:] + x.shape[axis+1:]
Dims gatheredShape(const InferContext& context, const Dims& x, const Dims& indices) {
  const int64_t axis = normalizeAxis(context.op, context.attrs.integer("axis"), x.size());
  const int64_t batchDims = integerAtLeast(context, "batchDims", 0);
  if (batchDims > axis || batchDims > static_cast<int64_t>(indices.size()))
    fail(ErrorCode::Attribute, "[", context.op, "] expected 'batchDims' of at most the axis ", axis,
         " and the indices' rank ", indices.size(), ", received ", batchDims);
  if (!mayEqual(Dims(x.begin(), x.begin() + batchDims), Dims(indices.begin(), indices.begin() + batchDims)))
    fail(ErrorCode::Shape, "[", context.op, "] expected the first ", batchDims,
         " dimensions alike, received ", toString(x), " and indices ", toString(indices));
  Dims shape(x.begin(), x.begin() + axis);
  shape.insert(shape.end(), indices.begin() + batchDims, indices.end());
  shape.insert(shape.end(), x.begin() + axis + 1, x.end());
  return shape;
}

std::vector<TensorType> inferGather(const InferContext& context) {
  const TensorType& x = context.inputs[0];
  return {{x.dtype, gatheredShape(context, x.shape, indicesOf(context, 1).shape)}};
}

std::vector<TensorType> inferGatherBackward(const InferContext& context) {
  const TensorType& dy = inputOf(context, 0, "the output's gradient", {DType::F32});
  const Dims& x = context.inputs[2].shape;
  expectShape(context, "the output's gradient", dy.shape,
              gatheredShape(context, x, indicesOf(context, 1).shape));
  return {{DType::F32, x}};
}

std::vector<TensorType> inferToIndices(const InferContext& context) {
  return {{DType::I32, inputOf(context, 0, "the numbers", {DType::F32}).shape}};
}

std::vector<TensorType> inferOneHot(const InferContext& context) {
  Dims shape = indicesOf(context, 0).shape;
  shape.push_back(integerAtLeast(context, "depth", 1));
  return {{DType::F32, shape}};
}

}  // namespace

const OpFamily family([] {
  OpDef gather;
  gather.name = "gather";
  gather.minInputs = gather.maxInputs = 2;
  gather.attrs = kAttrs;
  gather.infer = inferGather;
  gather.mayFail = true;
  gather.gradient = rule(
      [](const Rule& r) -> Exprs { return {apply("gatherBackward", {r.dy(), r.x(1), r.x(0)}, r.attrs)}; });
  registerOp(gather);

  OpDef backward;
  backward.name = "gatherBackward";
  backward.minInputs = backward.maxInputs = 3;
  backward.attrs = kAttrs;
  backward.infer = inferGatherBackward;
  backward.shapeOnly = {2};
  backward.mayFail = true;
  backward.gradient =
      rule([](const Rule& r) -> Exprs { return {apply("gather", {r.dy(), r.x(1)}, r.attrs)}; });
  registerOp(backward);

  OpDef toIndices;
  toIndices.name = "toIndices";
  toIndices.minInputs = toIndices.maxInputs = 1;
  toIndices.infer = inferToIndices;
  toIndices.differentiable = false;
  toIndices.mayFail = true;
  registerOp(toIndices);

  OpDef oneHot;
  oneHot.name = "oneHot";
  oneHot.minInputs = oneHot.maxInputs = 1;
  oneHot.attrs = {
      {"depth", AttrKind::Integer}, {"onValue", AttrKind::Number, 1.0}, {"offValue", AttrKind::Number, 0.0}};
  oneHot.infer = inferOneHot;
  oneHot.differentiable = false;
  registerOp(oneHot);
});

}  // namespace nodegrad
