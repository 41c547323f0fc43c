// Plans of deep graphs: the time to make one is linear in the nodes.
#include <gtest/gtest.h>

#include <algorithm>
#include <ctime>
#include <functional>

#include "plan/plan.h"
#include "support/fake_backend.h"
#include "support/traced.h"

namespace nodegrad::testing {
namespace {

// Of the processor, so that other work on the machine does not count. The best of three.
double secondsOf(const std::function<void()>& work) {
  double best = 1e9;
  for (int i = 0; i < 3; ++i) {
    const std::clock_t start = std::clock();
    work();
    best = std::min(best, static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC);
  }
  return best;
}

void plan(const Traced& t) {
  FakeBackend backend;
  plan::Plan(t.ir(), backend);
}

void gradientOfTanhs(int depth) {
  Traced t;
  const Value x = t.feed({3});
  Value y = x;
  for (int i = 0; i < depth; ++i) y = t.op("tanh", {y});
  t.fetches = gradients(t.graph, {t.op("sum", {y})}, {x});
  plan(t);
}

void trainDenseLayers(int depth) {
  Traced t;
  Value y = t.feed({4, 8});
  std::vector<Value> weights;
  std::vector<StoragePtr> stores;
  for (int i = 0; i < depth; ++i) {
    for (const Dims& shape : {Dims{8, 8}, Dims{8}}) {
      stores.emplace_back();
      weights.push_back(t.variable(shape, &stores.back()));
    }
    y = t.op("tanh", {t.op("add", {t.op("matmul", {y, weights.end()[-2]}), weights.back()})});
  }
  const std::vector<Value> grads = gradients(t.graph, {t.op("sum", {y})}, weights);
  for (size_t i = 0; i < weights.size(); ++i)
    t.updates.emplace_back(stores[i], t.op("sgdUpdate", {weights[i], grads[i], t.graph.constant(0.1)}));
  plan(t);
}

void poolMaskedImages(int depth) {
  Traced t;
  const Value x = t.feed({1, 2, 2, 1});
  Value y = x;
  for (int i = 0; i < depth; ++i) {
    const Value pooled = t.graph.op("maxPool2d", {t.op("relu", {y})}, {{"poolSize", Dims{2, 2}}})[0];
    y = t.op("mul", {y, pooled});
  }
  t.fetches = gradients(t.graph, {t.op("sum", {y})}, {x});
  plan(t);
}

struct Case {
  const char* name;
  void (*make)(int depth);
  int depth;
};

class DeepPlans : public ::testing::TestWithParam<Case> {};

TEST_P(DeepPlans, TakeTimeLinearInTheirNodes) {
  const auto& [name, make, depth] = GetParam();
  const double shallow = secondsOf([&] { make(depth); });
  const double deep = secondsOf([&] { make(4 * depth); });
  // Linear in four times the nodes: 4 times, with a sort 4.8 times; quadratic: 16 times.
  EXPECT_LT(deep, 8 * shallow) << name << ": " << shallow << " s, " << deep << " s";
}

INSTANTIATE_TEST_SUITE_P(All, DeepPlans,
                         ::testing::Values(Case{"tanh", gradientOfTanhs, 2000},
                                           Case{"dense", trainDenseLayers, 500},
                                           Case{"pooling", poolMaskedImages, 250}),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace nodegrad::testing
