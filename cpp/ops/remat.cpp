#include "ops/remat.h"

#include <algorithm>
#include <unordered_set>

#include "graph/autodiff.h"
#include "graph/subgraph.h"
#include "ops/control.h"

namespace nodegrad {

namespace {

// What the nodes read that make ys of values before `first`.
std::vector<Value> readBy(const Graph& graph, Value first, const std::vector<Value>& ys) {
  std::vector<Value> read, stack = ys;
  std::unordered_set<Value> seen;
  while (!stack.empty()) {
    const Value value = stack.back();
    stack.pop_back();
    if (!seen.insert(value).second) continue;
    const Node& maker = graph.producer(value);
    if (value < first || maker.op->name == "input" || maker.op->name == "parameter")
      read.push_back(value);
    else
      stack.insert(stack.end(), maker.inputs.begin(), maker.inputs.end());
  }
  std::sort(read.begin(), read.end());
  return read;
}

}  // namespace

std::vector<Value> addRemat(Graph& graph, Value first, const std::vector<Value>& ys) {
  CustomGradient custom{ys, {}, {}, {}};
  for (Value y : ys) custom.upstream.push_back(graph.input(graph.type(y), "the gradient of a result"));
  std::unordered_map<Value, Value> copies;
  for (Value value : readBy(graph, first, ys)) {
    const std::string maker = graph.producer(value).op->name;
    // The barrier tells the copies from what the function made, and makes them part of the gradient.
    const bool isKept = maker == "parameter" || maker == "constant";
    copies[value] = isKept ? value : graph.one("barrier", {value, custom.upstream[0]});
    if (graph.type(value).dtype == DType::F32) custom.xs.push_back(value);
  }
  copyNodes(graph, ys, graph, copies);
  const auto copied = [&](const std::vector<Value>& values) {
    std::vector<Value> result;
    for (Value value : values) result.push_back(copies.at(value));
    return result;
  };
  custom.gradients = gradients(graph, copied(ys), copied(custom.xs), custom.upstream);
  return addCustomGradient(graph, custom);
}

}  // namespace nodegrad
