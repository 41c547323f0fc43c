#include "plan/ir.h"

namespace nodegrad::plan {

// They have kept equal nodes from becoming one; from now on the traced order keeps them apart.
void dropBarriers(Ir& ir) {
  for (NodeId n : ir.nodes.ids())
    if (ir.nodes[n].op == "barrier") ir.replaceUses(ir.nodes[n].outputs[0], ir.nodes[n].inputs[0]);
  ir.sweepAndSort();
}

}  // namespace nodegrad::plan
