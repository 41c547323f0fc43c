#include <algorithm>

#include "plan/ir.h"

namespace nodegrad::plan {

namespace {

bool alongRows(const Ir& ir, const IrNode& node, ValueId table) {
  return node.attrs.integer("batchDims") == 0 &&
         normalizeAxis(node.op, node.attrs.integer("axis"), ir.type(table).shape.size()) == 0;
}

// Whether the plan gathers rows of the table by these indices: it then refuses those out of range before any
// update.
bool gathers(const Ir& ir, ValueId table, ValueId indices) {
  const std::vector<NodeId>& readers = ir.readers(table);
  return std::any_of(readers.begin(), readers.end(), [&](NodeId reader) {
    const IrNode& node = ir.nodes[reader];
    return node.op == "gather" && node.inputs[0] == table && node.inputs[1] == indices &&
           alongRows(ir, node, table);
  });
}

}  // namespace

void fuseUpdates(Ir& ir, const Backend& backend) {
  for (NodeId n : ir.nodes.ids()) {
    if (!isUpdate(ir.nodes[n].op)) continue;
    IrNode node = ir.nodes[n];
    const ValueId table = node.inputs[0], gradient = node.inputs[1];
    const IrNode* back = ir.producer(gradient);
    if (!back || back->op != "gatherBackward" || ir.uses(gradient) != 1) continue;
    const ValueId rows = back->inputs[0], indices = back->inputs[1];
    if (!alongRows(ir, *back, table) || !gathers(ir, table, indices)) continue;
    node.attrs.set("rule", node.op);
    node.op = "rowsUpdate";
    node.inputs[1] = rows;
    node.inputs.push_back(indices);
    if (backend.supports(ir.spec(node))) ir.put(n, std::move(node));
  }
  ir.sweepAndSort();
}

}  // namespace nodegrad::plan
