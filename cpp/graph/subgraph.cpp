#include "graph/subgraph.h"

#include <algorithm>
#include <unordered_set>

namespace nodegrad {

using Part = std::shared_ptr<const Subgraph>;

std::vector<bool> dependentOn(const Graph& graph, const std::vector<Value>& inputs) {
  std::vector<bool> dependent(graph.valueCount(), false);
  for (Value input : inputs) dependent[static_cast<size_t>(input)] = true;
  for (const Node& node : graph.nodes())
    for (Value input : node.inputs)
      if (dependent[static_cast<size_t>(input)])
        for (Value output : node.outputs) dependent[static_cast<size_t>(output)] = true;
  return dependent;
}

std::vector<TensorType> inferOutputs(const Subgraph& part, const std::vector<TensorType>& inputs) {
  std::vector<TensorType> types(part.graph.valueCount());
  const std::vector<bool> needed = neededFor(part.graph, part.outputs);
  for (size_t i = 0; i < inputs.size(); ++i) types[static_cast<size_t>(part.inputs[i])] = inputs[i];
  for (const Node& node : part.graph.nodes()) {
    if (node.op->name == "input" || !needed[static_cast<size_t>(node.outputs[0])]) continue;
    std::vector<TensorType> given;
    for (Value input : node.inputs) given.push_back(types[static_cast<size_t>(input)]);
    const std::vector<TensorType> result = node.op->infer({node.op->name, given, node.attrs});
    for (size_t o = 0; o < result.size(); ++o) types[static_cast<size_t>(node.outputs[o])] = result[o];
  }
  std::vector<TensorType> result;
  for (Value output : part.outputs) result.push_back(types[static_cast<size_t>(output)]);
  return result;
}

void copyNodes(const Graph& from, const std::vector<Value>& outputs, Graph& to,
               std::unordered_map<Value, Value>& known) {
  std::vector<bool> needed(from.nodes().size(), false);
  std::vector<Value> stack = outputs;
  while (!stack.empty()) {
    const Value value = stack.back();
    stack.pop_back();
    const auto node = static_cast<size_t>(from.producerIndex(value));
    if (known.count(value) || needed[node]) continue;
    needed[node] = true;
    stack.insert(stack.end(), from.nodes()[node].inputs.begin(), from.nodes()[node].inputs.end());
  }
  for (size_t n = 0; n < needed.size(); ++n) {
    if (!needed[n]) continue;
    const Node node = from.nodes()[n];  // a copy, since `to` may be the same graph
    std::vector<Value> inputs;
    for (Value input : node.inputs) inputs.push_back(known.at(input));
    const std::vector<Value> result = to.op(node.op->name, inputs, node.attrs);
    for (size_t o = 0; o < result.size(); ++o) known.emplace(node.outputs[o], result[o]);
  }
}

std::vector<Part> cutOut(const Graph& graph, const std::vector<bool>& inside,
                         const std::vector<Value>& inputs, const std::vector<std::vector<Value>>& outputs,
                         std::vector<Value>& others) {
  std::vector<Value> all, read = inputs;
  for (const std::vector<Value>& list : outputs) all.insert(all.end(), list.begin(), list.end());
  std::unordered_set<Value> known(inputs.begin(), inputs.end());
  const auto meet = [&](Value value) {
    if (inside[static_cast<size_t>(value)] || graph.producer(value).op->name == "constant") return;
    if (known.insert(value).second) others.push_back(value);
  };
  const std::vector<bool> needed = neededFor(graph, all);
  for (const Node& node : graph.nodes())
    for (Value output : node.outputs)
      if (needed[static_cast<size_t>(output)] && inside[static_cast<size_t>(output)])
        for (Value input : node.inputs) meet(input);
  for (Value output : all) meet(output);
  read.insert(read.end(), others.begin(), others.end());
  std::vector<Part> parts;
  for (const std::vector<Value>& list : outputs) {
    const auto part = std::make_shared<Subgraph>();
    std::unordered_map<Value, Value> copies;
    for (Value value : read) {
      part->inputs.push_back(part->graph.input(graph.type(value)));
      copies.emplace(value, part->inputs.back());
    }
    copyNodes(graph, list, part->graph, copies);
    for (Value output : list) part->outputs.push_back(copies.at(output));
    parts.push_back(part);
  }
  return parts;
}

bool carriesGraph(const Attrs& attrs) {
  return std::any_of(attrs.begin(), attrs.end(),
                     [](const auto& attr) { return std::holds_alternative<Part>(attr.second); });
}

bool mayFail(const OpDef& op, const Attrs& attrs) {
  return op.mayFail || std::any_of(attrs.begin(), attrs.end(), [](const auto& attr) {
           const auto* part = std::get_if<Part>(&attr.second);
           if (!part) return false;
           const std::vector<Node>& nodes = (*part)->graph.nodes();
           return std::any_of(nodes.begin(), nodes.end(),
                              [](const Node& node) { return mayFail(*node.op, node.attrs); });
         });
}

std::vector<bool> neededFor(const Graph& graph, const std::vector<Value>& outputs) {
  std::vector<bool> needed(graph.valueCount(), false);
  for (Value output : outputs) needed[static_cast<size_t>(output)] = true;
  for (size_t n = graph.nodes().size(); n-- > 0;) {
    const Node& node = graph.nodes()[n];
    bool any = false;
    for (Value output : node.outputs) any |= needed[static_cast<size_t>(output)];
    if (any)
      for (Value input : node.inputs) needed[static_cast<size_t>(input)] = true;
    if (any)
      for (Value output : node.outputs) needed[static_cast<size_t>(output)] = true;
  }
  return needed;
}

}  // namespace nodegrad
