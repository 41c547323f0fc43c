#include "graph/graph.h"

#include <gtest/gtest.h>

#include "core/storage.h"
#include "host/buffer.h"

namespace nodegrad {
namespace {

// The message of the error that the body throws, or "".
template <class Body>
std::string errorOf(Body body) {
  try {
    body();
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(Graph, KeepsNodesInOrder) {
  Graph graph;
  const Value x = graph.input({DType::F32, {kDynamic, 2}}, "x");
  const Value y = graph.one("exp", {x});
  EXPECT_EQ(graph.nodes().size(), 2u);
  EXPECT_EQ(graph.producer(x).label, "x");
  EXPECT_EQ(graph.producer(y).op->name, "exp");
  EXPECT_EQ(graph.producer(y).inputs, std::vector<Value>{x});
  EXPECT_EQ(graph.producerIndex(y), 1);
  EXPECT_EQ(toString(graph.type(y)), "float32 [?, 2]");
}

TEST(Graph, NumbersEachOutput) {
  Graph graph;
  const Value x = graph.input({DType::F32, {1, 4, 4, 1}});
  const std::vector<Value> outputs = graph.op("maxPool", {x}, {{"poolSize", Dims{2, 2}}});
  ASSERT_EQ(outputs.size(), 2u);
  EXPECT_EQ(graph.outputIndex(outputs[1]), 1);
  EXPECT_EQ(graph.producerIndex(outputs[0]), graph.producerIndex(outputs[1]));
}

TEST(Graph, GivesOneValueToOneTensor) {
  Graph graph;
  const StoragePtr a = hostStorage({DType::F32, {2}}, nullptr), b = hostStorage({DType::F32, {2}}, nullptr);
  const Value first = graph.parameter(a, a->type, "a");
  EXPECT_EQ(graph.parameter(a, a->type, "a"), first);
  EXPECT_NE(graph.parameter(b, b->type, "b"), first);
}

TEST(Graph, FillsInTheDefaultsOfAttributes) {
  Graph graph;
  const Value x = graph.input({DType::F32, {1, 4, 4, 1}});
  const Value w = graph.input({DType::F32, {3, 3, 1, 2}});
  const Attrs& attrs = graph.producer(graph.one("conv", {x, w}, {{"groups", 1.0}})).attrs;
  EXPECT_EQ(attrs.integer("groups"), 1);         // a whole number of JavaScript
  EXPECT_EQ(attrs.integers("strides"), Dims{});  // 1 along each axis
  EXPECT_EQ(attrs.text("padding"), "valid");
}

TEST(Graph, RefusesWhatItDoesNotKnow) {
  Graph graph;
  const Value x = graph.input({DType::F32, {2}});
  EXPECT_EQ(errorOf([&] { graph.one("sofmax", {x}); }),
            "expected the name of an op, received 'sofmax'; did you mean 'softmax'?");
  EXPECT_EQ(errorOf([&] { graph.one("softmax", {x}, {{"axes", int64_t{0}}}); }),
            "[softmax] expected no attribute 'axes'; it has axis");
  EXPECT_EQ(errorOf([&] { graph.one("softmax", {x}, {{"axis", 0.5}}); }),
            "[softmax] expected a whole number for 'axis', received 0.5");
  EXPECT_EQ(errorOf([&] { graph.one("exp", {x, x}); }), "[exp] expected 1 input, received 2");
  EXPECT_EQ(errorOf([&] { graph.one("exp", {7}); }), "expected a value of this graph (0 to 1), received 7");
  EXPECT_EQ(errorOf([&] { graph.input({DType::F32, {2, -3}}); }),
            "[input] expected dimensions of at least 0, or -1 where unknown, received -3");
  EXPECT_EQ(errorOf([&] { graph.type(-1); }), "expected a value of this graph (0 to 1), received -1");
  EXPECT_EQ(graph.nodes().size(), 1u);  // and stays as it was
}

TEST(Graph, MakesConstants) {
  Graph graph;
  const Value one = graph.constant(1, {2, 3}, DType::I32);
  EXPECT_EQ(toString(graph.type(one)), "int32 [2, 3]");
  EXPECT_EQ(graph.producer(one).attrs.number("value"), 1);
}

}  // namespace
}  // namespace nodegrad
