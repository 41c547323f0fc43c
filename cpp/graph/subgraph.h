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

// What makes `outputs` of `inputs`, as a graph by itself. What else it reads are further inputs after those;
// they are what depends on none of the inputs, and given in `others`.
std::shared_ptr<const Subgraph> cutOut(const Graph& graph, const std::vector<Value>& inputs,
                                       const std::vector<Value>& outputs, std::vector<Value>& others);

// Whether a node of that op and those attributes, or one of a computation that it carries, looks at its
// numbers and may refuse them.
bool mayFail(const OpDef& op, const Attrs& attrs);

// Of each value, whether it has to be known to know `outputs`.
std::vector<bool> neededFor(const Graph& graph, const std::vector<Value>& outputs);

}  // namespace nodegrad
