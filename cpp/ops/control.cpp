#include "ops/control.h"

#include "graph/autodiff.h"
#include "graph/subgraph.h"
#include "ops/check.h"
#include "ops/expr.h"

// A choice between two computations, and a loop whose number of steps the numbers decide (as lax.cond and
// lax.while_loop of JAX). Both carry graphs, whose inputs are the op's operands.
namespace nodegrad {

namespace {

using Body = std::shared_ptr<const Subgraph>;

std::vector<TensorType> outputsOf(const InferContext& context, const char* attr,
                                  const std::vector<TensorType>& inputs) {
  const Subgraph& part = *context.attrs.get<Body>(attr);
  if (part.inputs.size() != inputs.size())
    fail(ErrorCode::Argument, "[", context.op, "] expected ", part.inputs.size(), " operands, received ",
         inputs.size());
  return inferOutputs(part, inputs);
}

// Sizes that are known of either shape.
TensorType joined(const TensorType& a, const TensorType& b) {
  TensorType type = a;
  for (size_t axis = 0; axis < type.shape.size(); ++axis)
    if (type.shape[axis] == kDynamic) type.shape[axis] = b.shape[axis];
  return type;
}

// The condition, then what the branches read. -> what the chosen one gives.
std::vector<TensorType> inferCond(const InferContext& context) {
  inputOfRank(context, 0, "a condition", {DType::Bool}, 0);
  const std::vector<TensorType> operands(context.inputs.begin() + 1, context.inputs.end());
  const std::vector<TensorType> then = outputsOf(context, "then", operands),
                                otherwise = outputsOf(context, "otherwise", operands);
  if (then.size() != otherwise.size())
    fail(ErrorCode::Argument, "[cond] expected branches that give as many values, received ", then.size(),
         " and ", otherwise.size());
  std::vector<TensorType> outputs;
  for (size_t i = 0; i < then.size(); ++i) {
    if (then[i].dtype != otherwise[i].dtype || !mayEqual(then[i].shape, otherwise[i].shape))
      fail(then[i].dtype != otherwise[i].dtype ? ErrorCode::Dtype : ErrorCode::Shape,
           "[cond] expected branches that give values of the same dtype and shape, received ",
           toString(then[i]), " and ", toString(otherwise[i]));
    outputs.push_back(joined(then[i], otherwise[i]));
  }
  return outputs;
}

// The gradients that flow into the outputs are further operands of a choice between the derivatives of the
// branches, which compute what they need of the branches anew.
std::vector<Value> condGradient(const GradientContext& context) {
  std::vector<Value> operands = context.inputs;
  std::vector<size_t> wanted, given;
  for (size_t i = 1; i < operands.size(); ++i)
    if (context.wanted[i] && context.graph.type(operands[i]).dtype == DType::F32) wanted.push_back(i);
  for (size_t o = 0; o < context.outputs.size(); ++o)
    if (context.gradients[o] != kNone) given.push_back(o);
  std::vector<Value> result(context.inputs.size(), kNone);
  if (wanted.empty()) return result;
  for (size_t o : given) operands.push_back(context.gradients[o]);
  const auto derivative = [&](const char* attr) {
    const auto part = std::make_shared<Subgraph>(*context.attrs.get<Body>(attr));
    std::vector<Value> ys, xs, dys;
    for (size_t o : given) {
      ys.push_back(part->outputs[o]);
      dys.push_back(part->graph.input(part->graph.type(ys.back())));
    }
    for (size_t i : wanted) xs.push_back(part->inputs[i - 1]);
    part->outputs = gradients(part->graph, ys, xs, dys);
    part->inputs.insert(part->inputs.end(), dys.begin(), dys.end());
    return Body(part);
  };
  const std::vector<Value> found = context.graph.op(
      "cond", operands, {{"then", derivative("then")}, {"otherwise", derivative("otherwise")}});
  for (size_t w = 0; w < wanted.size(); ++w) result[wanted[w]] = found[w];
  return result;
}

// The first states, then what else a step reads. -> the last states.
std::vector<TensorType> inferWhile(const InferContext& context) {
  const std::vector<TensorType> condition = outputsOf(context, "condition", context.inputs),
                                next = outputsOf(context, "body", context.inputs);
  if (condition.size() != 1 || condition[0].dtype != DType::Bool || !condition[0].shape.empty())
    fail(ErrorCode::Argument, "[whileLoop] expected a condition of dtype bool and shape [], received ",
         condition.empty() ? "nothing" : toString(condition[0]));
  if (next.empty() || next.size() > context.inputs.size())
    fail(ErrorCode::Argument, "[whileLoop] expected a step that gives at least one state, and no more than ",
         context.inputs.size(), ", received ", next.size());
  for (size_t i = 0; i < next.size(); ++i)
    if (next[i].dtype != context.inputs[i].dtype || !mayEqual(next[i].shape, context.inputs[i].shape))
      fail(ErrorCode::Shape, "[whileLoop] expected a state that stays ", toString(context.inputs[i]),
           ", received ", toString(next[i]), " after a step");
  return {context.inputs.begin(), context.inputs.begin() + static_cast<std::ptrdiff_t>(next.size())};
}

// The outputs of a computation in another graph.
std::vector<Value> inlined(const Subgraph& part, Graph& graph, const std::vector<Value>& inputs) {
  std::unordered_map<Value, Value> known;
  for (size_t i = 0; i < inputs.size(); ++i) known.emplace(part.inputs[i], inputs[i]);
  copyNodes(part.graph, part.outputs, graph, known);
  std::vector<Value> outputs;
  for (Value output : part.outputs) outputs.push_back(known.at(output));
  return outputs;
}

// The loop as one of `maximum` steps, which do nothing once the condition does not hold.
Exprs bounded(const Exprs& inputs, const Attrs& attrs) {
  Graph& outer = *inputs[0].graph();
  const Subgraph& body = *attrs.get<Body>("body");
  const size_t states = body.outputs.size();
  const auto step = std::make_shared<Subgraph>();
  Graph& graph = step->graph;
  std::vector<Value> read, operands;
  for (const Expr& input : inputs) read.push_back(graph.input(input.type()));
  const Value active = graph.input({DType::Bool, {}}), element = graph.input({DType::F32, {}});
  const Value condition = inlined(*attrs.get<Body>("condition"), graph, read)[0];
  const Value going = graph.one("logicalAnd", {active, condition});

  const auto stay = std::make_shared<Subgraph>();
  for (const Expr& input : inputs) stay->inputs.push_back(stay->graph.input(input.type()));
  stay->outputs.assign(stay->inputs.begin(), stay->inputs.begin() + static_cast<std::ptrdiff_t>(states));
  std::vector<Value> chosen{going};
  chosen.insert(chosen.end(), read.begin(), read.end());
  step->outputs = graph.op("cond", chosen, {{"then", attrs.get<Body>("body")}, {"otherwise", Body(stay)}});
  step->outputs.push_back(going);

  const auto take = [&](Value inside, Value outside) {
    step->inputs.push_back(inside);
    operands.push_back(outside);
  };
  for (size_t i = 0; i < states; ++i) take(read[i], inputs[i].value());
  take(active, outer.constant(1, {}, DType::Bool));
  take(element, outer.constant(0, {attrs.integer("maximum")}));
  for (size_t i = states; i < inputs.size(); ++i) take(read[i], inputs[i].value());
  const std::vector<Value> made = outer.op("scan", operands,
                                           {{"body", Body(step)},
                                            {"states", static_cast<int64_t>(states + 1)},
                                            {"sequences", int64_t{1}},
                                            {"backwards", Dims{0}}});
  Exprs outputs;
  for (size_t i = 0; i < states; ++i) outputs.emplace_back(outer, made[i]);
  return outputs;
}

std::vector<Value> whileGradient(const GradientContext& context) {
  if (context.attrs.integer("maximum") < 0)
    fail(ErrorCode::Argument,
         "[whileLoop] expected maximumIterations where a gradient is taken, received none: the states of all "
         "steps are kept for it");
  return composedGradient(context, bounded);
}

// The results, the arguments that get gradients, then what else the gradient reads. -> the results.
std::vector<TensorType> inferCustom(const InferContext& context) {
  const Subgraph& backward = *context.attrs.get<Body>("backward");
  const auto results = static_cast<size_t>(context.attrs.integer("results"));
  const std::vector<TensorType> gradients = outputsOf(context, "backward", context.inputs);
  if (results + gradients.size() > backward.inputs.size())
    fail(ErrorCode::Argument, "[customGradient] expected a gradient for each argument, received ",
         gradients.size());
  for (size_t i = 0; i < gradients.size(); ++i) {
    const TensorType& wanted = context.inputs[results + i];
    if (gradients[i].dtype != DType::F32 || !mayEqual(gradients[i].shape, wanted.shape))
      fail(gradients[i].dtype != DType::F32 ? ErrorCode::Dtype : ErrorCode::Shape,
           "[customGradient] expected a gradient float32 ", toString(wanted.shape), " as the argument ",
           i + 1, ", received ", toString(gradients[i]));
  }
  return {context.inputs.begin(), context.inputs.begin() + static_cast<std::ptrdiff_t>(results)};
}

std::vector<Value> customGradient(const GradientContext& context) {
  const auto results = static_cast<size_t>(context.attrs.integer("results"));
  std::vector<Value> inputs = context.inputs, result(context.inputs.size(), kNone);
  for (size_t y = 0; y < results; ++y)
    inputs[y] = context.gradients[y] != kNone
                    ? context.gradients[y]
                    : broadcastLike(0.0, {context.graph, context.outputs[y]}).value();
  const std::vector<Value> found = inlined(*context.attrs.get<Body>("backward"), context.graph, inputs);
  for (size_t i = 0; i < found.size(); ++i) result[results + i] = found[i];
  return result;
}

}  // namespace

std::vector<Value> addCond(Graph& graph, Value predicate, Value first, const std::vector<Value>& then,
                           const std::vector<Value>& otherwise) {
  std::vector<bool> inside(graph.valueCount(), false);
  for (const Node& node : graph.nodes())
    for (Value output : node.outputs)
      inside[static_cast<size_t>(output)] =
          output >= first && node.op->name != "input" && node.op->name != "parameter";
  std::vector<Value> others;
  const std::vector<Body> parts = cutOut(graph, inside, {}, {then, otherwise}, others);
  others.insert(others.begin(), predicate);
  return graph.op("cond", others, {{"then", parts[0]}, {"otherwise", parts[1]}});
}

std::vector<Value> addWhile(Graph& graph, const While& loop) {
  std::vector<Value> inputs, next, operands, others;
  for (const While::State& state : loop.states) {
    inputs.push_back(state.before);
    operands.push_back(state.first);
    next.push_back(state.next);
  }
  const std::vector<Body> parts =
      cutOut(graph, dependentOn(graph, inputs), inputs, {{loop.condition}, next}, others);
  operands.insert(operands.end(), others.begin(), others.end());
  return graph.op("whileLoop", operands,
                  {{"condition", parts[0]}, {"body", parts[1]}, {"maximum", loop.maximum}});
}

std::vector<Value> addCustomGradient(Graph& graph, const CustomGradient& custom) {
  std::vector<Value> operands = custom.ys, inputs = custom.upstream, others;
  operands.insert(operands.end(), custom.xs.begin(), custom.xs.end());
  // The arguments come first of what the gradient reads.
  inputs.insert(inputs.end(), custom.xs.begin(), custom.xs.end());
  const std::vector<Body> parts =
      cutOut(graph, dependentOn(graph, custom.upstream), inputs, {custom.gradients}, others);
  operands.insert(operands.end(), others.begin(), others.end());
  return graph.op("customGradient", operands,
                  {{"backward", parts[0]}, {"results", static_cast<int64_t>(custom.ys.size())}});
}

const OpFamily family([] {
  OpDef cond;
  cond.name = "cond";
  cond.minInputs = 1;
  cond.maxInputs = -1;
  cond.attrs = {{"then", AttrKind::Graph}, {"otherwise", AttrKind::Graph}};
  cond.infer = inferCond;
  cond.gradient = condGradient;
  registerOp(cond);

  OpDef loop;
  loop.name = "whileLoop";
  loop.minInputs = 1;
  loop.maxInputs = -1;
  loop.attrs = {
      {"condition", AttrKind::Graph}, {"body", AttrKind::Graph}, {"maximum", AttrKind::Integer, int64_t{-1}}};
  loop.infer = inferWhile;
  loop.gradient = whileGradient;
  registerOp(loop);

  OpDef custom;
  custom.name = "customGradient";
  custom.minInputs = 1;
  custom.maxInputs = -1;
  custom.attrs = {{"backward", AttrKind::Graph}, {"results", AttrKind::Integer}};
  custom.infer = inferCustom;
  custom.gradient = customGradient;
  custom.lower = [](const LowerContext& context) {
    const auto results = static_cast<std::ptrdiff_t>(context.attrs.integer("results"));
    return std::vector<Value>(context.inputs.begin(), context.inputs.begin() + results);
  };
  registerOp(custom);
});

}  // namespace nodegrad
