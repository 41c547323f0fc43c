// What a plan computes once, until a parameter changes.
#include <gtest/gtest.h>

#include "host/buffer.h"
#include "support/graph_builder.h"
#include "support/run.h"

namespace nodegrad::testing {
namespace {

const Dims kSquare = {2, 2};
const std::vector<float> kFlip = {0, 1, 1, 0}, kDouble = {2, 0, 0, 2};

// x · (w · w · w), with w · w in between that no step reads.
struct Cube : GraphBuilder {
  StoragePtr store = floats(kSquare, kDouble);
  Value w = graph.parameter(store, store->type), x = feed(kSquare);
  Cube() { fetches = {op("matmul", {x, op("matmul", {op("matmul", {w, w}), w})})}; }
};

TEST(MarkSteady, MarksWhatUnchangingParametersDecide) {
  Cube t;
  plan::Ir ir = t.ir();
  plan::markInvariant(ir);
  std::vector<bool> invariant;
  for (const plan::IrNode& node : ir.nodes) invariant.push_back(node.invariant);
  EXPECT_EQ(invariant, (std::vector<bool>{true, true, false}));
}

TEST(MarkSteady, LeavesWhatAnUpdatedParameterDecides) {
  Cube t;
  t.updates = {{t.store, t.op("multiply", {t.w, t.graph.constant(2)})}};
  plan::Ir ir = t.ir();
  plan::markInvariant(ir);
  for (const plan::IrNode& node : ir.nodes) EXPECT_EQ(node.invariant, node.op == "constant") << node.op;
}

TEST(MarkSteady, LeavesWhatIsMuchLargerThanItsOrigin) {
  GraphBuilder t;
  const Value w = t.variable({1});
  t.fetches = {t.op("multiply", {t.op("broadcastTo", {w}, {{"shape", Dims{1 << 20}}}), t.feed({1 << 20})})};
  plan::Ir ir = t.ir();
  plan::markInvariant(ir);
  EXPECT_FALSE(plan::Ir(ir).producer(ir.nodes[plan::NodeId(0)].outputs[0])->invariant);
}

TEST(InvariantNodes, FollowsNumbersThatAreWrittenFromOutside) {
  Cube t;
  const auto program = compile(t);
  const auto ones = floats(kSquare, {1, 1, 1, 1});
  EXPECT_EQ(numbersOf(runNow(program, {ones})[0]), (std::vector<float>{8, 8, 8, 8}));
  EXPECT_EQ(numbersOf(runNow(program, {floats(kSquare, {1, 0, 0, 1})})[0]), (std::vector<float>{8, 0, 0, 8}));
  const auto executor = Executor::shared();
  executor->wait([&] { executor->write(*t.store, kFlip.data()); });
  EXPECT_EQ(numbersOf(runNow(program, {floats(kSquare, {1, 2, 3, 4})})[0]), (std::vector<float>{2, 1, 4, 3}));
  EXPECT_NE(program->describe().find("2 before the first step"), std::string::npos) << program->describe();
}

TEST(InvariantNodes, FollowsNumbersThatAnotherProgramUpdates) {
  Cube t;
  const auto program = compile(t);
  GraphBuilder other;
  const Value w = other.graph.parameter(t.store, t.store->type);
  other.updates = {{t.store, other.op("multiply", {w, other.graph.constant(0.5)})}};
  const auto halve = compile(other);
  const auto one = floats(kSquare, {1, 0, 0, 1});
  EXPECT_EQ(numbersOf(runNow(program, {one})[0]), (std::vector<float>{8, 0, 0, 8}));
  runNow(halve, {});
  EXPECT_EQ(numbersOf(runNow(program, {one})[0]), (std::vector<float>{1, 0, 0, 1}));
  runNow(halve, {});
  EXPECT_EQ(numbersOf(runNow(program, {one})[0]), (std::vector<float>{0.125f, 0, 0, 0.125f}));
}

TEST(InvariantNodes, MakesOnlyWhatDependsOnTheChange) {
  GraphBuilder t;
  StoragePtr a = floats(kSquare, kDouble), b = floats(kSquare, kFlip);
  const Value va = t.graph.parameter(a, a->type), vb = t.graph.parameter(b, b->type);
  const Value squared = t.op("matmul", {va, va});
  t.fetches = {t.op("matmul", {t.feed(kSquare), t.op("matmul", {squared, vb})})};
  const auto program = compile(t);
  const auto one = floats(kSquare, {1, 0, 0, 1});
  EXPECT_EQ(numbersOf(runNow(program, {one})[0]), (std::vector<float>{0, 4, 4, 0}));
  // The square was let go of, since no step reads it: it has to be made again.
  const auto executor = Executor::shared();
  executor->wait([&] { executor->write(*b, kDouble.data()); });
  EXPECT_EQ(numbersOf(runNow(program, {one})[0]), (std::vector<float>{8, 0, 0, 8}));
}

// Weights that only an inference reads stay row-major where they live, so that they can be read back to the
// bit.
TEST(InvariantNodes, TransformsFiltersOnceAndLeavesTheParameterAsItIs) {
  GraphBuilder t;
  std::vector<float> weights(9 * 32 * 32);
  for (size_t i = 0; i < weights.size(); ++i) weights[i] = static_cast<float>(i % 13) / 13;
  StoragePtr store = floats({3, 3, 32, 32}, weights);
  const Value w = t.graph.parameter(store, store->type);
  t.fetches = {t.op("conv", {t.feed({4, 24, 24, 32}), w}, {{"padding", std::string("same")}})};
  const auto program = compile(t);
  const auto x = floats({4, 24, 24, 32}, std::vector<float>(4 * 24 * 24 * 32, 1.0f));
  const auto first = numbersOf(runNow(program, {x})[0]);
  EXPECT_EQ(numbersOf(runNow(program, {x})[0]), first);
  EXPECT_EQ(numbersOf(store), weights);
  for (float& v : weights) v *= 2;
  const auto executor = Executor::shared();
  executor->wait([&] { executor->write(*store, weights.data()); });
  const auto doubled = numbersOf(runNow(program, {x})[0]);
  for (size_t i = 0; i < first.size(); ++i) ASSERT_FLOAT_EQ(doubled[i], 2 * first[i]) << i;
}

TEST(InvariantNodes, TriesAgainAfterAFailure) {
  GraphBuilder t;
  StoragePtr store = floats(kSquare, kDouble);
  const int32_t wrong[] = {5}, right[] = {1};
  StoragePtr indices = hostStorage({DType::I32, {1}}, wrong);
  const Value w = t.graph.parameter(store, store->type), i = t.graph.parameter(indices, indices->type);
  t.fetches = {t.op("multiply", {t.op("gather", {w, i}), t.feed({1, 2})})};
  const auto program = compile(t);
  const auto ones = floats({1, 2}, {1, 1});
  EXPECT_THROW(runNow(program, {ones}), Error);
  const auto executor = Executor::shared();
  executor->wait([&] { executor->write(*indices, right); });
  EXPECT_EQ(numbersOf(runNow(program, {ones})[0]), (std::vector<float>{0, 2}));
}

}  // namespace
}  // namespace nodegrad::testing
