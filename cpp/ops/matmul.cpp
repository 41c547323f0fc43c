#include "ops/check.h"
#include "ops/expr.h"

namespace nodegrad {

namespace {

std::vector<TensorType> inferMatmul(const InferContext& context) {
  const TensorType& a = inputOf(context, 0, "a", {DType::F32});
  const TensorType& b = inputOf(context, 1, "b", {DType::F32});
  for (const TensorType* type : {&a, &b})
    if (type->shape.size() < 2)
      fail(ErrorCode::Shape, "[matmul] expected inputs of rank 2 or more, received ", toString(a), " and ",
           toString(b));
  // Rows and columns of an operand, after its transpose.
  const auto matrix = [&](const Dims& shape, const char* attr) {
    const int64_t rows = shape[shape.size() - 2], columns = shape.back();
    return context.attrs.boolean(attr) ? std::make_pair(columns, rows) : std::make_pair(rows, columns);
  };
  const auto [m, ka] = matrix(a.shape, "transposeA");
  const auto [kb, n] = matrix(b.shape, "transposeB");
  if (ka != kb && ka != kDynamic && kb != kDynamic)
    fail(ErrorCode::Shape, "[matmul] expected as many columns of a as rows of b, received ", ka, " and ", kb,
         " of ", toString(a), (context.attrs.boolean("transposeA") ? " (transposed)" : ""), " and ",
         toString(b), (context.attrs.boolean("transposeB") ? " (transposed)" : ""));
  Dims shape = broadcast(context.op, Dims(a.shape.begin(), a.shape.end() - 2),
                         Dims(b.shape.begin(), b.shape.end() - 2));
  shape.push_back(m);
  shape.push_back(n);
  return {{DType::F32, shape}};
}

Expr product(const Expr& a, bool transposeA, const Expr& b, bool transposeB) {
  return apply("matmul", {a, b}, {{"transposeA", transposeA}, {"transposeB", transposeB}});
}

// Sums over the leading axes along which an operand was broadcast. Two matrices have none.
Expr leadingSum(const Expr& gradient, const Expr& like) {
  return gradient.rank() == 2 ? gradient : sumTo(gradient, like);
}

Exprs matmulGradient(const Rule& r) {
  const bool transposeA = r.attrs.boolean("transposeA"), transposeB = r.attrs.boolean("transposeB");
  const Expr a = r.x(0), b = r.x(1), dy = r.dy();
  const Expr da = transposeA ? product(b, transposeB, dy, true) : product(dy, false, b, !transposeB);
  // One matrix for a whole stack: its gradient is one product over all rows, not a sum over a stack of
  // products.
  const bool shared = b.rank() == 2 && a.rank() > 2 && !transposeA && isStatic(b.shape());
  const Expr rows = shared ? apply("reshape", {a}, {{"shape", Dims{-1, b.shape()[transposeB ? 1 : 0]}}}) : a;
  const Expr dRows =
      shared ? apply("reshape", {dy}, {{"shape", Dims{-1, b.shape()[transposeB ? 0 : 1]}}}) : dy;
  const Expr db =
      transposeB ? product(dRows, true, rows, transposeA) : product(rows, !transposeA, dRows, false);
  return {leadingSum(da, a), leadingSum(db, b)};
}

}  // namespace

const OpFamily family([] {
  OpDef def;
  def.name = "matmul";
  def.minInputs = def.maxInputs = 2;
  def.attrs = {{"transposeA", AttrKind::Boolean, false}, {"transposeB", AttrKind::Boolean, false}};
  def.infer = inferMatmul;
  def.gradient = rule(matmulGradient);
  registerOp(def);
});

}  // namespace nodegrad
