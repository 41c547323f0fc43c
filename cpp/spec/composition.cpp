#include "spec/composition.h"

#include <algorithm>
#include <memory>

namespace nodegrad::spec {

namespace {

TensorType asFloat(TensorType type) {
  type.dtype = graphDtype(type.dtype);
  return type;
}

// The op's attributes, those that a plan adds among them.
std::vector<AttrSpec> schemaOf(const KernelSpec& spec, const FusedOp* fused) {
  std::vector<AttrSpec> schema;
  if (const OpDef* def = findKnownOp(spec.op)) schema = def->attrs;
  if (fused) schema.insert(schema.end(), fused->attrs.begin(), fused->attrs.end());
  if (fused && fused->attrsOf)
    for (const AttrSpec& attr : fused->attrsOf(spec)) schema.push_back(attr);
  return schema;
}

// An op that nothing was done to, except that its operands for a shape are gone: each has the first output's.
Exprs lowerPublicOp(const Lowering& node) {
  const std::vector<int>& shapeOnly = findOp(node.spec.op).shapeOnly;
  Exprs operands = node.inputs;
  for (int i : shapeOnly) {
    if (i <= static_cast<int>(operands.size()))
      operands.insert(operands.begin() + i, node.like(node.spec.outputs[0]));
  }
  return node.op(node.spec.op, operands, node.spec.attrs);
}

struct Lowered {
  std::unique_ptr<Subgraph> made;  // without outputs
  Exprs outputs;
};

Lowered lower(const KernelSpec& given) {
  const auto found = fusedOps().find(given.op);
  const FusedOp* fused = found == fusedOps().end() ? nullptr : &found->second;
  KernelSpec spec = given;
  OpDef schema;
  schema.name = given.op;
  schema.attrs = schemaOf(given, fused);
  spec.attrs = checkAttrs(schema, given.attrs);
  for (TensorType& type : spec.inputs) type = asFloat(type);
  for (TensorType& type : spec.outputs) type = asFloat(type);
  Lowered lowered{std::make_unique<Subgraph>(), {}};
  Graph& graph = lowered.made->graph;
  Exprs inputs;
  for (const TensorType& type : spec.inputs) {
    lowered.made->inputs.push_back(graph.input(type));
    inputs.emplace_back(graph, lowered.made->inputs.back());
  }
  const Lowering node(graph, spec, inputs);
  lowered.outputs = fused ? fused->lower(node) : lowerPublicOp(node);
  return lowered;
}

}  // namespace

Exprs Lowering::op(const std::string& name, const Exprs& operands, const Attrs& attrs) const {
  std::vector<Value> values;
  for (const Expr& operand : operands) values.push_back(operand.value());
  Exprs results;
  for (Value value : graph_.op(name, values, attrs)) results.emplace_back(graph_, value);
  return results;
}

Attrs Lowering::attrsOf(const std::string& name) const {
  Attrs attrs;
  for (const AttrSpec& known : findOp(name).attrs)
    for (const auto& [own, value] : spec.attrs)
      if (own == known.name) attrs.set(own, value);
  return attrs;
}

Expr alongAxis(const Expr& vector, int64_t axis, size_t rank) {
  Dims shape(rank - static_cast<size_t>(axis), 1);
  shape[0] = vector.shape()[0];
  return shape.size() == 1 ? vector : apply("reshape", {vector}, {{"shape", shape}});
}

Expr sumToAxis(const Expr& x, int64_t axis) {
  Dims axes;
  for (int64_t other = 0; other < static_cast<int64_t>(x.rank()); ++other)
    if (other != axis) axes.push_back(other);
  return apply("sum", {x}, {{"axes", axes}});
}

Exprs momentsAlong(const Expr& x, int64_t axis) {
  const double perChannel =
      static_cast<double>(count(x.shape())) / static_cast<double>(x.shape()[static_cast<size_t>(axis)]);
  const Expr mean = sumToAxis(x, axis) / perChannel;
  const Expr centered = x - alongAxis(mean, axis, x.rank());
  return {mean, sumToAxis(square(centered), axis) / perChannel};
}

Expr activate(const Expr& x, const std::string& activation) {
  return activation == "linear" ? x : apply(activation.c_str(), {x});
}

const FusedOps& fusedOps() {
  static const FusedOps ops = [] {
    FusedOps made;
    addConvolutions(made);
    addInnerProducts(made);
    addNormalizations(made);
    addQuantized(made);
    addUpdates(made);
    addElementwise(made);
    return made;
  }();
  return ops;
}

Subgraph compose(const KernelSpec& given) {
  Lowered lowered = lower(given);
  // Outputs at the end that nothing reads may have been removed.
  const bool fits = given.outputs.size() <= lowered.outputs.size();
  for (size_t o = 0; o < given.outputs.size(); ++o) {
    const TensorType expected = asFloat(given.outputs[o]);
    if (!fits || lowered.outputs[o].type() != expected)
      fail(ErrorCode::Internal, "[", given.op, "] expected ",
           fits ? toString(lowered.outputs[o].type()) : "no output", " for output ", o, ", received ",
           toString(expected));
    lowered.made->outputs.push_back(lowered.outputs[o].value());
  }
  return std::move(*lowered.made);
}

size_t countOutputs(const KernelSpec& spec) { return lower(spec).outputs.size(); }

}  // namespace nodegrad::spec
