#include <string>

#include "ops/check.h"
#include "ops/expr.h"
#include "ops/product.h"

// The largest and smallest number and the product of the rows of each segment: rows of one id. How many
// segments there are the attribute says, or the first size of a third input.
namespace nodegrad {

namespace {

std::vector<TensorType> inferSegment(const InferContext& context) {
  TensorType data = inputOf(context, 0, "the data", {DType::F32, DType::I32});
  const TensorType& ids = inputOfRank(context, 1, "the segment ids", {DType::I32}, 1);
  if (data.shape.empty() || !mayEqual({data.shape[0]}, ids.shape))
    fail(ErrorCode::Shape, "[", context.op, "] expected an id for each row of the data, received ",
         toString(data), " and ", toString(ids));
  if (context.inputs.size() == 2) {
    data.shape[0] = integerAtLeast(context, "segments", 0);
    return {data};
  }
  const Dims& like = context.inputs[2].shape;
  if (like.empty())
    fail(ErrorCode::Shape, "[", context.op, "] expected a row for each segment as third input, received ",
         toString(context.inputs[2]));
  data.shape[0] = like[0];
  return {data};
}

// For each row what its segment has.
Expr ofSegments(const Expr& values, const Expr& ids) {
  return apply("gather", {values, ids}, {{"axis", int64_t{0}}, {"batchDims", int64_t{0}}});
}

Expr segmentSums(const Expr& rows, const Expr& ids, const Expr& like) {
  return apply("gatherBackward", {rows, ids, like}, {{"axis", int64_t{0}}, {"batchDims", int64_t{0}}});
}

// Spread evenly over those that equal the result.
Exprs extremeGradient(const Rule& r) {
  const Expr ids = r.x(1), chosen = indicator(equal(r.x(), ofSegments(r.y(), ids)));
  // A segment without rows divides by 1, so that further derivatives are finite.
  const Expr count = apply("maximum", {segmentSums(chosen, ids, r.y()), 1.0});
  return {chosen * ofSegments(r.dy() / count, ids)};
}

Exprs productGradient(const Rule& r) {
  const Expr ids = r.x(1);
  const Expr others = productOfOthers(
      r.x(), [&](const Expr& x) { return ofSegments(segmentSums(x, ids, r.y()), ids); },
      [&](const Expr& x) { return ofSegments(apply("segmentProd", {x, ids, r.y()}, {}), ids); });
  return {ofSegments(r.dy(), ids) * others};
}

}  // namespace

const OpFamily family([] {
  for (const char* name : {"segmentMax", "segmentMin", "segmentProd"}) {
    OpDef def;
    def.name = name;
    def.minInputs = 2;
    def.maxInputs = 3;
    def.attrs = {{"segments", AttrKind::Integer, int64_t{-1}}};
    def.shapeOnly = {2};
    def.infer = inferSegment;
    def.mayFail = true;
    def.gradient = rule(std::string(name) == "segmentProd" ? productGradient : extremeGradient);
    registerOp(def);
  }
});

}  // namespace nodegrad
