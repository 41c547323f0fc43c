// Plans of nets that are quantised: bytes where the backend has products of them, else plain ops.
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "cpu/quantized/products.h"
#include "plan/plan.h"
#include "spec/composition.h"
#include "support/fake_backend.h"
#include "support/graph_with_data.h"
#include "support/random.h"

namespace nodegrad::testing {
namespace {

// A chain of quantised layers over images in which channels are last, with its numbers.
class QuantizedNet : public GraphWithData {
 public:
  explicit QuantizedNet(Random& random) : random_(random) {
    Dims x{random.integer(1, 3)};
    spatial_ = random.pick(std::vector<size_t>{1, 2, 2, 3});
    for (size_t i = 0; i < spatial_; ++i) x.push_back(random.integer(4, spatial_ == 3 ? 5 : 9));
    x.push_back(random.integer(1, 20));
    value_ = fed(x);
    if (random.chance(0.3)) value_ = op("multiply", {value_, graph.constant(1.0 / 255, {}, DType::F32)});
    for (int64_t left = random.integer(1, 3); left > 0; --left) conv();
    for (int64_t left = random.integer(0, 2); left > 0; --left) dense();
    fetches = {value_};
  }

 private:
  const Dims& shape() { return graph.type(value_).shape; }

  // Numbers of about the size that a layer with such inputs gives.
  Value rounded(Value x) {
    if (random_.chance(0.3)) return op("fakeQuantizeAlong", {x}, {{"axis", int64_t{0}}});
    return op("fakeQuantize", {x}, {{"scale", random_.real(0.005, 0.02)}, {"signed", random_.chance(0.3)}});
  }

  Value weights(const Dims& shape) {
    const Value made = fed(shape);
    return op("fakeQuantizeAlong", {made}, {{"axis", int64_t{-1}}});
  }

  void surroundings() {
    const int64_t channels = shape().back();
    if (random_.chance(0.6)) value_ = op("add", {value_, fed({channels})});
    if (random_.chance(0.3)) {
      value_ = op("multiply", {value_, fed({channels})});
      if (random_.chance(0.5)) value_ = op("add", {value_, fed({channels})});
    }
    if (random_.chance(0.6)) value_ = op("relu", {value_});
  }

  void conv() {
    Dims kernel(spatial_, random_.pick(std::vector<int64_t>{1, 2, 3}));
    const int64_t channels = shape().back(), groups = channels % 2 == 0 && random_.chance(0.3) ? 2 : 1;
    kernel.insert(kernel.end(), {channels / groups, groups * random_.integer(1, 9)});
    const Value x = rounded(value_);
    value_ = op("conv", {x, weights(kernel)}, {{"padding", std::string("same")}, {"groups", groups}});
    surroundings();
    if (random_.chance(0.3))
      value_ = graph.op("maxPool", {value_},
                        {{"poolSize", Dims(spatial_, 2)}, {"padding", std::string("same")}})[0];
  }

  void dense() {
    const int64_t n = shape()[0], k = count(shape()) / n;
    value_ = op("reshape", {value_}, {{"shape", Dims{n, k}}});
    const Value x = rounded(value_);
    value_ = op("matmul", {x, weights({k, random_.integer(1, 9)})});
    surroundings();
  }

  Random& random_;
  size_t spatial_;
  Value value_;
};

std::vector<Array> evaluate(const plan::Ir& ir, const QuantizedNet& net) {
  plan::PerValue<Array> values(ir.values.size());
  for (size_t f = 0; f < ir.feeds.size(); ++f)
    if (ir.feeds[f]) values[ir.feeds[f]] = net.numbers.at(net.feeds[f]);
  for (const plan::IrNode& node : ir.nodes) {
    const Subgraph composition = spec::compose(ir.spec(node));
    std::map<Value, Array> given;
    for (size_t i = 0; i < node.inputs.size(); ++i) given[composition.inputs[i]] = values[node.inputs[i]];
    std::vector<Array> results = reference::evaluate(composition.graph, given, composition.outputs);
    for (size_t o = 0; o < results.size(); ++o) values[node.outputs[o]] = std::move(results[o]);
  }
  return {values[ir.fetches[0]]};
}

// Passes add numbers up in other orders and fold scales into others: 1e-9 of the largest, in float64. A
// number on the edge between two bytes may fall to the other side, which no case here does.
void expectSame(const Array& actual, const Array& expected, const std::string& what) {
  double largest = 0;
  for (double v : expected.data) largest = std::max(largest, std::abs(v));
  ASSERT_EQ(actual.data.size(), expected.data.size());
  for (size_t i = 0; i < expected.data.size(); ++i)
    ASSERT_NEAR(actual.data[i], expected.data[i], 1e-9 * largest) << what << " at " << i;
}

TEST(QuantizedPlans, ComputeWhatTheGraphDoes) {
  std::map<std::string, int> met;
  for (uint64_t seed = 0; seed < 300; ++seed) {
    Random random(seed);
    const QuantizedNet net(random);
    FakeBackend backend;
    backend.refuses = seed % 5 == 0;
    plan::Ir ir = net.ir();
    plan::runPasses(ir, backend, seed % 7 != 0, Compute::Float32, plan::verify);
    expectSame(evaluate(ir, net)[0], reference::evaluate(net.graph, net.numbers, net.fetches)[0],
               "net " + std::to_string(seed));
    for (const plan::IrNode& node : ir.nodes) {
      ++met[node.op];
      for (const auto& attr : node.attrs) ++met[node.op + " " + attr.first];
    }
  }
  for (const auto& [name, op] : spec::fusedOps()) {
    if (name.rfind("quanti", 0) != 0) continue;
    EXPECT_GT(met[name], 0) << name;
    for (const AttrSpec& attr : op.attrs)
      EXPECT_GT(met[name + " " + attr.name], 0) << name << " " << attr.name;
  }
  EXPECT_EQ(met["fakeQuantize"] + met["fakeQuantizeAlong"], 0);
}

// Two layers: bytes go from the first to the second, through the pooling and the reshape.
TEST(QuantizedPlans, KeepBytesBetweenLayers) {
  GraphWithData t;
  const auto bytes = [&](Value x, double scale) {
    return t.op("fakeQuantize", {x}, {{"scale", scale}, {"signed", false}});
  };
  const auto weights = [&](const Dims& shape) {
    return t.op("fakeQuantizeAlong", {t.fed(shape)}, {{"axis", int64_t{-1}}});
  };
  const Value x = t.fed({2, 6, 6, 16}, 0);
  Value y = t.op("conv", {bytes(x, 0.004), weights({3, 3, 16, 32})});
  y = t.op("relu", {t.op("add", {y, t.fed({32})})});
  y = t.graph.op("maxPool", {y}, {{"poolSize", Dims{2, 2}}})[0];
  y = t.op("reshape", {y}, {{"shape", Dims{2, 128}}});
  y = t.op("matmul", {bytes(y, 0.1), weights({128, 10})});
  t.fetches = {y};
  plan::Ir ir = t.ir();
  FakeBackend backend;
  plan::runPasses(ir, backend, true, Compute::Float32, plan::verify);
  EXPECT_EQ(countOf(ir, "quantize"), 1);
  EXPECT_EQ(countOf(ir, "quantizedMaxPool"), 1);
  EXPECT_EQ(nodeOf(ir, "quantizedConv")->attrs.text("activation"), "linear");  // bytes end at 0 anyway
  EXPECT_EQ(nodeOf(ir, "quantizedConv")->attrs.number("outScale"), 1);
  EXPECT_EQ(ir.type(nodeOf(ir, "quantizedMatmul")->inputs[0]).dtype, DType::U8);
}

// On this machine, where most of what is multiplied is at the ends of its range: pairs of products are too
// large for 16 bits. A sum of n bytes is exact; what is left is the rounding of float32.
TEST(QuantizedPlans, MultiplyBytesExactly) {
  GraphWithData t;
  const Value x = t.fed({4, 7, 7, 32}, 0), w = t.fed({3, 3, 32, 48});
  for (double& v : t.numbers[x].data) v = v > 0.3 ? 1 : 0;
  for (double& v : t.numbers[w].data) v = v > -0.5 ? 1 : -1;
  const Value rounded = t.op("fakeQuantize", {x}, {{"scale", 1.0 / 255}, {"signed", false}});
  t.fetches = {t.op("conv", {rounded, t.op("fakeQuantizeAlong", {w}, {{"axis", int64_t{-1}}})})};
  const std::string plan = t.expectPlainNumbers(3 * 3 * 32);
  EXPECT_EQ(plan.find("quantizedConv") != std::string::npos, quantized::hasProducts()) << plan;
}

TEST(QuantizedPlans, HaveNoGradient) {
  GraphBuilder t;
  const Value x = t.feed({2, 3});
  const Value y = t.op("fakeQuantize", {x}, {{"scale", 0.1}});
  try {
    gradients(t.graph, {t.op("sum", {y})}, {x});
    FAIL() << "a gradient";
  } catch (const Error& error) {
    EXPECT_NE(std::string(error.what()).find("[fakeQuantize]"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace nodegrad::testing
