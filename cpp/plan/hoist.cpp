#include <algorithm>

#include "plan/ir.h"

namespace nodegrad::plan {

namespace {

bool isWorthKeeping(const Ir& ir, const IrNode& node) {
  size_t in = 0, out = 0;
  for (int input : node.inputs) in += bytesOf(ir.values[static_cast<size_t>(input)]);
  for (int output : node.outputs) out += bytesOf(ir.values[static_cast<size_t>(output)]);
  return out <= ir.habits.mostGrowth * in + ir.habits.smallResult;
}

}  // namespace

void markSteady(Ir& ir) {
  const auto isSteady = [&](int input) { return ir.isSteady(input); };
  for (size_t n = 0; n < ir.nodes.size(); ++n) {
    const IrNode& node = ir.nodes[n];
    const bool steady =
        node.op == "constant" ||
        (!node.inputs.empty() && std::all_of(node.inputs.begin(), node.inputs.end(), isSteady) &&
         (isAlias(ir, node) || isWorthKeeping(ir, node)));
    ir.setSteady(static_cast<int>(n), steady);
  }
}

}  // namespace nodegrad::plan
