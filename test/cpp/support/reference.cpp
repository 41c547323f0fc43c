#include "reference.h"

#include "graph/subgraph.h"

namespace nodegrad::reference {

namespace {

const Table& table() {
  static const Table kernels = [] {
    Table made;
    addElementwise(made);
    addWindows(made);
    addQuantized(made);
    addReductions(made);
    addNorm(made);
    addAttention(made);
    addMoves(made);
    addRecurrent(made);
    addLinalg(made);
    addOrder(made);
    addLoops(made);
    addUpdates(made);
    addRandom(made);
    return made;
  }();
  return kernels;
}

std::vector<Array> run(const OpDef& def, const std::vector<Array>& inputs, const Attrs& attrs) {
  std::vector<TensorType> types;
  for (const Array& input : inputs) types.push_back(input.type);
  std::vector<Array> outputs;
  for (const TensorType& type : def.infer({def.name, types, attrs}))
    outputs.push_back({type, std::vector<double>(static_cast<size_t>(count(type.shape)))});
  const auto found = table().find(def.name);
  if (found == table().end()) fail(ErrorCode::Internal, "the reference has no '", def.name, "'");
  found->second({inputs, outputs, attrs});
  return outputs;
}

}  // namespace

int64_t broadcastPlace(const Dims& shape, const Dims& index) {
  int64_t place = 0;
  const size_t skip = index.size() - shape.size();
  for (size_t i = 0; i < shape.size(); ++i) place = place * shape[i] + (shape[i] == 1 ? 0 : index[skip + i]);
  return place;
}

int64_t placeOf(const Dims& shape, const Dims& index) {
  int64_t place = 0;
  for (size_t i = 0; i < shape.size(); ++i) place = place * shape[i] + index[i];
  return place;
}

void forEach(const Dims& shape, const std::function<void(const Dims& index, int64_t place)>& body) {
  const int64_t total = count(shape);
  Dims index(shape.size(), 0);
  for (int64_t place = 0; place < total; ++place) {
    body(index, place);
    for (size_t axis = shape.size(); axis-- > 0;) {
      if (++index[axis] < shape[axis]) break;
      index[axis] = 0;
    }
  }
}

std::vector<Array> apply(const std::string& op, const std::vector<Array>& inputs, const Attrs& attrs) {
  const OpDef& def = findOp(op);
  return run(def, inputs, checkAttrs(def, attrs));
}

std::vector<Array> evaluate(const Graph& graph, const std::map<Value, Array>& feeds,
                            const std::vector<Value>& fetches) {
  const std::vector<bool> needed = neededFor(graph, fetches);
  std::vector<Array> values(graph.valueCount());
  for (const Node& node : graph.nodes()) {
    if (!needed[static_cast<size_t>(node.outputs[0])]) continue;
    if (node.op->name == "input" || node.op->name == "parameter") {
      const auto fed = feeds.find(node.outputs[0]);
      if (fed == feeds.end()) fail(ErrorCode::Internal, "value ", node.outputs[0], " is not fed");
      values[static_cast<size_t>(node.outputs[0])] = fed->second;
      continue;
    }
    std::vector<Array> inputs;
    for (Value in : node.inputs) inputs.push_back(values[static_cast<size_t>(in)]);
    std::vector<Array> outputs = run(*node.op, inputs, node.attrs);
    for (size_t i = 0; i < outputs.size(); ++i)
      values[static_cast<size_t>(node.outputs[i])] = std::move(outputs[i]);
  }
  std::vector<Array> result;
  for (Value fetch : fetches) result.push_back(values[static_cast<size_t>(fetch)]);
  return result;
}

}  // namespace nodegrad::reference
