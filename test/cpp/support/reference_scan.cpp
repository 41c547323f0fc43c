#include "graph/subgraph.h"
#include "reference.h"

namespace nodegrad::reference {

namespace {

void scan(const Call& call) {
  const auto& step = *call.attrs.get<std::shared_ptr<const Subgraph>>("body");
  const auto states = static_cast<size_t>(call.attrs.integer("states"));
  const size_t perStep = states + static_cast<size_t>(call.attrs.integer("sequences"));
  const Dims& backwards = call.attrs.integers("backwards");
  const int64_t steps = call.inputs[states].shape()[0];
  std::map<Value, Array> feeds;
  for (size_t i = 0; i < call.inputs.size(); ++i) feeds[step.inputs[i]] = call.inputs[i];
  for (int64_t k = 0; k < steps; ++k) {
    const auto timeOf = [&](size_t i) { return backwards[i] ? steps - 1 - k : k; };
    const auto put = [&](const Array& from, size_t output, int64_t place) {
      std::copy(from.data.begin(), from.data.end(),
                call.outputs[output].data.begin() + place * static_cast<int64_t>(from.data.size()));
    };
    for (size_t i = states; i < perStep; ++i) {
      Array& at = feeds[step.inputs[i]];
      at.type.shape.assign(call.inputs[i].shape().begin() + 1, call.inputs[i].shape().end());
      const auto begin = call.inputs[i].data.begin() + timeOf(i - states) * count(at.type.shape);
      at.data.assign(begin, begin + count(at.type.shape));
    }
    for (size_t i = 0; i < states; ++i) put(feeds[step.inputs[i]], step.outputs.size() + i, k);
    const std::vector<Array> made = evaluate(step.graph, feeds, step.outputs);
    for (size_t i = 0; i < states; ++i) feeds[step.inputs[i]] = made[i];
    for (size_t o = states; o < made.size(); ++o) put(made[o], o, timeOf(perStep - states + o - states));
  }
  for (size_t i = 0; i < states; ++i) call.outputs[i].data = feeds[step.inputs[i]].data;
}

const Subgraph& partOf(const Call& call, const char* attr) {
  return *call.attrs.get<std::shared_ptr<const Subgraph>>(attr);
}

std::vector<Array> evaluate(const Subgraph& part, const std::vector<Array>& inputs) {
  std::map<Value, Array> feeds;
  for (size_t i = 0; i < inputs.size(); ++i) feeds[part.inputs[i]] = inputs[i];
  return evaluate(part.graph, feeds, part.outputs);
}

void cond(const Call& call) {
  const bool holds = call.inputs[0].data[0] != 0;
  const std::vector<Array> made =
      evaluate(partOf(call, holds ? "then" : "otherwise"), {call.inputs.begin() + 1, call.inputs.end()});
  for (size_t o = 0; o < made.size(); ++o) call.outputs[o].data = made[o].data;
}

void whileLoop(const Call& call) {
  std::vector<Array> values = call.inputs;
  const int64_t maximum = call.attrs.integer("maximum");
  for (int64_t k = 0; maximum < 0 || k < maximum; ++k) {
    if (evaluate(partOf(call, "condition"), values)[0].data[0] == 0) break;
    const std::vector<Array> next = evaluate(partOf(call, "body"), values);
    std::copy(next.begin(), next.end(), values.begin());
  }
  for (size_t i = 0; i < call.outputs.size(); ++i) call.outputs[i].data = values[i].data;
}

// A plan has none of these: what comes out is what went in.
void customGradient(const Call& call) {
  for (size_t o = 0; o < call.outputs.size(); ++o) call.outputs[o].data = call.inputs[o].data;
}

}  // namespace

void addLoops(Table& table) {
  table["scan"] = scan;
  table["cond"] = cond;
  table["whileLoop"] = whileLoop;
  table["customGradient"] = customGradient;
}

}  // namespace nodegrad::reference
