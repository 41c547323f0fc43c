// Loops: what of a traced step goes into them, their types, and their plans.
#include "plan/loop.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "graph/subgraph.h"
#include "ops/scan.h"
#include "support/fake_backend.h"
#include "support/graph_builder.h"
#include "support/reference.h"
#include "support/run.h"

namespace nodegrad::testing {
namespace {

using reference::Array;

// h' = tanh(h · exp(w) + x + b) over x [steps, n, 3], with h' · x of each step, and their gradients.
struct Recurrence : GraphBuilder {
  Value x = feed({kDynamic, kDynamic, 3}), first = feed({kDynamic, 3}), w = feed({3, 3}), b = feed({3});
  Scan scan;

  Recurrence(bool backwards, bool resultBackwards, bool gradients) {
    const Value h = graph.input({DType::F32, {kDynamic, 3}}), at = graph.input({DType::F32, {kDynamic, 3}});
    const Value sum = op("add", {op("matmul", {h, op("exp", {w})}), op("add", {at, b})});
    const Value next = op("tanh", {sum});
    scan.states = {{h, first, next}};
    scan.sequences = {{at, x, backwards}};
    scan.results = {{op("multiply", {next, at}), resultBackwards}};
    fetches = addScan(graph, scan);
    if (!gradients) return;
    const std::vector<Value> made = nodegrad::gradients(graph, fetches, {x, first, w, b});
    fetches.insert(fetches.end(), made.begin(), made.end());
  }
};

Array randomOf(std::mt19937& random, const Dims& shape) {
  std::uniform_real_distribution<float> uniform(-1, 1);
  Array array{{DType::F32, shape}, std::vector<double>(static_cast<size_t>(count(shape)))};
  for (double& v : array.data) v = uniform(random);
  return array;
}

StoragePtr stored(const Array& array) {
  return floats(array.shape(), std::vector<float>(array.data.begin(), array.data.end()));
}

const plan::IrNode& loopOf(const plan::Ir& ir) { return *nodeOf(ir, "scan"); }

TEST(Loop, GivesWhatItsStepsGiveWithGradients) {
  std::mt19937 random(3);
  for (bool backwards : {false, true})
    for (bool gradients : {false, true}) {
      Recurrence t(backwards, !backwards, gradients);
      const auto program = compile(t);
      // One program, so that each run has to take the new numbers of what all steps read.
      for (const auto& [steps, n] : {std::pair<int64_t, int64_t>{3, 2}, {3, 2}, {1, 9}, {0, 2}, {3, 0}}) {
        std::map<Value, Array> given{{t.x, randomOf(random, {steps, n, 3})},
                                     {t.first, randomOf(random, {n, 3})},
                                     {t.w, randomOf(random, {3, 3})},
                                     {t.b, randomOf(random, {3})}};
        std::vector<StoragePtr> feeds;
        for (Value feed : t.feeds) feeds.push_back(stored(given.at(feed)));
        const std::vector<StoragePtr> outputs = runNow(program, feeds);
        const std::vector<Array> wanted = reference::evaluate(t.graph, given, t.fetches);
        for (size_t o = 0; o < outputs.size(); ++o) {
          ASSERT_EQ(outputs[o]->type, wanted[o].type);
          const std::vector<float> found = numbersOf(outputs[o]);
          // Each step multiplies what it gets by at most |exp(w)| · 3 and adds sums of 3n products.
          const double bound = 0x1p-24 * 8 * std::pow(3 * std::exp(1.0), steps);
          for (size_t i = 0; i < found.size(); ++i)
            EXPECT_NEAR(found[i], wanted[o].data[i], bound * std::max(1.0, std::abs(wanted[o].data[i])))
                << steps << " steps, output " << o << ", element " << i;
        }
      }
    }
}

TEST(Loop, IsANodeThatPlansKnow) {
  Recurrence t(true, false, true);
  t.feedTypes = {{DType::F32, {5, 2, 3}}, {DType::F32, {2, 3}}, {DType::F32, {3, 3}}, {DType::F32, {3}}};
  for (Compute compute : {Compute::Float32, Compute::TensorFloat32, Compute::BFloat16}) {
    FakeBackend backend;
    plan::Ir ir = t.ir();
    plan::runPasses(ir, backend, true, compute, plan::verify);
    EXPECT_GT(countOf(ir, "scan"), 1);
  }
}

TEST(Loop, LeavesOutsideWhatNoStepChanges) {
  const Recurrence t(false, false, false);
  const Node& loop = t.graph.producer(t.fetches[0]);
  const auto body = loop.attrs.get<std::shared_ptr<const Subgraph>>("body");
  for (const Node& node : body->graph.nodes()) EXPECT_NE(node.op->name, "exp");
  EXPECT_EQ(loop.inputs.size(), 4U);  // the state, the sequence, exp(w) and b
}

TEST(Loop, KeepsStatesForAGradientAlone) {
  FakeBackend fake;
  plan::LoopBackend backend(fake, Compute::Float32);
  for (bool gradients : {false, true}) {
    Recurrence t(false, false, gradients);
    t.feedTypes = {{DType::F32, {4, 2, 3}}, {DType::F32, {2, 3}}, {DType::F32, {3, 3}}, {DType::F32, {3}}};
    plan::Ir ir = t.ir();
    plan::dropOutputs(ir, backend);
    EXPECT_EQ(loopOf(ir).outputs.size(), gradients ? 3U : 2U);
  }
}

// A gradient that nobody asks for is not made in each step.
TEST(Loop, DifferentiatesByWhatIsWantedAlone) {
  Recurrence t(false, false, false);
  const std::vector<Value> made = nodegrad::gradients(t.graph, {t.fetches[0]}, {t.x});
  const Node* back = nullptr;
  for (const Node& node : t.graph.nodes())
    if (node.op->name == "scan") back = &node;
  EXPECT_EQ(back->attrs.integer("states"), 1);  // that of h, no sums for w and b
}

TEST(Loop, RefusesWhatDoesNotFit) {
  const auto refusal = [](const auto& change) -> std::string {
    Recurrence t(false, false, false);
    change(t);
    try {
      addScan(t.graph, t.scan);
    } catch (const Error& error) {
      return error.what();
    }
    return "nothing";
  };
  EXPECT_EQ(refusal([](Recurrence& t) {
              t.scan.states[0].next = t.op("slice", {t.scan.states[0].next},
                                           {{"begin", Dims{0, 0}}, {"end", Dims{INT64_MAX, 2}}});
            }),
            "[scan] expected a state that stays float32 [?, 3], received float32 [?, 2] after a step");
  EXPECT_EQ(refusal([](Recurrence& t) { t.scan.sequences.clear(); }).substr(0, 20), "[scan] expected the ");
  EXPECT_EQ(refusal([](Recurrence& t) { t.scan.states[0].before = t.op("exp", {t.x}); }),
            "[scan] expected inputs of the graph as what a step reads, received a result of 'exp'");
  EXPECT_EQ(refusal([](Recurrence& t) {
              const Value place = t.graph.input({DType::F32, {}});
              t.scan.results = {{place, false}};
              t.scan.sequences.push_back({place, t.graph.constant(1), false});
            }),
            "[scan] expected a sequence [steps, ...], received float32 []");
  EXPECT_EQ(
      refusal([](Recurrence& t) {
        for (int64_t steps : {2, 3})
          t.scan.sequences.push_back({t.graph.input({DType::F32, {}}), t.graph.constant(1, {steps}), false});
      }),
      "[scan] expected sequences of as many steps, received 2 and 3");
}

}  // namespace
}  // namespace nodegrad::testing
