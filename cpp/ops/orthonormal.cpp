#include "ops/check.h"

namespace nodegrad {

namespace {

std::vector<TensorType> inferOrthonormalRows(const InferContext& context) {
  const TensorType& x = inputOfRank(context, 0, "x", {DType::F32}, 2);
  if (isStatic(x.shape) && x.shape[0] > x.shape[1])
    fail(ErrorCode::Shape, "[orthonormalRows] expected at most as many rows as columns, received ",
         toString(x));
  return {x};
}

}  // namespace

const OpFamily family([] {
  OpDef def;
  def.name = "orthonormalRows";
  def.minInputs = def.maxInputs = 1;
  def.infer = inferOrthonormalRows;
  def.differentiable = false;  // it makes the first numbers of a weight
  registerOp(def);
});

}  // namespace nodegrad
