#include "spec/norm.h"

#include "spec/composition.h"

namespace nodegrad::spec {

namespace {

// The operands of a normalization by their names.
struct Normalized {
  Expr x, gamma, beta, mean, variance;
};

int64_t axisOf(const Lowering& node, const Expr& x) {
  return normalizeAxis(node.spec.op, node.spec.attrs.integer("axis"), x.rank());
}

Expr normalize(const Lowering& node, const Normalized& n) {
  const int64_t axis = axisOf(node, n.x);
  const auto along = [&](const Expr& vector) { return alongAxis(vector, axis, n.x.rank()); };
  const Expr scale = n.gamma * apply("rsqrt", {n.variance + node.spec.attrs.number("epsilon")});
  return (n.x - along(n.mean)) * along(scale) + along(n.beta);
}

Normalized forwardOperands(const Exprs& in) {
  using F = NormForward;
  return {in[F::x], in[F::gamma], in[F::beta], in[F::mean], in[F::variance]};
}

Exprs lowerStatistics(const Lowering& node) {
  return momentsAlong(node.inputs[0], axisOf(node, node.inputs[0]));
}

Exprs lowerNormalize(const Lowering& node) {
  Expr y = normalize(node, forwardOperands(node.inputs));
  if (const auto residual = NormForward(node.spec).residual) y = y + node.inputs[*residual];
  return {activate(y, node.spec.attrs.text("activation"))};
}

Exprs lowerMaxPool(const Lowering& node) {
  const Expr& x = node.inputs[NormForward::x];
  const Expr y = activate(normalize(node, forwardOperands(node.inputs)), node.spec.attrs.text("activation"));
  const Attrs pooling = node.attrsOf("maxPool");
  Exprs outputs = node.op("maxPool", {y}, pooling);
  outputs.push_back(apply("maxPoolGather", {x, outputs[1]}, pooling));
  return outputs;
}

Exprs lowerBackward(const Lowering& node) {
  using B = NormBackward;
  const B operands(node.spec);
  const Exprs& in = node.inputs;
  Expr dy = operands.more ? in[B::dy] + in[*operands.more] : in[B::dy];
  if (operands.beta) {
    dy = maskBy(normalize(node, {in[B::x], in[B::gamma], in[*operands.beta], in[B::mean], in[B::variance]}),
                dy);
  } else if (operands.y) {
    dy = maskBy(in[*operands.y], dy);
  }
  Exprs outputs =
      node.op("batchNormalizationBackward", {dy, in[B::x], in[B::gamma], in[B::mean], in[B::variance]},
              node.attrsOf("batchNormalizationBackward"));
  outputs.push_back(dy);
  return outputs;
}

Exprs lowerMaxPoolBackward(const Lowering& node) {
  using B = NormMaxPoolBackward;
  const Exprs& in = node.inputs;
  Expr dy = in[B::dy];
  if (node.spec.attrs.text("activation") == "relu")
    dy = maskBy(normalize(node, {in[B::pooledX], in[B::gamma], in[B::beta], in[B::mean], in[B::variance]}),
                dy);
  dy = apply("maxPoolBackward", {dy, in[B::argmax], in[B::x]}, node.attrsOf("maxPoolBackward"));
  return node.op("batchNormalizationBackward", {dy, in[B::x], in[B::gamma], in[B::mean], in[B::variance]},
                 node.attrsOf("batchNormalizationBackward"));
}

std::vector<AttrSpec> joined(std::vector<AttrSpec> attrs, const std::vector<AttrSpec>& more) {
  attrs.insert(attrs.end(), more.begin(), more.end());
  return attrs;
}

}  // namespace

void addNormalizations(FusedOps& ops) {
  const std::vector<AttrSpec> norm = findOp("batchNormalization").attrs;
  const AttrSpec activation{"activation", AttrKind::Text, std::string("linear")};
  const std::vector<AttrSpec> forward = joined(norm, {activation});
  const std::vector<AttrSpec> pooled = joined(forward, findOp("maxPool").attrs);
  ops["batchNormStatistics"] = {{{"axis", AttrKind::Integer}}, lowerStatistics};
  ops["batchNormNormalize"] = {forward, lowerNormalize};
  ops["batchNormMaxPool"] = {pooled, lowerMaxPool};
  ops["batchNormalizationBackward"] = {{{"mask", AttrKind::Text, std::string("none")}}, lowerBackward};
  ops["batchNormMaxPoolBackward"] = {pooled, lowerMaxPoolBackward};
}

}  // namespace nodegrad::spec
