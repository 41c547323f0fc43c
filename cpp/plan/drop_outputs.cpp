#include "plan/ir.h"

namespace nodegrad::plan {

void dropOutputs(Ir& ir, const Backend& backend) {
  const std::vector<int> uses = ir.useCounts();
  for (IrNode& node : ir.nodes) {
    IrNode fewer = node;
    while (fewer.outputs.size() > 1 && uses[static_cast<size_t>(fewer.outputs.back())] == 0)
      fewer.outputs.pop_back();
    for (; fewer.outputs.size() < node.outputs.size();
         fewer.outputs.push_back(node.outputs[fewer.outputs.size()])) {
      if (!backend.drops(ir.spec(fewer))) continue;
      node.outputs = fewer.outputs;
      break;
    }
  }
}

}  // namespace nodegrad::plan
