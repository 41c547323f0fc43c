#include "plan/lower.h"

#include <algorithm>

#include "graph/precision.h"
#include "graph/subgraph.h"

namespace nodegrad::plan {

std::vector<ValueId> addGraphNode(Ir& ir, const OpDef& op, const std::vector<ValueId>& inputs,
                                  const std::vector<TensorType>& outputs, const Attrs& attrs, double rank) {
  std::vector<ValueId> data;
  for (size_t i = 0; i < inputs.size(); ++i)
    if (std::find(op.shapeOnly.begin(), op.shapeOnly.end(), static_cast<int>(i)) == op.shapeOnly.end())
      data.push_back(inputs[i]);
  return ir.nodes[ir.addNode(op.name, std::move(data), outputs, attrs, rank)].outputs;
}

std::vector<ValueId> addLowered(Ir& ir, const OpDef& op, const std::vector<ValueId>& inputs,
                                const TensorType& output, const Attrs& attrs, double rank) {
  Graph part;
  std::vector<Value> given;
  for (ValueId input : inputs) given.push_back(part.input(ir.type(input)));
  const PrecisionScope scope(precisionOf(attrs));
  const std::vector<Value> results = op.lower({part, given, output, attrs});
  std::vector<ValueId> lowered = inputs;
  lowered.resize(part.valueCount());
  for (const Node& step : part.nodes()) {
    if (step.op->name == "input") continue;
    std::vector<ValueId> operands;
    std::vector<TensorType> made;
    for (Value operand : step.inputs) operands.push_back(lowered[static_cast<size_t>(operand)]);
    for (Value value : step.outputs) made.push_back(part.type(value));
    const std::vector<ValueId> values = addGraphNode(ir, *step.op, operands, made, step.attrs, rank);
    for (size_t o = 0; o < values.size(); ++o) lowered[static_cast<size_t>(step.outputs[o])] = values[o];
  }
  std::vector<ValueId> outputs;
  for (Value result : results) outputs.push_back(lowered[static_cast<size_t>(result)]);
  return outputs;
}

}  // namespace nodegrad::plan
