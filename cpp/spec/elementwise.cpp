#include "spec/composition.h"

namespace nodegrad::spec {

namespace {

// fusedElementwise: a chain of element-wise ops, whose outputs all have the shape to which its inputs
// broadcast.
Exprs lowerChain(const Lowering& node) {
  const ElementwiseProgram& program = *node.spec.program;
  Exprs registers = node.inputs;
  for (const ElementwiseStep& step : program.steps) {
    if (step.op == "constant") {
      registers.push_back(node.constant(step.attrs.number("value"), graphDtype(step.dtype)));
      continue;
    }
    Exprs operands;
    for (int arg : step.args) operands.push_back(registers[static_cast<size_t>(arg)]);
    registers.push_back(node.op(step.op, operands, step.attrs)[0]);
  }
  Exprs outputs;
  const Dims& shape = node.spec.outputs[0].shape;
  for (int output : program.outputs) {
    const Expr& result = registers[static_cast<size_t>(output)];
    outputs.push_back(result.shape() == shape ? result : apply("broadcastTo", {result}, {{"shape", shape}}));
  }
  return outputs;
}

// reorder: the same numbers in another layout, or as bfloat16.
Exprs lowerReorder(const Lowering& node) { return node.inputs; }

}  // namespace

void addElementwise(FusedOps& ops) {
  ops["fusedElementwise"] = {{}, lowerChain, nullptr, true};
  ops["reorder"] = {{}, lowerReorder, nullptr, true};
}

}  // namespace nodegrad::spec
