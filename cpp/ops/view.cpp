#include "ops/check.h"

// The same bytes as numbers of another dtype.
namespace nodegrad {

namespace {

std::vector<TensorType> inferView(const InferContext& context) {
  TensorType x = inputOf(context, 0, "x");
  const DType to = dtypeFromName(context.attrs.text("dtype"));
  if (to == DType::Bool && x.dtype != DType::Bool)
    fail(ErrorCode::Dtype, "[view] expected x of bool, whose bytes are 0 or 1, for a view as bool, received ",
         toString(x));
  const auto from = static_cast<int64_t>(sizeOf(x.dtype)), size = static_cast<int64_t>(sizeOf(to));
  x.dtype = to;
  if (from == size) return {x};
  if (x.shape.empty())
    fail(ErrorCode::Shape,
         "[view] expected x of rank 1 or more for a dtype of another size, received a scalar");
  int64_t& last = x.shape.back();
  if (last == kDynamic) return {x};
  if (last * from % size != 0)
    fail(ErrorCode::Shape, "[view] expected a last axis whose bytes ", name(to), " fills, received ",
         toString(context.inputs[0]));
  last = last * from / size;
  return {x};
}

}  // namespace

const OpFamily family([] {
  OpDef view;
  view.name = "view";
  view.minInputs = view.maxInputs = 1;
  view.attrs = {{"dtype", AttrKind::Text}};
  view.infer = inferView;
  view.differentiable = false;
  registerOp(view);
});

}  // namespace nodegrad
