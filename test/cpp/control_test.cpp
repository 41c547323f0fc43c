// Choices, loops whose steps the numbers decide, and derivatives of one's own.
#include "ops/control.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "graph/subgraph.h"
#include "ops/remat.h"
#include "plan/loop.h"
#include "support/fake_backend.h"
#include "support/graph_builder.h"
#include "support/run.h"

namespace nodegrad::testing {
namespace {

std::string refusalOf(const std::function<void()>& body) {
  try {
    body();
  } catch (const Error& error) {
    return error.what();
  }
  return "nothing";
}

StoragePtr predicate(bool holds) {
  const Bool number = holds ? Bool::True : Bool::False;
  return hostStorage({DType::Bool, {}}, &number);
}

// Where p: x · y, else x + the row of a table at an index.
struct Choice : GraphBuilder {
  Value p = feed({}, DType::Bool), x = feed({kDynamic, 2}), y = feed({kDynamic, 2}), table = feed({3, 2}),
        index = feed({}, DType::I32);

  explicit Choice(bool gradients) {
    const Value outside = op("multiply", {x, y});
    const Value first = graph.constant(0);
    const Value then = op("add", {outside, graph.constant(1)});
    const Value otherwise = op("add", {x, op("gather", {table, index}, {{"axis", int64_t{0}}})});
    fetches = addCond(graph, p, first, {then}, {otherwise});
    if (!gradients) return;
    const std::vector<Value> made = nodegrad::gradients(graph, fetches, {x, table});
    fetches.insert(fetches.end(), made.begin(), made.end());
  }
};

TEST(Cond, RunsTheChosenBranchAlone) {
  Choice t(true);
  const auto program = compile(t);
  const auto run = [&](bool holds, int32_t index) {
    return runNow(program, {predicate(holds), floats({1, 2}, {2, 3}), floats({1, 2}, {5, 7}),
                            floats({3, 2}, {0, 1, 10, 20, 30, 40}), hostStorage({DType::I32, {}}, &index)});
  };
  std::vector<StoragePtr> made = run(true, 99);  // no row has this index, which nobody looks at
  EXPECT_EQ(numbersOf(made[0]), (std::vector<float>{11, 22}));
  EXPECT_EQ(numbersOf(made[1]), (std::vector<float>{5, 7}));
  EXPECT_EQ(numbersOf(made[2]), (std::vector<float>(6, 0)));
  made = run(false, 1);
  EXPECT_EQ(numbersOf(made[0]), (std::vector<float>{12, 23}));
  EXPECT_EQ(numbersOf(made[1]), (std::vector<float>{1, 1}));
  EXPECT_EQ(numbersOf(made[2]), (std::vector<float>{0, 0, 1, 1, 0, 0}));
  EXPECT_NE(refusalOf([&] { run(false, 99); }), "nothing");
}

// What was there before the branches is computed once, what is in them only there.
TEST(Cond, LeavesOutsideWhatWasThereBefore) {
  const Choice t(false);
  const Node& choice = t.graph.producer(t.fetches[0]);
  for (const char* branch : {"then", "otherwise"})
    for (const Node& node : choice.attrs.get<std::shared_ptr<const Subgraph>>(branch)->graph.nodes())
      EXPECT_NE(node.op->name, "multiply");
}

TEST(Cond, RefusesBranchesThatDiffer) {
  GraphBuilder t;
  const Value p = t.feed({}, DType::Bool), x = t.feed({2}), first = t.graph.constant(0);
  const Value whole = t.op("cast", {x}, {{"dtype", std::string("int32")}}), one = t.op("sum", {x});
  EXPECT_EQ(refusalOf([&] { addCond(t.graph, p, first, {x}, {whole}); }),
            "[cond] expected branches that give values of the same dtype and shape, received float32 [2] and "
            "int32 [2]");
  EXPECT_EQ(refusalOf([&] { addCond(t.graph, p, first, {x}, {one}); }).substr(0, 24),
            "[cond] expected branches");
  EXPECT_EQ(refusalOf([&] { addCond(t.graph, x, first, {x}, {x}); }).substr(0, 20), "[cond] expected bool");
  EXPECT_EQ(refusalOf([&] { addCond(t.graph, p, first, {x, x}, {x}); }),
            "[cond] expected branches that give as many values, received 2 and 1");
}

// Doubles x and counts, as long as the sum of x is below a limit; w is the same in all steps.
struct Doubling : GraphBuilder {
  Value x = feed({kDynamic}), w = feed({}), limit = feed({});

  explicit Doubling(int64_t maximum, bool gradients = false) {
    const Value h = graph.input({DType::F32, {kDynamic}}), n = graph.input({DType::I32, {}});
    const Value begin = graph.constant(0, {}, DType::I32);
    While loop;
    loop.states = {{h, x, op("multiply", {h, op("exp", {w})})},
                   {n, begin, op("add", {n, graph.constant(1, {}, DType::I32)})}};
    loop.condition = op("less", {op("sum", {h}), limit});
    loop.maximum = maximum;
    fetches = addWhile(graph, loop);
    if (!gradients) return;
    const std::vector<Value> made = nodegrad::gradients(graph, {fetches[0]}, {x, w});
    fetches.insert(fetches.end(), made.begin(), made.end());
  }
};

TEST(WhileLoop, GoesOnAsLongAsItsConditionHolds) {
  const auto ln2 = static_cast<float>(std::log(2.0));
  for (const auto& [maximum, limit, steps] :
       {std::tuple<int64_t, float, int>{-1, 10, 2}, {-1, 1000, 9}, {-1, 1, 0}, {4, 1000, 4}, {0, 1000, 0}}) {
    Doubling t(maximum);
    const auto program = compile(t);
    for (int run = 0; run < 2; ++run) {
      const std::vector<StoragePtr> made =
          runNow(program, {floats({2}, {1, 2}), floats({}, {ln2}), floats({}, {limit})});
      // exp(ln2) is 2 but for a few units in its last place, in each step.
      const float wanted = std::ldexp(1.0F, steps);
      EXPECT_NEAR(numbersOf(made[0])[0], wanted, wanted * 0x1p-22F * static_cast<float>(steps));
      EXPECT_EQ(*reinterpret_cast<const int32_t*>(made[1]->buffer->data()), steps);
    }
  }
}

TEST(WhileLoop, HasAGradientWhereItsStepsAreBounded) {
  Doubling t(6, true);
  const auto program = compile(t);
  const auto ln2 = static_cast<float>(std::log(2.0));
  const std::vector<StoragePtr> made =
      runNow(program, {floats({2}, {1, 2}), floats({}, {ln2}), floats({}, {10})});
  // Two steps: x · exp(2w).
  EXPECT_NEAR(numbersOf(made[2])[1], 4, 4 * 0x1p-20);
  EXPECT_NEAR(numbersOf(made[3])[0], 2 * 4 * 3, 24 * 0x1p-20);
  EXPECT_EQ(refusalOf([] { Doubling(-1, true); }).substr(0, 46),
            "[whileLoop] expected maximumIterations where a");
}

TEST(WhileLoop, RefusesWhatDoesNotFit) {
  GraphBuilder t;
  const Value x = t.feed({2}), h = t.graph.input({DType::F32, {2}});
  EXPECT_EQ(refusalOf([&] { addWhile(t.graph, {{{h, x, t.op("exp", {h})}}, t.op("sum", {h})}); }),
            "[whileLoop] expected a condition of dtype bool and shape [], received float32 []");
  const Value going = t.op("less", {t.op("sum", {h}), t.graph.constant(1)});
  EXPECT_EQ(refusalOf([&] { addWhile(t.graph, {{{h, x, t.op("sum", {h})}}, going}); }),
            "[whileLoop] expected a state that stays float32 [2], received float32 [] after a step");
}

TEST(Control, IsANodeThatPlansKnow) {
  Choice choice(true);
  choice.feedTypes = {
      {DType::Bool, {}}, {DType::F32, {4, 2}}, {DType::F32, {4, 2}}, {DType::F32, {3, 2}}, {DType::I32, {}}};
  Doubling loop(3);
  loop.feedTypes = {{DType::F32, {4}}, {DType::F32, {}}, {DType::F32, {}}};
  for (Compute compute : {Compute::Float32, Compute::TensorFloat32, Compute::BFloat16})
    for (const GraphBuilder* t : {static_cast<GraphBuilder*>(&choice), static_cast<GraphBuilder*>(&loop)}) {
      FakeBackend fake;
      plan::LoopBackend backend(fake, compute);
      plan::Ir ir = t->ir();
      plan::runPasses(ir, backend, true, compute, plan::verify);
      EXPECT_GT(countOf(ir, "cond") + countOf(ir, "whileLoop"), 0);
    }
}

// y = x², whose derivative is said to be 10 · x · dy; that of this, which reads x, is its true one.
TEST(CustomGradient, TakesThePlaceOfTheTrueOne) {
  GraphBuilder t;
  const Value x = t.feed({2}), y = t.op("square", {x}), dy = t.graph.input({DType::F32, {2}});
  const Value said = t.op("multiply", {dy, t.op("multiply", {x, t.graph.constant(10)})});
  const Value made = addCustomGradient(t.graph, {{y}, {x}, {dy}, {said}})[0];
  const Value first = nodegrad::gradients(t.graph, {made}, {x})[0];
  t.fetches = {made, first, nodegrad::gradients(t.graph, {first}, {x})[0]};
  EXPECT_EQ(nodeOf(t.ir(), "customGradient"), nullptr);
  const auto program = compile(t);
  const std::vector<StoragePtr> found = runNow(program, {floats({2}, {3, -2})});
  EXPECT_EQ(numbersOf(found[0]), (std::vector<float>{9, 4}));
  EXPECT_EQ(numbersOf(found[1]), (std::vector<float>{30, -20}));
  EXPECT_EQ(numbersOf(found[2]), (std::vector<float>{10, 10}));
  EXPECT_EQ(refusalOf([&] { addCustomGradient(t.graph, {{y}, {x}, {dy}, {t.op("sum", {dy})}}); }),
            "[customGradient] expected a gradient float32 [2] as the argument 1, received float32 []");
}

// y = sin(tanh(x · w)): the gradient computes x · w and tanh again. The plan has no barrier left.
TEST(Remat, ComputesInTheGradientWhatTheFunctionHasMade) {
  GraphBuilder t;
  const Value x = t.feed({2, 3}), w = t.feed({3, 2}), first = t.graph.constant(0);
  const Value y = t.op("sin", {t.op("tanh", {t.op("matmul", {x, w})})});
  const Value made = addRemat(t.graph, first, {y})[0];
  const auto sums = [&](Value z) { return nodegrad::gradients(t.graph, {t.op("sum", {z})}, {x, w}); };
  const std::vector<Value> anew = sums(made), kept = sums(y);
  t.fetches = {made, anew[0], anew[1]};
  const auto count = [&](const std::string& op) {
    const plan::Ir ir = t.ir();
    return std::count_if(ir.nodes.begin(), ir.nodes.end(), [&](const auto& node) { return node.op == op; });
  };
  EXPECT_EQ(count("barrier"), 2);
  const auto run = [&] {
    return runNow(compile(t), {floats({2, 3}, {1, 2, -1, 0.5, 0, 3}), floats({3, 2}, {1, -1, 0.5, 2, 1, 0})});
  };
  const std::vector<StoragePtr> found = run();
  t.fetches = {y, kept[0], kept[1]};
  const std::vector<StoragePtr> expected = run();
  for (size_t i = 0; i < found.size(); ++i) EXPECT_EQ(numbersOf(found[i]), numbersOf(expected[i]));
}

}  // namespace
}  // namespace nodegrad::testing
