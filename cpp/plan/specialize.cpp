#include <map>

#include "graph/subgraph.h"
#include "plan/lower.h"

namespace nodegrad::plan {

namespace {

// Adds the nodes of a graph to an Ir with concrete types.
class Specializer {
 public:
  Specializer(const Graph& graph, Ir& ir) : ir_(ir), mapped_(graph.valueCount()) {}

  void bind(Value value, ValueId mapped) { mapped_[static_cast<size_t>(value)] = mapped; }
  ValueId at(Value value) const { return mapped_[static_cast<size_t>(value)]; }

  void add(const Node& node, double rank) {
    std::vector<TensorType> types;
    std::vector<ValueId> inputs;
    for (Value input : node.inputs) {
      inputs.push_back(at(input));
      types.push_back(ir_.type(inputs.back()));
    }
    // Types anew, since a dynamic dimension may have become one that does not fit.
    const std::vector<TensorType> outputs = node.op->infer({node.op->name, types, node.attrs});
    bindAll(node.outputs, node.op->lower && !node.op->lowersLate
                              ? addLowered(ir_, *node.op, inputs, outputs[0], node.attrs, rank)
                              : addGraphNode(ir_, *node.op, inputs, outputs, node.attrs, rank));
  }

 private:
  void bindAll(const std::vector<Value>& values, const std::vector<ValueId>& mapped) {
    for (size_t i = 0; i < values.size(); ++i) bind(values[i], mapped[i]);
  }

  Ir& ir_;
  std::vector<ValueId> mapped_;
};

// Adds the feed that names rows of the others; gives those rows.
std::vector<ValueId> feedRows(Ir& ir, int64_t rows) {
  const size_t arrays = ir.feeds.size();
  std::vector<ValueId> batches;
  ir.feedsRows = true;
  ir.feeds.push_back(ir.addValue({DType::I32, {rows}}, Origin::Feed, arrays));
  for (size_t i = 0; i < arrays; ++i) {
    TensorType batch = ir.type(ir.feeds[i]);
    batch.shape[0] = rows;
    batches.push_back(ir.add("gather", {ir.feeds[i], ir.feeds[arrays]}, batch,
                             {{"axis", int64_t{0}}, {"batchDims", int64_t{0}}}, -1));
  }
  return batches;
}

}  // namespace

Ir specialize(const Graph& graph, const std::vector<Value>& feeds, const std::vector<TensorType>& feedTypes,
              const std::vector<Value>& fetches, const std::vector<std::pair<StoragePtr, Value>>& updates,
              std::optional<int64_t> rows) {
  Ir ir;
  Specializer specializer(graph, ir);
  for (size_t i = 0; i < feeds.size(); ++i) ir.feeds.push_back(ir.addValue(feedTypes[i], Origin::Feed, i));
  const std::vector<ValueId> inputs = rows ? feedRows(ir, *rows) : ir.feeds;
  for (size_t i = 0; i < feeds.size(); ++i) specializer.bind(feeds[i], inputs[i]);
  std::vector<Value> wanted = fetches;
  for (const auto& update : updates) wanted.push_back(update.second);
  const std::vector<bool> needed = neededFor(graph, wanted);
  std::map<const Storage*, size_t> parameterOf;
  const auto parameter = [&](const StoragePtr& storage, const TensorType& type) {
    const auto found = parameterOf.find(storage.get());
    if (found != parameterOf.end()) return found->second;
    const size_t index = ir.parameters.size();
    ir.parameters.push_back(ir.addValue(type, Origin::Parameter, index));
    ir.storages.push_back(storage);
    parameterOf[storage.get()] = index;
    return index;
  };
  for (size_t n = 0; n < graph.nodes().size(); ++n) {
    const Node& node = graph.nodes()[n];
    if (!needed[static_cast<size_t>(node.outputs[0])]) continue;
    if (node.storage) {
      const size_t index = parameter(node.storage, graph.type(node.outputs[0]));
      specializer.bind(node.outputs[0], ir.parameters[index]);
    } else if (node.op->name == "input") {
      if (!specializer.at(node.outputs[0]))
        fail(ErrorCode::Argument, "expected the input '", node.label, "' to be fed, received nothing for it");
    } else {
      specializer.add(node, static_cast<double>(n));
    }
  }
  for (Value value : fetches) ir.fetches.push_back(specializer.at(value));
  for (const auto& update : updates) {
    const TensorType& type = graph.type(update.second);
    ir.updates.push_back({parameter(update.first, type), specializer.at(update.second)});
  }
  ir.sweepAndSort();
  return ir;
}

}  // namespace nodegrad::plan
