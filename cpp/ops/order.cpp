#include "ops/check.h"

// What goes by the order of numbers: NaN comes after all others.
namespace nodegrad {

namespace {

std::vector<TensorType> inferArgsort(const InferContext& context) {
  const TensorType& x = inputOf(context, 0, "x");
  if (x.shape.empty())
    fail(ErrorCode::Shape, "[", context.op, "] expected x of rank 1 or more, received ", toString(x));
  TensorType indices{DType::I32, x.shape};
  const int64_t k = integerAtLeast(context, "k", -1);
  if (k >= 0 && x.shape.back() != kDynamic && k > x.shape.back())
    fail(ErrorCode::Attribute, "[", context.op, "] expected 'k' of at most ", x.shape.back(),
         " as there are numbers along the last axis, received ", k);
  if (k >= 0) indices.shape.back() = k;
  return {indices};
}

std::vector<TensorType> inferSearchSorted(const InferContext& context) {
  const TensorType& sequence = inputOf(context, 0, "the sorted sequence");
  const TensorType& values = inputOf(context, 1, "the values");
  if (sequence.shape.size() != 1)
    fail(ErrorCode::Shape, "[", context.op, "] expected a sorted sequence of rank 1, received ",
         toString(sequence));
  expectSameDType(context, sequence, values);
  return {{DType::I32, values.shape}};
}

}  // namespace

const OpFamily family([] {
  OpDef argsort;
  argsort.name = "argsort";
  argsort.minInputs = argsort.maxInputs = 1;
  // k: how many indices are wanted, the first of the order; -1: all.
  argsort.attrs = {{"descending", AttrKind::Boolean, false}, {"k", AttrKind::Integer, int64_t{-1}}};
  argsort.infer = inferArgsort;
  argsort.differentiable = false;
  registerOp(argsort);

  OpDef search;
  search.name = "searchSorted";
  search.minInputs = search.maxInputs = 2;
  search.attrs = {{"right", AttrKind::Boolean, false}};
  search.infer = inferSearchSorted;
  search.differentiable = false;
  registerOp(search);
});

}  // namespace nodegrad
