#include "graph/graph.h"

#include "graph/precision.h"

namespace nodegrad {

size_t Graph::check(Value value) const {
  if (value < 0 || static_cast<size_t>(value) >= types_.size())
    fail(ErrorCode::Argument, "expected a value of this graph (0 to ", types_.size(), "), received ", value);
  return static_cast<size_t>(value);
}

const TensorType& Graph::type(Value value) const { return types_[check(value)]; }

Value Graph::add(const OpDef& def, std::vector<Value> inputs, Attrs attrs,
                 const std::vector<TensorType>& outputs) {
  Node node;
  node.op = &def;
  node.inputs = std::move(inputs);
  node.attrs = std::move(attrs);
  for (size_t i = 0; i < outputs.size(); ++i) {
    node.outputs.push_back(static_cast<Value>(types_.size()));
    types_.push_back(outputs[i]);
    producers_.push_back(static_cast<int>(nodes_.size()));
    outputIndex_.push_back(static_cast<int>(i));
  }
  nodes_.push_back(std::move(node));
  return nodes_.back().outputs.empty() ? kNone : nodes_.back().outputs[0];
}

Value Graph::input(TensorType type, const std::string& label) {
  for (int64_t dim : type.shape)
    if (dim < kDynamic)
      fail(ErrorCode::Shape, "[input] expected dimensions of at least 0, or -1 where unknown, received ",
           dim);
  const Value value = add(findOp("input"), {}, {}, {std::move(type)});
  nodes_.back().label = label;
  return value;
}

Value Graph::parameter(const StoragePtr& storage, const TensorType& type, const std::string& label) {
  const auto found = parameters_.find(storage.get());
  if (found != parameters_.end()) return found->second;
  const Value value = add(findOp("parameter"), {}, {}, {type});
  nodes_.back().label = label;
  nodes_.back().storage = storage;
  parameters_[storage.get()] = value;
  return value;
}

std::vector<Value> Graph::op(const std::string& name, const std::vector<Value>& inputs, const Attrs& attrs) {
  const OpDef& def = findOp(name);
  const int n = static_cast<int>(inputs.size());
  if (n < def.minInputs || (def.maxInputs >= 0 && n > def.maxInputs))
    fail(ErrorCode::Argument, "[", name, "] expected ", def.minInputs,
         def.maxInputs < 0 ? " or more"
                           : (def.maxInputs > def.minInputs ? " to " + std::to_string(def.maxInputs) : ""),
         def.maxInputs == 1 ? " input" : " inputs", ", received ", n);
  std::vector<TensorType> types;
  for (Value value : inputs) types.push_back(type(value));
  Attrs checked = checkAttrs(def, attrs);
  const std::vector<TensorType> outputs = def.infer({def.name, types, checked});
  const std::string& precision = PrecisionScope::current();
  if (!precision.empty() && !checked.has(kPrecision)) checked.set(kPrecision, precision);
  add(def, inputs, std::move(checked), outputs);
  return nodes_.back().outputs;
}

Value Graph::one(const std::string& name, const std::vector<Value>& inputs, const Attrs& attrs) {
  return op(name, inputs, attrs)[0];
}

Value Graph::constant(double value, const Dims& shape, DType dtype) {
  return one("constant", {}, Attrs{{"value", value}, {"shape", shape}, {"dtype", std::string(name(dtype))}});
}

}  // namespace nodegrad
