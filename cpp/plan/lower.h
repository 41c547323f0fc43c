#pragma once
#include "plan/ir.h"

namespace nodegrad::plan {

// Adds a node of a graph's op. inputs: what the op reads in a graph; values for their shape alone are left
// out. Gives its outputs.
std::vector<ValueId> addGraphNode(Ir& ir, const OpDef& op, const std::vector<ValueId>& inputs,
                                  const std::vector<TensorType>& outputs, const Attrs& attrs, double rank);

// Adds what an op's lowering makes of its inputs, and gives the outputs. output: the type of the first one.
std::vector<ValueId> addLowered(Ir& ir, const OpDef& op, const std::vector<ValueId>& inputs,
                                const TensorType& output, const Attrs& attrs, double rank);

}  // namespace nodegrad::plan
