#pragma once
#include <string>
#include <vector>

#include "graph/autodiff.h"
#include "graph/graph.h"
#include "host/buffer.h"
#include "plan/ir.h"

namespace nodegrad::testing {

// A graph under construction, in few words.
struct GraphBuilder {
  Graph graph;
  std::vector<Value> feeds, fetches;
  std::vector<TensorType> feedTypes;
  std::vector<std::pair<StoragePtr, Value>> updates;

  Value feed(const Dims& shape, DType dtype = DType::F32) {
    feedTypes.push_back({dtype, shape});
    feeds.push_back(graph.input({dtype, shape}, "x" + std::to_string(feeds.size())));
    return feeds.back();
  }
  // A variable of zeros.
  Value variable(const Dims& shape, StoragePtr* storage = nullptr) {
    StoragePtr made = hostStorage({DType::F32, shape}, nullptr);
    if (storage) *storage = made;
    return graph.parameter(made, made->type);
  }
  Value op(const std::string& name, const std::vector<Value>& inputs, const Attrs& attrs = {}) {
    return graph.one(name, inputs, attrs);
  }
  plan::Ir ir() const { return plan::specialize(graph, feeds, feedTypes, fetches, updates); }
};

inline std::vector<std::string> opsOf(const plan::Ir& ir) {
  std::vector<std::string> ops;
  for (const plan::IrNode& node : ir.nodes) ops.push_back(node.op);
  return ops;
}

inline int countOf(const plan::Ir& ir, const std::string& op) {
  int count = 0;
  for (const plan::IrNode& node : ir.nodes) count += node.op == op;
  return count;
}

inline const plan::IrNode* nodeOf(const plan::Ir& ir, const std::string& op) {
  for (const plan::IrNode& node : ir.nodes)
    if (node.op == op) return &node;
  return nullptr;
}

}  // namespace nodegrad::testing
