#include "graph/autodiff.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "support/reference.h"

namespace nodegrad {
namespace {

using reference::Array;
using Feeds = std::map<Value, Array>;

Array numbers(Dims shape, std::vector<double> values) {
  return {{DType::F32, std::move(shape)}, std::move(values)};
}

// A smooth spread of numbers of either sign.
Array spread(const Dims& shape, double phase) {
  Array array{{DType::F32, shape}, std::vector<double>(static_cast<size_t>(count(shape)))};
  for (size_t i = 0; i < array.data.size(); ++i)
    array.data[i] = std::sin(phase + 1.7 * static_cast<double>(i));
  return array;
}

std::string errorOf(Graph& graph, const std::vector<Value>& ys, const std::vector<Value>& xs,
                    const std::vector<Value>& outputGradients = {}) {
  try {
    gradients(graph, ys, xs, outputGradients);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(Autodiff, AddsWhatComesOverSeveralPaths) {
  Graph graph;
  const Value x = graph.input({DType::F32, {2}});
  const Value y = graph.one("add", {graph.one("multiply", {x, x}), graph.one("exp", {x})});
  const Feeds feeds = {{x, numbers({2}, {1, 2})}};
  const std::vector<double> found = reference::evaluate(graph, feeds, gradients(graph, {y, x}, {x}))[0].data;
  for (size_t i = 0; i < 2; ++i) {
    const double at = feeds.at(x).data[i];
    EXPECT_DOUBLE_EQ(found[i], 2 * at + std::exp(at) + 1);
  }
}

TEST(Autodiff, GivesZerosToWhatNothingDependsOn) {
  Graph graph;
  const Value x = graph.input({DType::F32, {kDynamic, 2}}), other = graph.input({DType::F32, {kDynamic}});
  const Value y = graph.one("exp", {graph.one("stopGradient", {x})});
  const Feeds feeds = {{x, numbers({1, 2}, {1, 2})}, {other, numbers({3}, {1, 2, 3})}};
  const std::vector<Array> found = reference::evaluate(graph, feeds, gradients(graph, {y}, {x, other}));
  EXPECT_EQ(found[0].data, std::vector<double>(2, 0));
  EXPECT_EQ(found[1].data, std::vector<double>(3, 0));
}

TEST(Autodiff, TakesSeeds) {
  Graph graph;
  const Value x = graph.input({DType::F32, {2}}), seed = graph.input({DType::F32, {2}});
  const Value y = graph.one("square", {x});
  const Value scalar = graph.constant(10);
  const Feeds feeds = {{x, numbers({2}, {1, 2})}, {seed, numbers({2}, {3, -1})}};
  const Value whole = gradients(graph, {y}, {x}, {seed})[0],
              spreadOut = gradients(graph, {y}, {x}, {scalar})[0];
  const std::vector<Array> found = reference::evaluate(graph, feeds, {whole, spreadOut});
  EXPECT_EQ(found[0].data, (std::vector<double>{6, -4}));
  EXPECT_EQ(found[1].data, (std::vector<double>{20, 40}));
}

// Shapes that are alike as far as the graph knows may differ in a run.
TEST(Autodiff, SpreadsASeedOfUnknownSize) {
  Graph graph;
  const Value x = graph.input({DType::F32, {kDynamic}}), seed = graph.input({DType::F32, {kDynamic}});
  const Value y = graph.one("reshape", {x}, {{"shape", Dims{-1}}});
  const Feeds feeds = {{x, numbers({3}, {1, 2, 3})}, {seed, numbers({1}, {5})}};
  EXPECT_EQ(reference::evaluate(graph, feeds, gradients(graph, {y}, {x}, {seed}))[0].data,
            std::vector<double>(3, 5));
}

TEST(Autodiff, RefusesWhatItCannotDifferentiate) {
  Graph graph;
  const Value x = graph.input({DType::F32, {2}}), i = graph.input({DType::I32, {2}}), lr = graph.constant(1);
  const Value y = graph.one("sgdUpdate", {x, x, lr});
  EXPECT_EQ(errorOf(graph, {y}, {x}),
            "[sgdUpdate] has no gradient; use stopGradient before it or another op");
  EXPECT_EQ(errorOf(graph, {x}, {i}),
            "[grad] expected a float32 value to differentiate by, received int32 [2]");
  EXPECT_EQ(errorOf(graph, {i}, {x}), "[grad] expected a float32 value to differentiate, received int32 [2]");
  EXPECT_EQ(errorOf(graph, {x}, {x}, {x, x}),
            "[grad] expected one gradient for each of 1 outputs, received 2");
  EXPECT_EQ(errorOf(graph, {x}, {x}, {i}),
            "[grad] expected a float32 gradient of an output, received int32 [2]");
  const Value large = graph.input({DType::F32, {3, 2}});
  EXPECT_EQ(errorOf(graph, {x}, {x}, {large}),
            "[broadcastLike] expected a shape that broadcasts to [2], received [3, 2]");
}

TEST(Autodiff, LeavesOpsWithoutAGradientAloneOffThePath) {
  Graph graph;
  const Value x = graph.input({DType::F32, {2}}), p = graph.input({DType::F32, {2}});
  const Value updated = graph.one("sgdUpdate", {p, p, graph.constant(1)});
  EXPECT_EQ(errorOf(graph, {graph.one("multiply", {x, updated})}, {x}), "");
}

// One unknown size, wherever it stands, is found from the front and the end; several one after the other.
TEST(Autodiff, ConcatenationWithUnknownSizes) {
  for (size_t unknown = 1; unknown < 8; ++unknown) {
    Graph graph;
    Feeds feeds;
    std::vector<Value> xs;
    for (size_t i = 0; i < 3; ++i) {
      const auto size = static_cast<int64_t>(i + 1);
      xs.push_back(graph.input({DType::F32, {unknown >> i & 1 ? kDynamic : size}}));
      feeds[xs.back()] = numbers({size}, std::vector<double>(i + 1, 1));
    }
    const Value y = graph.one("concatenate", xs);
    const Value seed = graph.input({DType::F32, {kDynamic}});
    feeds[seed] = numbers({6}, {1, 2, 3, 4, 5, 6});
    const std::vector<Array> found = reference::evaluate(graph, feeds, gradients(graph, {y}, xs, {seed}));
    EXPECT_EQ(found[0].data, (std::vector<double>{1})) << unknown;
    EXPECT_EQ(found[1].data, (std::vector<double>{2, 3})) << unknown;
    EXPECT_EQ(found[2].data, (std::vector<double>{4, 5, 6})) << unknown;
  }
}

// A product of the Hessian of loss with v: the gradient of (gradient · v), against differences of the
// gradient along v.
void checkHessianVector(Graph& graph, Feeds feeds, Value loss, const std::vector<Value>& weights) {
  const std::vector<Value> first = gradients(graph, {loss}, weights);
  std::vector<Value> directions;
  for (size_t i = 0; i < weights.size(); ++i) {
    directions.push_back(graph.input(graph.type(weights[i])));
    feeds[directions[i]] = spread(graph.type(weights[i]).shape, 0.5 + static_cast<double>(i));
  }
  const std::vector<Value> products = gradients(graph, first, weights, directions);
  const std::vector<Array> found = reference::evaluate(graph, feeds, products);
  constexpr double step = 1e-5;
  const auto gradientAt = [&](double along) {
    Feeds moved = feeds;
    for (size_t i = 0; i < weights.size(); ++i)
      for (size_t j = 0; j < moved[weights[i]].data.size(); ++j)
        moved[weights[i]].data[j] += along * feeds.at(directions[i]).data[j];
    return reference::evaluate(graph, moved, first);
  };
  const std::vector<Array> up = gradientAt(step), down = gradientAt(-step);
  double largest = 0;
  for (size_t i = 0; i < weights.size(); ++i)
    for (size_t j = 0; j < found[i].data.size(); ++j) {
      const double expected = (up[i].data[j] - down[i].data[j]) / (2 * step);
      EXPECT_NEAR(found[i].data[j], expected, 1e-6 * std::max(1.0, std::abs(expected)))
          << "weight " << i << ", " << j;
      largest = std::max(largest, std::abs(expected));
    }
  EXPECT_GT(largest, 1e-3);  // the check says something
}

TEST(Autodiff, HessianOfAPerceptron) {
  Graph graph;
  Feeds feeds;
  const auto input = [&](const Dims& declared, const Array& array) {
    const Value value = graph.input({array.type.dtype, declared});
    feeds[value] = array;
    return value;
  };
  const Value x = input({kDynamic, 4}, spread({5, 4}, 0)),
              labels = input({kDynamic}, {{DType::I32, {5}}, {0, 2, 1, 1, 0}});
  std::vector<Value> weights;
  for (const Dims& shape : {Dims{4, 6}, Dims{6}, Dims{6, 3}, Dims{3}})
    weights.push_back(input(shape, spread(shape, static_cast<double>(weights.size()))));
  const auto dense = [&](Value in, size_t i) {
    return graph.one("add", {graph.one("matmul", {in, weights[i]}), weights[i + 1]});
  };
  const Value logits = dense(graph.one("tanh", {dense(x, 0)}), 2);
  const Value loss = graph.one("mean", {graph.one("sparseSoftmaxCrossEntropy", {logits, labels})});
  checkHessianVector(graph, feeds, loss, weights);
}

TEST(Autodiff, HessianOfAConvolutionalNet) {
  Graph graph;
  Feeds feeds;
  const auto input = [&](const Dims& declared, const Array& array) {
    const Value value = graph.input({array.type.dtype, declared});
    feeds[value] = array;
    return value;
  };
  const Value x = input({kDynamic, 6, 6, 2}, spread({2, 6, 6, 2}, 0));
  const Value labels = input({kDynamic, 3}, numbers({2, 3}, {1, 0, 0, 0, .25, .75}));
  const Value key = input({2}, {{DType::I32, {2}}, {1, 2}});
  std::vector<Value> weights;
  for (const Dims& shape : {Dims{3, 3, 2, 4}, Dims{4}, Dims{16, 3}, Dims{3}})
    weights.push_back(input(shape, spread(shape, static_cast<double>(weights.size()))));
  const Value conv = graph.one("add", {graph.one("conv", {x, weights[0]}), weights[1]});
  const Value pooled = graph.op("maxPool", {graph.one("softplus", {conv})}, {{"poolSize", Dims{2, 2}}})[0];
  const Value flat = graph.one("reshape", {pooled}, {{"shape", Dims{-1, 16}}});
  const Value kept = graph.one("dropout", {flat, key}, {{"rate", 0.25}});
  const Value logits = graph.one("add", {graph.one("matmul", {kept, weights[2]}), weights[3]});
  const Value loss = graph.one("mean", {graph.one("softmaxCrossEntropy", {logits, labels})});
  checkHessianVector(graph, feeds, loss, weights);
}

}  // namespace
}  // namespace nodegrad
