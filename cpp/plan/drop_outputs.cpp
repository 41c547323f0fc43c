#include "plan/ir.h"

namespace nodegrad::plan {

void dropOutputs(Ir& ir, const Backend& backend) {
  for (NodeId n : ir.nodes.ids()) {
    const IrNode node = ir.nodes[n];
    IrNode fewer = node;
    while (fewer.outputs.size() > 1 && ir.uses(fewer.outputs.back()) == 0) fewer.outputs.pop_back();
    for (; fewer.outputs.size() < node.outputs.size();
         fewer.outputs.push_back(node.outputs[fewer.outputs.size()])) {
      if (!backend.supports(ir.spec(fewer))) continue;
      ir.put(n, fewer);
      break;
    }
  }
}

}  // namespace nodegrad::plan
