#include "ops/expr.h"

#include <algorithm>

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

Expr sumTo(const Expr& gradient, const Expr& like) {
  if (isStatic(like.shape()) && gradient.shape() == like.shape()) return gradient;
  return apply("sumLike", {gradient, like});
}

}  // namespace nodegrad
