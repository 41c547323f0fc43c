#include <algorithm>

#include "plan/ir.h"

namespace nodegrad::plan {

namespace {

bool alongRows(const Ir& ir, const IrNode& node, int table) {
  return node.attrs.integer("batchDims") == 0 &&
         normalizeAxis(node.op, node.attrs.integer("axis"), ir.type(table).shape.size()) == 0;
}

// Whether the plan gathers rows of the table by these indices: it then refuses those out of range before any
// update.
bool gathers(const Ir& ir, int table, int indices) {
  const std::vector<int>& readers = ir.readers(table);
  return std::any_of(readers.begin(), readers.end(), [&](int reader) {
    const IrNode& node = ir.nodes[static_cast<size_t>(reader)];
    return node.op == "gather" && node.inputs[0] == table && node.inputs[1] == indices &&
           alongRows(ir, node, table);
  });
}

}  // namespace

void fuseUpdates(Ir& ir, const Backend& backend) {
  for (size_t n = 0; n < ir.nodes.size(); ++n) {
    if (!isUpdate(ir.nodes[n].op)) continue;
    IrNode node = ir.nodes[n];
    const int table = node.inputs[0], gradient = node.inputs[1];
    const IrNode* back = ir.producer(gradient);
    if (!back || back->op != "gatherBackward" || ir.uses(gradient) != 1) continue;
    const int rows = back->inputs[0], indices = back->inputs[1];
    if (!alongRows(ir, *back, table) || !gathers(ir, table, indices)) continue;
    node.attrs.set("rule", node.op);
    node.op = "rowsUpdate";
    node.inputs[1] = rows;
    node.inputs.push_back(indices);
    if (backend.supports(ir.spec(node))) ir.put(static_cast<int>(n), std::move(node));
  }
  ir.sweepAndSort();
}

}  // namespace nodegrad::plan
