#include "graph/subgraph.h"
#include "ops_gradient_cases.h"

namespace nodegrad::gradient {

namespace {

using Body = std::shared_ptr<const Subgraph>;

struct Traced {
  std::shared_ptr<Subgraph> part = std::make_shared<Subgraph>();
  Graph& g = part->graph;

  Value input(const Dims& shape) {
    part->inputs.push_back(g.input({DType::F32, shape}));
    return part->inputs.back();
  }
  Value of(const char* op, Value a, Value b) { return g.one(op, {a, b}); }
  Body giving(std::vector<Value> outputs) {
    part->outputs = std::move(outputs);
    return part;
  }
};

// x, w: tanh(x) · w and x, or x · x · w and w.
Attrs cond() {
  Traced then, otherwise;
  for (Traced* t : {&then, &otherwise})
    for (int i = 0; i < 2; ++i) t->input({2, 3});
  const Value x = then.part->inputs[0], w = then.part->inputs[1], u = otherwise.part->inputs[0],
              v = otherwise.part->inputs[1];
  const Value bent = then.g.one("tanh", {x});
  return {{"then", then.giving({then.of("multiply", bent, w), x})},
          {"otherwise", otherwise.giving({otherwise.of("multiply", otherwise.of("multiply", u, u), v), v})}};
}

// h, c and w: as long as c < 2.5, h = tanh(h · w) + c · h and c = c + 1.
Attrs whileLoop(int64_t maximum) {
  Traced condition, step;
  for (Traced* t : {&condition, &step}) {
    t->input({2, 3});
    t->input({});
    t->input({3, 3});
  }
  Graph& g = step.g;
  const Value h = step.part->inputs[0], c = step.part->inputs[1], w = step.part->inputs[2];
  const Value next = step.of("add", g.one("tanh", {step.of("matmul", h, w)}), step.of("multiply", c, h));
  return {{"condition",
           condition.giving({condition.of("less", condition.part->inputs[1], condition.g.constant(2.5))})},
          {"body", step.giving({next, step.of("add", c, g.constant(1))})},
          {"maximum", maximum}};
}

}  // namespace

std::vector<Case> controlCases() {
  const Operand x{{2, 3}, -1, 1}, kernel{{3, 3}, -1, 1};
  const auto predicate = [](double holds) { return given({}, {holds}, DType::Bool); };
  return {
      {"cond", {predicate(1), x, x}, cond(), Dynamic::First, 2, {0, 1}},
      {"cond", {predicate(0), x, x}, cond(), Dynamic::First, 2, {0, 1}},
      // It ends after three steps, of more that it may take, or earlier.
      {"whileLoop", {x, given({}, {0.25}), kernel}, whileLoop(5), Dynamic::First, 2, {0, 1}},
      {"whileLoop", {x, given({}, {0.25}), kernel}, whileLoop(2), Dynamic::First, 2, {0}},
      {"whileLoop", {x, given({}, {9}), kernel}, whileLoop(2), Dynamic::First, 2, {0}},
  };
}

}  // namespace nodegrad::gradient
