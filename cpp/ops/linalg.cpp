#include <algorithm>

#include "ops/check.h"
#include "ops/expr.h"

// Factorizations of matrices, [..., rows, columns], and what is made of them. The derivatives are those of
// Giles, An extended collection of matrix derivative results, 2008, and Walter and Lehmann, Algorithmic
// differentiation of linear algebra functions, 2010.
namespace nodegrad {

namespace {

constexpr int64_t kRest = INT64_MAX;

const TensorType& matricesOf(const InferContext& context, size_t i, const char* name) {
  const TensorType& type = inputOf(context, i, name, {DType::F32});
  if (type.shape.size() < 2)
    fail(ErrorCode::Shape, "[", context.op, "] expected ", name, " of rank 2 or more, received ",
         toString(type));
  return type;
}

const TensorType& squareOf(const InferContext& context, size_t i, const char* name) {
  const TensorType& type = matricesOf(context, i, name);
  const int64_t rows = type.shape[type.shape.size() - 2], columns = type.shape.back();
  if (rows != columns && rows != kDynamic && columns != kDynamic)
    fail(ErrorCode::Shape, "[", context.op, "] expected square matrices as ", name, ", received ",
         toString(type));
  return type;
}

Dims leading(const Dims& shape) { return {shape.begin(), shape.end() - 2}; }

TensorType stack(const Dims& leading, int64_t rows, int64_t columns, DType dtype = DType::F32) {
  Dims shape = leading;
  shape.push_back(rows);
  shape.push_back(columns);
  return {dtype, shape};
}

int64_t least(int64_t a, int64_t b) { return a == kDynamic || b == kDynamic ? kDynamic : std::min(a, b); }

std::vector<TensorType> inferTriangle(const InferContext& context) { return {matricesOf(context, 0, "x")}; }

std::vector<TensorType> inferSquare(const InferContext& context) { return {squareOf(context, 0, "x")}; }

std::vector<TensorType> inferSolve(const InferContext& context) {
  const TensorType& a = squareOf(context, 0, "a");
  const TensorType& b = matricesOf(context, 1, "b");
  const int64_t n = a.shape.back(), rows = b.shape[b.shape.size() - 2];
  if (n != rows && n != kDynamic && rows != kDynamic)
    fail(ErrorCode::Shape, "[", context.op, "] expected as many rows of b as a has, received ", toString(a),
         " and ", toString(b));
  return {stack(broadcast(context.op, leading(a.shape), leading(b.shape)), rows == kDynamic ? n : rows,
                b.shape.back())};
}

std::vector<TensorType> inferSlogdet(const InferContext& context) {
  const TensorType one = stack(leading(squareOf(context, 0, "x").shape), 1, 1);
  return {one, one, one};
}

std::vector<TensorType> inferLuFactor(const InferContext& context) {
  const TensorType& x = matricesOf(context, 0, "x");
  const int64_t rows = x.shape[x.shape.size() - 2], columns = x.shape.back();
  TensorType pivots{DType::I32, leading(x.shape)}, order = pivots;
  pivots.shape.push_back(least(rows, columns));
  order.shape.push_back(rows);
  return {x, pivots, order};
}

std::vector<TensorType> inferQr(const InferContext& context) {
  const TensorType& x = matricesOf(context, 0, "x");
  const int64_t rows = x.shape[x.shape.size() - 2], columns = x.shape.back();
  const int64_t inner = context.attrs.boolean("complete") ? rows : least(rows, columns);
  return {stack(leading(x.shape), rows, inner), stack(leading(x.shape), inner, columns)};
}

std::vector<TensorType> inferSvd(const InferContext& context) {
  const TensorType& x = matricesOf(context, 0, "x");
  const int64_t rows = x.shape[x.shape.size() - 2], columns = x.shape.back();
  const int64_t inner = least(rows, columns);
  const bool full = context.attrs.boolean("fullMatrices");
  return {stack(leading(x.shape), rows, full ? rows : inner), stack(leading(x.shape), 1, inner),
          stack(leading(x.shape), full ? columns : inner, columns)};
}

std::vector<TensorType> inferEigh(const InferContext& context) {
  const TensorType& x = squareOf(context, 0, "x");
  return {stack(leading(x.shape), 1, x.shape.back()), x};
}

std::vector<TensorType> inferPinv(const InferContext& context) {
  const TensorType& x = matricesOf(context, 0, "x");
  return {stack(leading(x.shape), x.shape.back(), x.shape[x.shape.size() - 2])};
}

Expr product(const Expr& a, const Expr& b) { return apply("matmul", {a, b}); }
Expr productTa(const Expr& a, const Expr& b) { return apply("matmul", {a, b}, {{"transposeA", true}}); }
Expr productTb(const Expr& a, const Expr& b) { return apply("matmul", {a, b}, {{"transposeB", true}}); }

Expr transposed(const Expr& x) {
  Dims perm(x.rank());
  for (size_t i = 0; i < perm.size(); ++i) perm[i] = static_cast<int64_t>(i);
  std::swap(perm[perm.size() - 1], perm[perm.size() - 2]);
  return apply("transpose", {x}, {{"perm", perm}});
}

// What is on and below a diagonal, or on and above it; 1 is the one above the main diagonal.
Expr lower(const Expr& x, int64_t diagonal = 0) { return apply("triangle", {x}, {{"diagonal", diagonal}}); }
Expr upper(const Expr& x, int64_t diagonal = 0) {
  return apply("triangle", {x}, {{"upper", true}, {"diagonal", diagonal}});
}

// Ones on the diagonal of matrices like x, else zeros.
Expr eyeLike(const Expr& x) {
  Graph& graph = *x.graph();
  return lower(upper(broadcastLike({graph, graph.constant(1)}, x)));
}

Expr symmetric(const Expr& x) { return 0.5 * (x + transposed(x)); }

Expr solveTriangular(const Expr& a, const Expr& b, bool isLower, bool transpose) {
  return apply("triangularSolve", {a, b}, {{"lower", isLower}, {"transpose", transpose}});
}

// The part [from, to) of an axis, counted from the last: 1 or 2.
Expr part(const Expr& x, size_t fromLast, int64_t from, int64_t to) {
  Dims begin(x.rank(), 0), end(x.rank(), kRest);
  begin[x.rank() - fromLast] = from;
  end[x.rank() - fromLast] = to;
  return apply("slice", {x}, {{"begin", begin}, {"end", end}, {"strides", Dims(x.rank(), 1)}});
}

Exprs choleskyGradient(const Rule& r) {
  const Expr l = r.y(), m = productTa(l, r.dy());
  const Expr p = 0.5 * (lower(m) + transposed(lower(m, -1)));
  const Expr left = solveTriangular(l, p, true, true);
  return {transposed(solveTriangular(l, transposed(left), true, true))};
}

// y = a⁻¹ b, or with the transposed a; solve gives the transposed problem's solution.
template <class Solve>
Exprs solveGradient(const Rule& r, Solve&& solve) {
  const Expr db = solve(r.dy());
  const Expr da = r.attrs.boolean("transpose") ? productTb(r.y(), db) : productTb(db, r.y());
  return {-da, db};
}

Exprs triangularSolveGradient(const Rule& r) {
  const bool isLower = r.attrs.boolean("lower");
  const Exprs d = solveGradient(
      r, [&](const Expr& dy) { return solveTriangular(r.x(0), dy, isLower, !r.attrs.boolean("transpose")); });
  return {sumTo(isLower ? lower(d[0]) : upper(d[0]), r.x(0)), sumTo(d[1], r.x(1))};
}

Exprs fullSolveGradient(const Rule& r) {
  const Exprs d = solveGradient(r, [&](const Expr& dy) {
    return apply("solve", {r.x(0), dy}, {{"transpose", !r.attrs.boolean("transpose")}});
  });
  return {sumTo(d[0], r.x(0)), sumTo(d[1], r.x(1))};
}

Exprs inverseGradient(const Rule& r) { return {-productTa(r.y(), productTb(r.dy(), r.y()))}; }

// The gradient of an output, or zeros.
Expr gradientOf(const GradientContext& context, size_t output) {
  Graph& graph = context.graph;
  const Value given = context.gradients[output];
  if (given != kNone) return {graph, given};
  return broadcastLike({graph, graph.constant(0)}, {graph, context.outputs[output]});
}

bool isGiven(const GradientContext& context, size_t output) { return context.gradients[output] != kNone; }

std::vector<Value> slogdetGradient(const GradientContext& context) {
  const Rule r(context);
  Expr d = gradientOf(context, 1);
  if (isGiven(context, 2)) d = d + gradientOf(context, 2) * r.y(2);
  return {(d * transposed(apply("inverse", {r.x()}))).value()};
}

// How many rows and columns matrices have, where a rule has to know.
std::pair<int64_t, int64_t> knownSizes(const char* op, const Expr& x) {
  const int64_t rows = x.shape()[x.rank() - 2], columns = x.shape().back();
  if (rows == kDynamic || columns == kDynamic)
    fail(ErrorCode::Shape, "[", op, "] expected matrices of known size for a gradient, received ",
         toString(x.type()));
  return {rows, columns};
}

std::vector<Value> luFactorGradient(const GradientContext& context) {
  const Rule r(context);
  const auto [rows, columns] = knownSizes("luFactor", r.x());
  if (rows != columns)
    fail(ErrorCode::Shape, "[luFactor] expected square matrices for a gradient, received ",
         toString(r.x().type()));
  const Expr lu = r.y(), dy = r.dy(), l = lower(lu, -1) + eyeLike(lu), u = upper(lu);
  const Expr inner = lower(productTa(l, lower(dy, -1)), -1) + upper(productTb(upper(dy), u));
  const Expr left = solveTriangular(l, inner, true, true);
  const Expr permuted = transposed(solveTriangular(u, transposed(left), false, false));
  const auto axis = static_cast<int64_t>(lu.rank() - 2);
  return {apply("gatherBackward", {permuted, r.y(2), r.x()}, {{"axis", axis}, {"batchDims", axis}}).value()};
}

// Of x = q r with a square r, given the gradients of both.
Expr squareQrGradient(const Expr& q, const Expr& r, const Expr& dq, const Expr& dr) {
  const Expr w = productTb(dr, r) - productTa(q, dq);
  const Expr inner = upper(w) + transposed(upper(w, 1));
  return transposed(solveTriangular(r, transposed(dq + product(q, inner)), false, false));
}

std::vector<Value> qrGradient(const GradientContext& context) {
  const Rule rule(context);
  const auto [rows, columns] = knownSizes("qr", rule.x());
  const Expr q = rule.y(0), r = rule.y(1), dq = gradientOf(context, 0), dr = gradientOf(context, 1);
  if (rows >= columns) {
    if (rows > columns && rule.attrs.boolean("complete"))
      fail(ErrorCode::Shape,
           "[qr] expected the mode 'reduced' for a gradient of matrices with more rows than columns, "
           "received 'complete' for ",
           toString(rule.x().type()));
    return {squareQrGradient(q, r, dq, dr).value()};
  }
  // x = [a b] = q [u v]: b = q v.
  const Expr b = part(rule.x(), 1, rows, kRest), u = part(r, 1, 0, rows);
  const Expr du = part(dr, 1, 0, rows), dv = part(dr, 1, rows, kRest);
  const Expr da = squareQrGradient(q, u, dq + productTb(b, dv), du);
  return {apply("concatenate", {da, product(q, dv)}, {{"axis", int64_t{-1}}}).value()};
}

std::vector<Value> svdGradient(const GradientContext& context) {
  const Rule rule(context);
  const auto [rows, columns] = knownSizes("svd", rule.x());
  const int64_t inner = std::min(rows, columns);
  // Vectors for which there is no singular value have no gradient.
  const auto columnsOf = [&](const Expr& x) { return rows > inner ? part(x, 1, 0, inner) : x; };
  const auto rowsOf = [&](const Expr& x) { return columns > inner ? part(x, 2, 0, inner) : x; };
  const bool full = rule.attrs.boolean("fullMatrices");
  const Expr u = full ? columnsOf(rule.y(0)) : rule.y(0), vt = full ? rowsOf(rule.y(2)) : rule.y(2);
  const Expr s = rule.y(1), st = transposed(s);
  const Expr square = productTb(vt, vt), eye = eyeLike(square);
  Expr middle = eye * gradientOf(context, 1);
  const auto skew = [](const Expr& x) { return x - transposed(x); };
  const Expr differences = s * s - st * st + eye;
  Exprs rest;
  if (isGiven(context, 0)) {
    const Expr du = full ? columnsOf(rule.dy(0)) : rule.dy(0);
    const Expr along = productTa(u, du);
    middle = middle + skew(along) / differences * s;
    if (rows > inner) rest.push_back(product((du - product(u, along)) / s, vt));
  }
  if (isGiven(context, 2)) {
    const Expr dvt = full ? rowsOf(rule.dy(2)) : rule.dy(2);
    const Expr along = productTb(vt, dvt);
    middle = middle + st * (skew(along) / differences);
    if (columns > inner) rest.push_back(product(u, (dvt - productTa(along, vt)) / st));
  }
  Expr dx = product(product(u, middle), vt);
  for (const Expr& term : rest) dx = dx + term;
  return {dx.value()};
}

std::vector<Value> eighGradient(const GradientContext& context) {
  const Rule r(context);
  const Expr w = r.y(0), v = r.y(1), eye = eyeLike(v);
  Expr inner = eye * gradientOf(context, 0);
  if (isGiven(context, 1)) inner = inner + (1.0 - eye) * productTa(v, r.dy(1)) / (w - transposed(w) + eye);
  return {symmetric(productTb(product(v, inner), v)).value()};
}

// Golub and Pereyra, The differentiation of pseudo-inverses and nonlinear least squares problems, 1973.
Exprs pinvGradient(const Rule& r) {
  const Expr x = r.x(), y = r.y(), yt = transposed(y), g = transposed(r.dy());
  const int64_t rows = x.shape()[x.rank() - 2], columns = x.shape().back();
  if (rows <= columns) {  // of the same results that which multiplies the smaller matrices
    const Expr k = product(g, y), kyt = product(k, yt);
    return {kyt - transposed(product(y, k)) - product(product(x, y), kyt) +
            product(product(yt, y), g - product(k, x))};
  }
  const Expr k = product(y, g), ytk = product(yt, k);
  return {ytk - transposed(product(k, y)) + product(g - product(x, k), product(y, yt)) -
          product(product(ytk, y), x)};
}

OpDef linalgOp(const char* name, std::vector<AttrSpec> attrs, Infer infer, Gradient gradient,
               int inputs = 1) {
  OpDef def;
  def.name = name;
  def.minInputs = def.maxInputs = inputs;
  def.attrs = std::move(attrs);
  def.infer = std::move(infer);
  def.gradient = std::move(gradient);
  return def;
}

OpDef refusing(OpDef def) {
  def.mayFail = true;
  return def;
}

}  // namespace

const OpFamily family([] {
  registerOp(linalgOp(
      "triangle", {{"upper", AttrKind::Boolean, false}, {"diagonal", AttrKind::Integer, int64_t{0}}},
      inferTriangle, rule([](const Rule& r) -> Exprs { return {apply("triangle", {r.dy()}, r.attrs)}; })));
  registerOp(refusing(linalgOp("cholesky", {}, inferSquare, rule(choleskyGradient))));
  registerOp(refusing(linalgOp("triangularSolve",
                               {{"lower", AttrKind::Boolean, false}, {"transpose", AttrKind::Boolean, false}},
                               inferSolve, rule(triangularSolveGradient), 2)));
  registerOp(refusing(
      linalgOp("solve", {{"transpose", AttrKind::Boolean, false}}, inferSolve, rule(fullSolveGradient), 2)));
  registerOp(refusing(linalgOp("inverse", {}, inferSquare, rule(inverseGradient))));
  registerOp(linalgOp("slogdet", {}, inferSlogdet, slogdetGradient));
  registerOp(linalgOp("luFactor", {}, inferLuFactor, luFactorGradient));
  registerOp(linalgOp("qr", {{"complete", AttrKind::Boolean, false}}, inferQr, qrGradient));
  registerOp(refusing(linalgOp("svd", {{"fullMatrices", AttrKind::Boolean, false}}, inferSvd, svdGradient)));
  registerOp(refusing(linalgOp("eigh", {}, inferEigh, eighGradient)));
  registerOp(refusing(linalgOp("pinv", {{"rcond", AttrKind::Number, -1.0}}, inferPinv, rule(pinvGradient))));
});

}  // namespace nodegrad
