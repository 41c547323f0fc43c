#include "plan/ir.h"
#include "spec/composition.h"

namespace nodegrad::plan {

namespace {

// Fails where a value is not what the node that makes it says, or comes after its use.
void verifyPlaces(const Ir& ir, size_t n) {
  const IrNode& node = ir.nodes[n];
  for (size_t o = 0; o < node.outputs.size(); ++o) {
    const IrValue& value = ir.values[static_cast<size_t>(node.outputs[o])];
    if (value.origin != Origin::Computed || value.index != static_cast<int>(n) ||
        value.output != static_cast<int>(o))
      fail(ErrorCode::Internal, "[", node.op, "] expected output ", o, " to name its node");
  }
  for (int input : node.inputs) {
    const IrValue& value = ir.values[static_cast<size_t>(input)];
    if (value.origin == Origin::Computed && value.index >= static_cast<int>(n))
      fail(ErrorCode::Internal, "[", node.op, "] expected inputs that are computed before it");
  }
}

}  // namespace

void verify(const Ir& ir, const char* pass) {
  try {
    for (size_t n = 0; n < ir.nodes.size(); ++n) {
      verifyPlaces(ir, n);
      spec::compose(ir.spec(ir.nodes[n]));
    }
  } catch (const Error& error) {
    fail(ErrorCode::Internal, "after ", pass, ": ", error.what());
  }
}

}  // namespace nodegrad::plan
