#include "ops/check.h"
#include "ops/expr.h"
#include "ops/scan.h"

// Scaled dot-product attention (Vaswani et al., 2017), softmax(scale · q kᵀ + bias) v for each head, without
// the matrix of all scores in memory.
namespace nodegrad {

namespace {

// Scores of keys that a query does not see, as Keras has them: a query that sees none weights all keys alike.
constexpr double kMasked = -0.7 * 3.4028234663852886e38;

// The operands of both ops: the backward op has more before and after q, k and v.
struct Operands {
  Operands(const InferContext& context, size_t first, size_t more)
      : q(inputOfRank(context, first, "the query", {DType::F32}, 4).shape),
        k(inputOfRank(context, first + 1, "the key", {DType::F32}, 4).shape),
        v(inputOfRank(context, first + 2, "the value", {DType::F32}, 4).shape),
        scores{q[0], q[2], q[1], k[1]} {
    expectShape(context, "the key", k, {q[0], k[1], q[2], q[3]});
    expectShape(context, "the value", v, {q[0], k[1], q[2], v[3]});
    const bool bias = context.attrs.boolean("bias"), mask = context.attrs.boolean("mask");
    const size_t wanted = first + 3 + more + (bias ? 1 : 0) + (mask ? 1 : 0);
    if (context.inputs.size() != wanted)
      fail(ErrorCode::Argument, "[", context.op, "] expected ", wanted, " inputs, received ",
           context.inputs.size());
    if (bias)
      expectBroadcastsTo(context, inputOf(context, first + 3 + more, "the bias", {DType::F32}).shape, scores);
    if (mask)
      expectBroadcastsTo(context, inputOf(context, wanted - 1, "the mask", {DType::Bool}).shape, scores);
  }

  Dims output() const { return {q[0], q[1], q[2], v[3]}; }
  Dims statistics() const { return {q[0], q[2], q[1]}; }

  Dims q, k, v, scores;
};

std::vector<TensorType> infer(const InferContext& context) {
  const Operands of(context, 0, 0);
  const TensorType statistics{DType::F32, of.statistics()};
  return {{DType::F32, of.output()}, statistics, statistics};
}

std::vector<TensorType> inferBackward(const InferContext& context) {
  const Operands of(context, 1, 3);
  const auto expect = [&](size_t i, const char* name, const Dims& shape) {
    expectShape(context, name, inputOf(context, i, name, {DType::F32}).shape, shape);
  };
  expect(0, "the output's gradient", of.output());
  expect(4, "the output", of.output());
  expect(5, "the largest scores", of.statistics());
  expect(6, "the sums", of.statistics());
  return {{DType::F32, of.q}, {DType::F32, of.k}, {DType::F32, of.v}};
}

Expr transposed(const Expr& x, const Dims& perm) { return apply("transpose", {x}, {{"perm", perm}}); }
// [n, length, heads, size] as a matrix for each head, and back.
Expr byHeads(const Expr& x) { return transposed(x, {0, 2, 1, 3}); }

Expr product(const Expr& a, const Expr& b, bool transposeA, bool transposeB) {
  return apply("matmul", {a, b}, {{"transposeA", transposeA}, {"transposeB", transposeB}});
}

// 0, 1, 2 … along an axis of x, as a vector.
Expr positions(const Expr& x, int64_t axis) {
  Dims others;
  for (int64_t other = 0; other < static_cast<int64_t>(x.rank()); ++other)
    if (other != axis) others.push_back(other);
  Graph& graph = *x.graph();
  const Expr line = apply("sum", {apply("stopGradient", {x})}, {{"axes", others}, {"keepDims", false}});
  const Value before = graph.input({DType::F32, {}}), element = graph.input({DType::F32, {}});
  Scan scan;
  scan.states = {{before, graph.constant(0, {}, DType::F32), (Expr(graph, before) + 1).value()}};
  scan.sequences = {{element, line.value(), false}};
  scan.results = {{before, false}};
  return {graph, addScan(graph, scan)[1]};
}

// The scores as softmax takes them, and which of them keys have that their query sees; none: all.
struct Scores {
  Expr value, seen = Expr::none();
  bool masked = false;
};

Scores scoresOf(const Expr& q, const Expr& k, const Exprs& more, const Attrs& attrs) {
  Scores scores{product(byHeads(q), byHeads(k), false, true) * attrs.number("scale")};
  if (attrs.boolean("bias")) scores.value = scores.value + more[0];
  if (attrs.boolean("mask")) scores.seen = more.back();
  scores.masked = attrs.boolean("mask");
  if (attrs.boolean("isCausal")) {
    const Expr query = apply("reshape", {positions(q, 1)}, {{"shape", Dims{-1, 1}}});
    const Expr past = greaterEqual(query, positions(k, 1));
    scores.seen = scores.masked ? both(scores.seen, past) : past;
    scores.masked = true;
  }
  if (scores.masked) scores.value = where(scores.seen, scores.value, kMasked);
  return scores;
}

Expr weightsOf(const Expr& scores) { return apply("softmax", {scores}, {{"axis", int64_t{-1}}}); }

Exprs compose(const Exprs& in, const Attrs& attrs) {
  const Scores scores = scoresOf(in[0], in[1], {in.begin() + 3, in.end()}, attrs);
  const Expr largest = apply("max", {scores.value}, {{"axes", Dims{-1}}, {"keepDims", true}});
  const Expr sums = apply("sum", {exp(scores.value - largest)}, {{"axes", Dims{-1}}, {"keepDims", false}});
  const Expr y = byHeads(product(weightsOf(scores.value), byHeads(in[2]), false, false));
  return {y, apply("max", {scores.value}, {{"axes", Dims{-1}}, {"keepDims", false}}), sums};
}

// The output and the statistics follow from the others.
Exprs composeBackward(const Exprs& in, const Attrs& attrs) {
  const Expr dy = byHeads(in[0]), q = byHeads(in[1]), k = byHeads(in[2]), v = byHeads(in[3]);
  const Scores scores = scoresOf(in[1], in[2], {in.begin() + 7, in.end()}, attrs);
  const Expr weights = weightsOf(scores.value), flow = product(dy, v, false, true);
  Expr ds = weights * (flow - sumKept(flow * weights, {-1})) * attrs.number("scale");
  if (scores.masked) ds = where(scores.seen, ds, 0.0);
  return {byHeads(product(ds, k, false, false)), byHeads(product(ds, q, true, false)),
          byHeads(product(weights, dy, true, false))};
}

std::vector<Value> gradient(const GradientContext& context) {
  const auto& in = context.inputs;
  const bool bias = context.attrs.boolean("bias") && context.wanted[3];
  if (bias || context.gradients[1] != kNone || context.gradients[2] != kNone)
    return composedGradient(context, compose);
  std::vector<Value> operands{context.gradients[0]};
  operands.insert(operands.end(), in.begin(), in.begin() + 3);
  operands.insert(operands.end(), context.outputs.begin(), context.outputs.end());
  operands.insert(operands.end(), in.begin() + 3, in.end());
  std::vector<Value> gradients = context.graph.op("dotProductAttentionBackward", operands, context.attrs);
  gradients.resize(in.size(), kNone);
  return gradients;
}

}  // namespace

const OpFamily family([] {
  // q [n, queries, heads, size], k [n, keys, heads, size], v [n, keys, heads, depth] and, where the
  // attributes say so, a bias and a mask (true: seen) that broadcast to the scores [n, heads, queries, keys];
  // to y [n, queries, heads, depth], and each query's largest score and sum of exp(score - largest) [n,
  // heads, queries]. isCausal: query i sees keys 0 … i.
  OpDef def;
  def.name = "dotProductAttention";
  def.minInputs = 3;
  def.maxInputs = 5;
  def.attrs = {{"scale", AttrKind::Number},
               {"isCausal", AttrKind::Boolean, false},
               {"bias", AttrKind::Boolean, false},
               {"mask", AttrKind::Boolean, false}};
  def.infer = infer;
  def.gradient = gradient;
  registerOp(def);

  // dy, q, k, v, y, the statistics [, bias] [, mask] to dq, dk, dv.
  def.name = "dotProductAttentionBackward";
  def.minInputs = 7;
  def.maxInputs = 9;
  def.infer = inferBackward;
  def.gradient = [](const GradientContext& context) { return composedGradient(context, composeBackward); };
  registerOp(def);
});

}  // namespace nodegrad
