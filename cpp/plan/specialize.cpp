#include <algorithm>
#include <map>

#include "core/window.h"
#include "graph/subgraph.h"
#include "plan/ir.h"

namespace nodegrad::plan {

namespace {

// Adds the nodes of a graph to an Ir with concrete types.
class Specializer {
 public:
  Specializer(const Graph& graph, Ir& ir) : graph_(graph), ir_(ir), mapped_(graph.valueCount(), -1) {}

  void bind(Value value, int irValue) { mapped_[static_cast<size_t>(value)] = irValue; }
  int at(Value value) const { return mapped_[static_cast<size_t>(value)]; }

  void add(const Node& node, double rank) {
    std::vector<TensorType> types;
    std::vector<int> inputs;
    for (Value input : node.inputs) {
      inputs.push_back(at(input));
      types.push_back(ir_.type(inputs.back()));
    }
    const std::string& op = node.op->name;
    // Types anew, since a dynamic dimension may have become one that does not fit.
    const std::vector<TensorType> outputs = node.op->infer({op, types, node.attrs});
    Attrs attrs = node.attrs;
    std::vector<int> data;
    for (size_t i = 0; i < inputs.size(); ++i) {
      const auto& shapeOnly = node.op->shapeOnly;
      if (std::find(shapeOnly.begin(), shapeOnly.end(), static_cast<int>(i)) == shapeOnly.end())
        data.push_back(inputs[i]);
    }
    int result;
    if (op == "sizeRatio") {
      const double ratio =
          static_cast<double>(count(types[0].shape)) / static_cast<double>(count(types[1].shape));
      result = constant(ratio, outputs[0], rank);
    } else if (op == "sumLike") {
      result = sumTo(data[0], outputs[0], rank);
    } else if (op == "broadcastLike" || op == "broadcastTo") {
      result = simple("broadcastTo", data[0], outputs[0], Attrs{{"shape", outputs[0].shape}}, rank);
    } else if (op == "reshapeLike" || op == "reshape") {
      result = simple("reshape", data[0], outputs[0], Attrs{{"shape", outputs[0].shape}}, rank);
    } else if (op == "convTranspose") {
      const Dims& w = types[1].shape;
      const Attrs conv = transposedConv(op, node.attrs, Dims(w.begin(), w.end() - 2));
      result = ir_.nodes[static_cast<size_t>(
                             ir_.addNode("convBackwardData", {data[1], data[0]}, outputs, conv, rank))]
                   .outputs[0];
    } else if (op == "upSampling") {
      const Attrs pool = upsamplingPool(op, node.attrs, static_cast<int>(types[0].shape.size()) - 2);
      result = ir_.nodes[static_cast<size_t>(ir_.addNode("averagePoolBackward", data, outputs, pool, rank))]
                   .outputs[0];
    } else if (op == "identity" || op == "stopGradient") {
      result = data[0];
    } else {
      const int index = ir_.addNode(op, data, outputs, std::move(attrs), rank);
      for (size_t i = 0; i < node.outputs.size(); ++i)
        bind(node.outputs[i], ir_.nodes[static_cast<size_t>(index)].outputs[i]);
      return;
    }
    bind(node.outputs[0], result);
  }

 private:
  int constant(double value, const TensorType& type, double rank) {
    Attrs attrs{{"value", value}, {"shape", type.shape}, {"dtype", std::string(name(type.dtype))}};
    return ir_.nodes[static_cast<size_t>(ir_.addNode("constant", {}, {type}, std::move(attrs), rank))]
        .outputs[0];
  }

  int simple(const std::string& op, int input, const TensorType& type, Attrs attrs, double rank) {
    if (ir_.type(input).shape == type.shape) return input;
    return ir_.nodes[static_cast<size_t>(ir_.addNode(op, {input}, {type}, std::move(attrs), rank))]
        .outputs[0];
  }

  // Sums over the axes along which `type` was broadcast to the input's shape.
  int sumTo(int input, const TensorType& type, double rank) {
    const Dims& from = ir_.type(input).shape;
    const size_t lead = from.size() - type.shape.size();
    Dims axes, rest;
    for (size_t i = 0; i < from.size(); ++i) {
      if (i < lead || (type.shape[i - lead] == 1 && from[i] != 1))
        axes.push_back(static_cast<int64_t>(i));
      else
        rest.push_back(from[i]);
    }
    int value = input;
    if (!axes.empty()) {
      Attrs attrs{{"axes", axes}, {"keepDims", false}};
      value = simple("sum", input, {type.dtype, rest}, std::move(attrs), rank);
    }
    return simple("reshape", value, type, Attrs{{"shape", type.shape}}, rank);
  }

  const Graph& graph_;
  Ir& ir_;
  std::vector<int> mapped_;
};

}  // namespace

Ir specialize(const Graph& graph, const std::vector<Value>& feeds, const std::vector<TensorType>& feedTypes,
              const std::vector<Value>& fetches, const std::vector<std::pair<StoragePtr, Value>>& updates) {
  Ir ir;
  Specializer specializer(graph, ir);
  for (size_t i = 0; i < feeds.size(); ++i) {
    ir.feeds.push_back(ir.addValue(feedTypes[i], Origin::Feed, static_cast<int>(i)));
    specializer.bind(feeds[i], ir.feeds.back());
  }
  std::vector<Value> wanted = fetches;
  for (const auto& update : updates) wanted.push_back(update.second);
  const std::vector<bool> needed = neededFor(graph, wanted);
  std::map<const Storage*, int> parameterOf;
  const auto parameter = [&](const StoragePtr& storage, const TensorType& type) {
    const auto found = parameterOf.find(storage.get());
    if (found != parameterOf.end()) return found->second;
    const int index = static_cast<int>(ir.parameters.size());
    ir.parameters.push_back(ir.addValue(type, Origin::Parameter, index));
    ir.storages.push_back(storage);
    parameterOf[storage.get()] = index;
    return index;
  };
  for (size_t n = 0; n < graph.nodes().size(); ++n) {
    const Node& node = graph.nodes()[n];
    if (!needed[static_cast<size_t>(node.outputs[0])]) continue;
    if (node.storage) {
      const int index = parameter(node.storage, graph.type(node.outputs[0]));
      specializer.bind(node.outputs[0], ir.parameters[static_cast<size_t>(index)]);
    } else if (node.op->name == "input") {
      if (specializer.at(node.outputs[0]) < 0)
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
