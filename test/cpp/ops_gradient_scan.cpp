#include "graph/subgraph.h"
#include "ops_gradient_cases.h"

namespace nodegrad::gradient {

namespace {

// h' = tanh(h · w + x + y), c' = c · h' + b · x, of which a step also gives h' · c: x forwards, y as told.
Attrs scan(bool yBackwards, bool resultBackwards) {
  const auto step = std::make_shared<Subgraph>();
  Graph& g = step->graph;
  const auto of = [&](const char* op, Value a, Value b) { return g.one(op, {a, b}); };
  for (const Dims& shape : {Dims{2, 3}, Dims{2, 3}, Dims{2, 3}, Dims{2, 3}, Dims{3, 3}, Dims{3}})
    step->inputs.push_back(g.input({DType::F32, shape}));
  const Value h = step->inputs[0], c = step->inputs[1], x = step->inputs[2], y = step->inputs[3],
              w = step->inputs[4], b = step->inputs[5];
  const Value next = g.one("tanh", {of("add", of("add", of("matmul", h, w), x), y)});
  step->outputs = {next, of("add", of("multiply", c, next), of("multiply", b, x)), of("multiply", next, c)};
  return {{"body", std::shared_ptr<const Subgraph>(step)},
          {"states", int64_t{2}},
          {"sequences", int64_t{2}},
          {"backwards", Dims{0, yBackwards, resultBackwards}}};
}

}  // namespace

std::vector<Case> scanCases() {
  const Operand state{{2, 3}, -1, 1}, sequence{{3, 2, 3}, -1, 1}, kernel{{3, 3}, -1, 1}, vector{{3}, -1, 1};
  const std::vector<Operand> operands{state, state, sequence, sequence, kernel, vector};
  return {
      {"scan", operands, scan(false, false), Dynamic::First, 2, {0, 1}},
      {"scan", operands, scan(true, false), Dynamic::First, 2, {2}},
      {"scan", operands, scan(true, true), Dynamic::First, 2, {1, 2}},
      {"scan", operands, scan(false, true), Dynamic::First, 2, {0, 3, 4}},
  };
}

}  // namespace nodegrad::gradient
