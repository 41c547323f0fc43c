#include <algorithm>

#include "plan/ir.h"

namespace nodegrad::plan {

namespace {

bool isWorthKeeping(const Ir& ir, const IrNode& node) {
  size_t in = 0, out = 0;
  for (ValueId input : node.inputs) in += bytesOf(ir.values[input]);
  for (ValueId output : node.outputs) out += bytesOf(ir.values[output]);
  return out <= ir.habits.mostGrowth * in + ir.habits.smallResult;
}

}  // namespace

void markInvariant(Ir& ir) {
  const auto isInvariant = [&](ValueId input) { return ir.isInvariant(input); };
  for (NodeId n : ir.nodes.ids()) {
    const IrNode& node = ir.nodes[n];
    const bool invariant =
        node.op == "constant" ||
        (!node.inputs.empty() && std::all_of(node.inputs.begin(), node.inputs.end(), isInvariant) &&
         (isAlias(ir, node) || isWorthKeeping(ir, node)));
    ir.setInvariant(n, invariant);
  }
}

}  // namespace nodegrad::plan
