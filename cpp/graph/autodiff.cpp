#include "graph/autodiff.h"

#include "graph/precision.h"

namespace nodegrad {

namespace {

// Which nodes are on a path from an x: only through them does a gradient matter.
std::vector<bool> reachedFrom(const Graph& graph, const std::vector<Value>& xs) {
  std::vector<bool> reached(graph.valueCount(), false);
  for (Value x : xs) reached[static_cast<size_t>(x)] = true;
  for (const Node& node : graph.nodes()) {
    if (!node.op->differentiable) continue;
    bool any = false;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      bool shapeOnly = false;
      for (int index : node.op->shapeOnly) shapeOnly |= index == static_cast<int>(i);
      any |= !shapeOnly && reached[static_cast<size_t>(node.inputs[i])];
    }
    if (any)
      for (Value out : node.outputs) reached[static_cast<size_t>(out)] = true;
  }
  return reached;
}

class ReverseSweep {
 public:
  ReverseSweep(Graph& graph, const std::vector<Value>& xs)
      : graph_(graph), reached_(reachedFrom(graph, xs)), gradient_(graph.valueCount(), kNone) {}

  void add(Value value, Value gradient) {
    Value& slot = gradient_[static_cast<size_t>(value)];
    slot = slot == kNone ? gradient : graph_.one("add", {slot, gradient});
  }

  void back(int nodeIndex) {
    // Copies: a rule adds nodes, which moves the graph's own.
    const Node node = graph_.nodes()[static_cast<size_t>(nodeIndex)];
    std::vector<Value> gradients;
    bool any = false;
    for (Value out : node.outputs) {
      gradients.push_back(gradient_[static_cast<size_t>(out)]);
      any |= gradients.back() != kNone && reached_[static_cast<size_t>(out)];
    }
    if (!any || !node.op->differentiable) return;
    if (!node.op->gradient)
      fail(ErrorCode::Argument, "[", node.op->name,
           "] has no gradient; use stopGradient before it or another op");
    std::vector<bool> wanted;
    for (Value input : node.inputs) wanted.push_back(reached_[static_cast<size_t>(input)]);
    const PrecisionScope scope(precisionOf(node.attrs));
    const std::vector<Value> result =
        node.op->gradient({graph_, node.inputs, node.outputs, gradients, node.attrs, wanted});
    for (size_t i = 0; i < result.size(); ++i)
      if (result[i] != kNone && wanted[i]) add(node.inputs[i], result[i]);
  }

  Value of(Value x) {
    const Value found = gradient_[static_cast<size_t>(x)];
    if (found != kNone) return found;
    return graph_.one("broadcastLike", {graph_.constant(0), x});
  }

 private:
  Graph& graph_;
  std::vector<bool> reached_;
  std::vector<Value> gradient_;
};

}  // namespace

std::vector<Value> gradients(Graph& graph, const std::vector<Value>& ys, const std::vector<Value>& xs,
                             const std::vector<Value>& outputGradients) {
  if (!outputGradients.empty() && outputGradients.size() != ys.size())
    fail(ErrorCode::Argument, "[grad] expected one gradient for each of ", ys.size(), " outputs, received ",
         outputGradients.size());
  for (Value value : xs)
    if (graph.type(value).dtype != DType::F32)
      fail(ErrorCode::Dtype, "[grad] expected a float32 value to differentiate by, received ",
           toString(graph.type(value)));
  const int last = static_cast<int>(graph.nodes().size()) - 1;
  ReverseSweep sweep(graph, xs);
  for (size_t i = 0; i < ys.size(); ++i) {
    const TensorType type = graph.type(ys[i]);
    if (type.dtype != DType::F32)
      fail(ErrorCode::Dtype, "[grad] expected a float32 value to differentiate, received ", toString(type));
    Value gradient = outputGradients.empty() ? graph.constant(1) : outputGradients[i];
    if (graph.type(gradient).dtype != DType::F32)
      fail(ErrorCode::Dtype, "[grad] expected a float32 gradient of an output, received ",
           toString(graph.type(gradient)));
    // The rules count on gradients of the outputs' full shapes.
    if (graph.type(gradient).shape != type.shape || !isStatic(type.shape))
      gradient = graph.one("broadcastLike", {gradient, ys[i]});
    sweep.add(ys[i], gradient);
  }
  for (int i = last; i >= 0; --i) sweep.back(i);
  std::vector<Value> result;
  for (Value x : xs) result.push_back(sweep.of(x));
  return result;
}

}  // namespace nodegrad
