#pragma once
#include <unordered_map>
#include <vector>

#include "graph/graph.h"

namespace nodegrad {

// A computation that an op carries as an attribute: the step of a loop.
struct Subgraph {
  Graph graph;
  std::vector<Value> inputs, outputs;
};

// The types of the outputs, given those of the inputs.
std::vector<TensorType> inferOutputs(const Subgraph& part, const std::vector<TensorType>& inputs);

// Copies what makes `outputs` into another graph. known: the values there that stand for some here, to which
// those of the copies are added.
void copyNodes(const Graph& from, const std::vector<Value>& outputs, Graph& to,
               std::unordered_map<Value, Value>& known);

// Of each value, whether it depends on one of the inputs.
std::vector<bool> dependentOn(const Graph& graph, const std::vector<Value>& inputs);

// What makes each list of outputs of what is `inside`, as graphs by themselves that have the same inputs:
// `inputs`, and what else they read that is not inside, which is given in `others`.
std::vector<std::shared_ptr<const Subgraph>> cutOut(const Graph& graph, const std::vector<bool>& inside,
                                                    const std::vector<Value>& inputs,
                                                    const std::vector<std::vector<Value>>& outputs,
                                                    std::vector<Value>& others);

// Whether an op of those attributes carries a computation.
bool carriesGraph(const Attrs& attrs);

// Whether a node of that op and those attributes, or one of a computation that it carries, looks at its
// numbers and may refuse them.
bool mayFail(const OpDef& op, const Attrs& attrs);

// Of each value, whether it has to be known to know `outputs`.
std::vector<bool> neededFor(const Graph& graph, const std::vector<Value>& outputs);

}  // namespace nodegrad
