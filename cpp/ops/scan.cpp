#include "ops/scan.h"

#include <algorithm>

#include "graph/autodiff.h"
#include "graph/subgraph.h"
#include "ops/check.h"
#include "ops/expr.h"

// A loop whose step is a graph (as lax.scan of JAX): states go from step to step, sequences give an element
// to each. The attribute backwards tells of each sequence, then of each result, whether it is 1: from the
// last element to the first. The gradient is a loop in the other direction, whose step computes the step anew
// from the states before it and differentiates that.
namespace nodegrad {

namespace {

using Body = std::shared_ptr<const Subgraph>;

// How many of a loop's inputs and outputs are what.
struct Counts {
  explicit Counts(const Attrs& attrs)
      : states(static_cast<size_t>(attrs.integer("states"))),
        sequences(static_cast<size_t>(attrs.integer("sequences"))),
        outputs(attrs.get<Body>("body")->outputs.size()) {}

  size_t perStep() const { return states + sequences; }  // the inputs from here on are the same in all steps

  size_t states, sequences, outputs;
};

TensorType ofStep(const InferContext& context, size_t i) {
  TensorType type = context.inputs[i];
  if (type.shape.empty())
    fail(ErrorCode::Shape, "[scan] expected a sequence [steps, ...], received ", toString(type));
  type.shape.erase(type.shape.begin());
  return type;
}

TensorType ofAllSteps(TensorType type, int64_t steps) {
  type.shape.insert(type.shape.begin(), steps);
  return type;
}

// The first states, the sequences, and what all steps read. -> the last states, the results, the states
// before each step.
std::vector<TensorType> infer(const InferContext& context) {
  const Counts counts(context.attrs);
  const Subgraph& body = *context.attrs.get<Body>("body");
  if (counts.sequences < 1 || context.inputs.size() != body.inputs.size() ||
      counts.perStep() > context.inputs.size() || counts.states > counts.outputs ||
      context.attrs.integers("backwards").size() != counts.sequences + counts.outputs - counts.states)
    fail(ErrorCode::Argument, "[scan] expected the ", body.inputs.size(),
         " inputs of its step, a sequence among them, received ", context.inputs.size());
  std::vector<TensorType> types = context.inputs;
  int64_t steps = kDynamic;
  for (size_t i = counts.states; i < counts.perStep(); ++i) {
    types[i] = ofStep(context, i);
    const int64_t given = context.inputs[i].shape[0];
    if (steps != kDynamic && given != kDynamic && given != steps)
      fail(ErrorCode::Shape, "[scan] expected sequences of as many steps, received ", steps, " and ", given);
    if (steps == kDynamic) steps = given;
  }
  const std::vector<TensorType> result = inferOutputs(body, types);
  std::vector<TensorType> outputs;
  for (size_t i = 0; i < counts.outputs; ++i) {
    if (i >= counts.states) {
      outputs.push_back(ofAllSteps(result[i], steps));
      continue;
    }
    const TensorType& state = context.inputs[i];
    if (result[i].dtype != state.dtype || !mayEqual(result[i].shape, state.shape))
      fail(ErrorCode::Shape, "[scan] expected a state that stays ", toString(state), ", received ",
           toString(result[i]), " after a step");
    outputs.push_back(state);
  }
  for (size_t i = 0; i < counts.states; ++i) outputs.push_back(ofAllSteps(context.inputs[i], steps));
  return outputs;
}

// A loop under construction from a step that is a graph by itself.
class Loop {
 public:
  explicit Loop(const Subgraph& step) : step_(std::make_shared<Subgraph>()) { step_->graph = step.graph; }

  Graph& graph() { return step_->graph; }
  // Each of these is for a value that the step reads, and gives it.
  Value state(const Value& value, Value first) { return add(states_, value, first); }
  Value sequence(const Value& value, Value over, bool backwards) {
    sequenceBackwards_.push_back(backwards);
    return add(sequences_, value, over);
  }
  Value constant(const Value& value, Value outside) { return add(constants_, value, outside); }
  Value input(const TensorType& type) { return graph().input(type); }
  // The states after a step come first.
  void next(Value output) { step_->outputs.push_back(output); }
  void result(Value output, bool backwards) {
    resultBackwards_.push_back(backwards);
    step_->outputs.push_back(output);
  }

  // Adds it to a graph, without what the step does not read.
  std::vector<Value> addTo(Graph& to) {
    const std::vector<bool> needed = neededFor(graph(), step_->outputs);
    std::vector<Value> operands;
    Dims backwards;
    const auto take = [&](const Pair& pair) {
      step_->inputs.push_back(pair.first);
      operands.push_back(pair.second);
    };
    for (const Pair& pair : states_) take(pair);
    for (size_t i = 0; i < sequences_.size(); ++i) {
      // One is there to tell the number of steps.
      const bool last = i + 1 == sequences_.size() && backwards.empty();
      if (!last && !needed[static_cast<size_t>(sequences_[i].first)]) continue;
      take(sequences_[i]);
      backwards.push_back(sequenceBackwards_[i]);
    }
    const auto sequences = static_cast<int64_t>(backwards.size());
    backwards.insert(backwards.end(), resultBackwards_.begin(), resultBackwards_.end());
    for (const Pair& pair : constants_)
      if (needed[static_cast<size_t>(pair.first)]) take(pair);
    return to.op("scan", operands,
                 {{"body", Body(step_)},
                  {"states", static_cast<int64_t>(states_.size())},
                  {"sequences", sequences},
                  {"backwards", backwards}});
  }

 private:
  using Pair = std::pair<Value, Value>;  // in the step and outside

  static Value add(std::vector<Pair>& to, Value value, Value outside) {
    to.emplace_back(value, outside);
    return value;
  }

  std::shared_ptr<Subgraph> step_;
  std::vector<Pair> states_, sequences_, constants_;
  Dims sequenceBackwards_, resultBackwards_;
};

std::vector<Value> gradient(const GradientContext& context) {
  const Counts counts(context.attrs);
  const Subgraph& body = *context.attrs.get<Body>("body");
  Graph& outer = context.graph;
  Loop loop(body);
  Graph& graph = loop.graph();
  // The steps go from the last to the first.
  const auto turned = [&](size_t i) { return context.attrs.integers("backwards")[i] == 0; };
  const auto typeOf = [&](Value value) { return body.graph.type(value); };

  // The gradients of what the step gives.
  std::vector<Value> ys, outputGradients;
  for (size_t i = 0; i < counts.outputs; ++i) {
    const bool state = i < counts.states;
    if (state ? typeOf(body.outputs[i]).dtype != DType::F32 : context.gradients[i] == kNone) continue;
    ys.push_back(body.outputs[i]);
    const Value gradient = loop.input(typeOf(body.outputs[i]));
    const Expr given = context.gradients[i] != kNone ? Expr(outer, context.gradients[i])
                                                     : broadcastLike(0.0, {outer, context.outputs[i]});
    outputGradients.push_back(
        state ? loop.state(gradient, given.value())
              : loop.sequence(gradient, given.value(), turned(counts.sequences + i - counts.states)));
  }
  // What to differentiate by: the states always, since their gradients go on.
  std::vector<Value> xs;
  std::vector<size_t> inputs;
  for (size_t i = 0; i < body.inputs.size(); ++i)
    if (typeOf(body.inputs[i]).dtype == DType::F32 && (i < counts.states || context.wanted[i])) {
      xs.push_back(body.inputs[i]);
      inputs.push_back(i);
    }
  std::vector<Value> dxs = gradients(graph, ys, xs, outputGradients);

  for (size_t i = 0; i < body.inputs.size(); ++i) {
    const size_t before = counts.outputs + i;
    if (i >= counts.perStep())
      loop.constant(body.inputs[i], context.inputs[i]);
    else if (i >= counts.states)
      loop.sequence(body.inputs[i], context.inputs[i], turned(i - counts.states));
    else
      loop.sequence(body.inputs[i], context.outputs[before], true);
    if (i < counts.states && context.gradients[before] != kNone) {
      const Value more = loop.sequence(loop.input(typeOf(body.inputs[i])), context.gradients[before], true);
      const size_t x = static_cast<size_t>(std::find(inputs.begin(), inputs.end(), i) - inputs.begin());
      dxs[x] = graph.one("add", {dxs[x], more});
    }
  }
  // States of the loop back: the gradients of the states, and the sums of those of what all steps read.
  for (size_t x = 0; x < xs.size(); ++x) {
    if (inputs[x] >= counts.perStep()) {
      const Value zeros = broadcastLike(0.0, {outer, context.inputs[inputs[x]]}).value();
      const Value sum = loop.state(loop.input(typeOf(xs[x])), zeros);
      dxs[x] = graph.one("add", {sum, dxs[x]});
    }
    if (inputs[x] < counts.states || inputs[x] >= counts.perStep()) loop.next(dxs[x]);
  }
  for (size_t x = 0; x < xs.size(); ++x)
    if (inputs[x] >= counts.states && inputs[x] < counts.perStep())
      loop.result(dxs[x], turned(inputs[x] - counts.states));

  const std::vector<Value> back = loop.addTo(outer);
  std::vector<Value> result(context.inputs.size(), kNone);
  size_t next = 0;
  for (size_t i : inputs)
    if (i < counts.states || i >= counts.perStep()) result[i] = back[next++];
  for (size_t i : inputs)
    if (i >= counts.states && i < counts.perStep()) result[i] = back[next++];
  return result;
}

}  // namespace

std::vector<Value> addScan(Graph& graph, const Scan& scan) {
  std::vector<Value> inputs, outputs, operands;
  Dims backwards;
  for (const Scan::State& state : scan.states) {
    inputs.push_back(state.before);
    operands.push_back(state.first);
    outputs.push_back(state.next);
  }
  for (const Scan::Sequence& sequence : scan.sequences) {
    inputs.push_back(sequence.element);
    operands.push_back(sequence.whole);
    backwards.push_back(sequence.backwards);
  }
  for (const Scan::Result& result : scan.results) {
    outputs.push_back(result.value);
    backwards.push_back(result.backwards);
  }
  for (Value input : inputs)
    if (graph.producer(input).op->name != "input")
      fail(ErrorCode::Argument,
           "[scan] expected inputs of the graph as what a step reads, received a result of '",
           graph.producer(input).op->name, "'");
  std::vector<Value> others;
  const Body body = cutOut(graph, dependentOn(graph, inputs), inputs, {outputs}, others)[0];
  operands.insert(operands.end(), others.begin(), others.end());
  std::vector<Value> result = graph.op("scan", operands,
                                       {{"body", body},
                                        {"states", static_cast<int64_t>(scan.states.size())},
                                        {"sequences", static_cast<int64_t>(scan.sequences.size())},
                                        {"backwards", backwards}});
  result.resize(outputs.size());
  return result;
}

const OpFamily family([] {
  OpDef scan;
  scan.name = "scan";
  scan.minInputs = 1;
  scan.maxInputs = -1;
  scan.attrs = {{"body", AttrKind::Graph},
                {"states", AttrKind::Integer},
                {"sequences", AttrKind::Integer},
                {"backwards", AttrKind::Integers}};
  scan.infer = infer;
  scan.gradient = gradient;
  registerOp(scan);
});

}  // namespace nodegrad
