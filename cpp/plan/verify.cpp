#include "plan/ir.h"
#include "spec/composition.h"

namespace nodegrad::plan {

namespace {

// Fails where a value is not what the node that makes it says, or comes after its use.
void verifyOrder(const Ir& ir, NodeId n) {
  const IrNode& node = ir.nodes[n];
  for (size_t o = 0; o < node.outputs.size(); ++o) {
    const IrValue& value = ir.values[node.outputs[o]];
    if (value.origin != Origin::Computed || value.node != n || value.index != o)
      fail(ErrorCode::Internal, "[", node.op, "] expected output ", o, " to name its node");
  }
  for (ValueId input : node.inputs) {
    const NodeId maker = ir.producerId(input);
    if (maker && !(maker < n))
      fail(ErrorCode::Internal, "[", node.op, "] expected inputs that are computed before it");
  }
}

}  // namespace

void verify(const Ir& ir, const char* pass) {
  try {
    for (NodeId n : ir.nodes.ids()) {
      verifyOrder(ir, n);
      spec::compose(ir.spec(ir.nodes[n]));
    }
  } catch (const Error& error) {
    fail(ErrorCode::Internal, "after ", pass, ": ", error.what());
  }
}

}  // namespace nodegrad::plan
