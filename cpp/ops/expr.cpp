#include "ops/expr.h"

#include <algorithm>

#include "graph/autodiff.h"

namespace nodegrad {

Expr apply(const char* op, const Exprs& operands, const Attrs& attrs) {
  const auto known = std::find_if(operands.begin(), operands.end(),
                                  [](const Expr& operand) { return operand.graph() != nullptr; });
  if (known == operands.end()) fail(ErrorCode::Internal, "[", op, "] in a gradient rule has numbers alone");
  Graph& graph = *known->graph();
  std::vector<Value> inputs;
  for (const Expr& operand : operands)
    inputs.push_back(operand.graph() ? operand.value() : graph.constant(operand.number()));
  return {graph, graph.one(op, inputs, attrs)};
}

Expr rounded(const Expr& x) {
  const Expr below = floor(x), rest = x - below;
  const Expr isOdd = greater(below, floor(below * 0.5) * 2);
  return below + where(greater(rest, 0.5), 1.0, where(both(equal(rest, 0.5), isOdd), 1.0, 0.0));
}

Expr sumTo(const Expr& gradient, const Expr& like) {
  if (isStatic(like.shape()) && gradient.shape() == like.shape()) return gradient;
  return apply("sumLike", {gradient, like});
}

std::vector<Value> composedGradient(const GradientContext& context, const Composition& composition) {
  Graph& graph = context.graph;
  // New values for the inputs: some may be made of others, and the derivatives here are partial ones.
  std::vector<Value> inputs;
  Exprs exprs;
  for (Value input : context.inputs) {
    inputs.push_back(graph.one("identity", {input}));
    exprs.emplace_back(graph, inputs.back());
  }
  const Exprs outputs = composition(exprs, context.attrs);
  std::vector<Value> ys, outputGradients;
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (context.gradients[i] == kNone) continue;
    ys.push_back(outputs[i].value());
    outputGradients.push_back(context.gradients[i]);
  }
  std::vector<Value> xs, result(inputs.size(), kNone);
  const auto isWanted = [&](size_t i) {
    return context.wanted[i] && graph.type(inputs[i]).dtype == DType::F32;
  };
  for (size_t i = 0; i < inputs.size(); ++i)
    if (isWanted(i)) xs.push_back(inputs[i]);
  const std::vector<Value> found = gradients(graph, ys, xs, outputGradients);
  for (size_t i = 0, x = 0; i < inputs.size(); ++i)
    if (isWanted(i)) result[i] = found[x++];
  return result;
}

Expr shapedAs(const TensorType& type, const Expr& graph) {
  return {*graph.graph(), graph.graph()->constant(0, type.shape, type.dtype)};
}

}  // namespace nodegrad
