// Batch normalization in plans: what is fused, and that the numbers are those of the plain graph in float64.
#include <gtest/gtest.h>

#include "support/fake_backend.h"
#include "support/graph_with_data.h"

namespace nodegrad::testing {
namespace {

using plan::Ir;

// What the passes up to this one make of a graph.
Ir planned(const GraphWithData& t) {
  Ir ir = t.ir();
  plan::simplify(ir);
  plan::fuseNorm(ir, FakeBackend());
  return ir;
}

TEST(FuseNorm, SplitsStatisticsFromTheirUse) {
  GraphWithData t;
  const Value x = t.fed({4, 3}), gamma = t.fed({3}), beta = t.fed({3});
  t.fetches = t.graph.op("batchNormalization", {x, gamma, beta}, {});
  const Ir ir = planned(t);
  EXPECT_EQ(opsOf(ir), (std::vector<std::string>{"batchNormStatistics", "batchNormNormalize"}));
  t.expectPlainNumbers(4);
}

TEST(FuseNorm, TakesTheActivationAndKeepsNoMask) {
  GraphWithData t;
  const Value x = t.fed({3, 5, 6, 16}), gamma = t.fed({16}), beta = t.fed({16});
  differentiate(t, t.op("relu", {t.norm(x, gamma, beta)}), {x, gamma, beta});
  const Ir ir = planned(t);
  for (const char* op : {"relu", "greater", "where"}) EXPECT_EQ(countOf(ir, op), 0) << op;
  EXPECT_EQ(nodeOf(ir, "batchNormalizationBackward")->attrs.text("mask"), "x");
  t.expectPlainNumbers(90);
}

TEST(FuseNorm, TakesAResidualWithItsGradient) {
  GraphWithData t;
  const Value x = t.fed({3, 5, 6, 16}), r = t.fed({3, 5, 6, 16}), gamma = t.fed({16}), beta = t.fed({16});
  const Value sum = t.op("add", {t.op("tanh", {r}), t.norm(x, gamma, beta)});
  differentiate(t, t.op("relu", {sum}), {x, r, gamma, beta});
  const Ir ir = planned(t);
  for (const char* op : {"relu", "greater", "where"}) EXPECT_EQ(countOf(ir, op), 0) << op;
  EXPECT_EQ(nodeOf(ir, "batchNormNormalize")->inputs.size(), 6u);
  EXPECT_EQ(nodeOf(ir, "batchNormalizationBackward")->outputs.size(), 4u);
  t.expectPlainNumbers(90);
}

// Two blocks one after the other: the first one's output goes two ways.
TEST(FuseNorm, TakesASumOfGradients) {
  GraphWithData t;
  const Value x = t.fed({3, 6, 5, 16}), r = t.fed({3, 6, 5, 16}), w = t.fed({3, 3, 16, 16});
  std::vector<Value> vectors;
  for (int i = 0; i < 4; ++i) vectors.push_back(t.fed({16}, 0.5));
  const Value shortcut = t.op("tanh", {r});
  const Value y = t.op("relu", {t.op("add", {shortcut, t.norm(x, vectors[0], vectors[1])})});
  const Value inner = t.op("conv", {y, w}, {{"padding", std::string("same")}});
  const Value z = t.op("relu", {t.op("add", {y, t.norm(inner, vectors[2], vectors[3])})});
  std::vector<Value> xs = {x, r, w};
  xs.insert(xs.end(), vectors.begin(), vectors.end());
  differentiate(t, z, xs);
  const Ir ir = planned(t);
  EXPECT_EQ(countOf(ir, "add"), 0);
  int sums = 0;
  for (const plan::IrNode& node : ir.nodes)
    sums += node.op == "batchNormalizationBackward" && node.inputs.size() == 7;
  EXPECT_EQ(sums, 1);
  t.expectPlainNumbers(144 * 8);
}

// A block of ResNet: convolutions, and a projection with its own normalization next to them.
TEST(FuseNorm, TakesABlockWithAProjection) {
  GraphWithData t;
  const Value x = t.fed({2, 6, 5, 16}), w = t.fed({3, 3, 16, 16}), p = t.fed({1, 1, 16, 16});
  std::vector<Value> vectors;
  for (int i = 0; i < 4; ++i) vectors.push_back(t.fed({16}, 0.5));
  const Attrs same = {{"padding", std::string("same")}};
  const Value y = t.norm(t.op("conv", {x, w}, same), vectors[0], vectors[1]);
  const Value projected = t.norm(t.op("conv", {x, p}), vectors[2], vectors[3]);
  std::vector<Value> xs = {x, w, p};
  xs.insert(xs.end(), vectors.begin(), vectors.end());
  differentiate(t, t.op("relu", {t.op("add", {y, projected})}), xs);
  const Ir ir = planned(t);
  EXPECT_EQ(countOf(ir, "batchNormNormalize"), 2);
  EXPECT_EQ(countOf(ir, "batchNormalizationBackward"), 2);
  for (const char* op : {"relu", "greater", "where"}) EXPECT_EQ(countOf(ir, op), 0) << op;
  t.expectPlainNumbers(144 * 8);
}

TEST(FuseNorm, LeavesAMaskThatIsNotTheOutputs) {
  GraphWithData t;
  const Value x = t.fed({8, 6}), gamma = t.fed({6}), beta = t.fed({6});
  const Value y = t.norm(x, gamma, beta);
  // Two readers: the activation stays on its own.
  differentiate(t, t.op("add", {t.op("relu", {y}), t.op("tanh", {y})}), {x, gamma, beta});
  const Ir ir = planned(t);
  EXPECT_EQ(countOf(ir, "relu"), 1);
  EXPECT_EQ(countOf(ir, "where"), 1);
  EXPECT_FALSE(nodeOf(ir, "batchNormalizationBackward")->attrs.has("mask"));
  t.expectPlainNumbers(16);
}

Attrs pool(Dims size, Dims strides, const char* padding, const char* format = "channelsLast") {
  return {{"poolSize", size},
          {"strides", strides},
          {"padding", std::string(padding)},
          {"dataFormat", std::string(format)}};
}

struct PoolCase {
  const char* name;
  Dims shape;
  Attrs attrs;
  bool relu;
};

class FuseNormPool : public ::testing::TestWithParam<PoolCase> {};

// After a convolution, whose layout the pooling then has.
TEST_P(FuseNormPool, WritesThePooledTensorAlone) {
  const PoolCase& c = GetParam();
  const bool last = c.attrs.text("dataFormat") == "channelsLast";
  const int64_t axis = last ? 3 : 1, channels = c.shape[static_cast<size_t>(axis)];
  GraphWithData t;
  const Value image = t.fed(c.shape), w = t.fed({3, 3, channels, channels});
  const Value gamma = t.fed({channels}), beta = t.fed({channels});
  const Attrs same = {{"padding", std::string("same")}, {"dataFormat", c.attrs.text("dataFormat")}};
  const Value normalized = t.norm(t.op("conv", {image, w}, same), gamma, beta, axis);
  const Value y = t.op("maxPool", {c.relu ? t.op("relu", {normalized}) : normalized}, c.attrs);
  differentiate(t, y, {image, w, gamma, beta});
  const Ir ir = planned(t);
  EXPECT_EQ(countOf(ir, "batchNormMaxPool"), 1);
  EXPECT_EQ(countOf(ir, "batchNormMaxPoolBackward"), 1);
  for (const char* op : {"batchNormNormalize", "batchNormalizationBackward", "maxPool", "maxPoolBackward",
                         "relu", "greater", "where"})
    EXPECT_EQ(countOf(ir, op), 0) << op;
  t.expectPlainNumbers(9 * channels * 8);
}

INSTANTIATE_TEST_SUITE_P(
    Windows, FuseNormPool,
    ::testing::Values(
        PoolCase{"apart", {3, 8, 6, 16}, pool({2, 2}, {2, 2}, "valid"), true},
        PoolCase{"withoutRelu", {3, 8, 6, 16}, pool({2, 2}, {2, 2}, "valid"), false},
        PoolCase{"cut", {2, 7, 9, 32}, pool({2, 2}, {2, 2}, "valid"), true},
        PoolCase{"overlapping", {2, 9, 8, 16}, pool({3, 3}, {2, 2}, "same"), true},
        PoolCase{"oddChannels", {2, 6, 6, 5}, pool({2, 2}, {2, 2}, "same"), true},
        PoolCase{"large", {1, 18, 18, 4}, pool({17, 17}, {1, 1}, "valid"), true},
        PoolCase{"channelsFirst", {2, 16, 6, 8}, pool({2, 2}, {2, 2}, "valid", "channelsFirst"), true},
        PoolCase{"onePlace", {4, 6, 1, 1}, pool({1, 1}, {1, 1}, "valid", "channelsFirst"), true}),
    [](const auto& info) { return info.param.name; });

// The gradient of a global average after the pooling is a broadcast, which no kernel takes as a whole
// tensor.
TEST(FuseNorm, TakesAGradientThatIsBroadcast) {
  GraphWithData t;
  const Value x = t.fed({3, 4, 4, 16}), gamma = t.fed({16}), beta = t.fed({16});
  const Value pooled =
      t.op("maxPool", {t.op("relu", {t.norm(x, gamma, beta)})}, pool({2, 2}, {2, 2}, "valid"));
  differentiate(t, t.op("mean", {pooled}, {{"axes", Dims{1, 2}}}), {x, gamma, beta});
  EXPECT_EQ(countOf(planned(t), "batchNormMaxPoolBackward"), 1);
  t.expectPlainNumbers(48);

  GraphWithData u;
  const Value z = u.fed({3, 4, 4, 16}), g = u.fed({16}), b = u.fed({16});
  differentiate(u, u.op("mean", {u.op("relu", {u.norm(z, g, b)})}, {{"axes", Dims{1, 2}}}), {z, g, b});
  u.expectPlainNumbers(48);
}

// conv(x, w) [+ b], normalized by given numbers.
struct Folded {
  GraphWithData t;
  Value x, w;

  Folded(bool bias, bool last, int64_t height = 12) {
    const Attrs format = {{"dataFormat", std::string(last ? "channelsLast" : "channelsFirst")}};
    x = t.fed(last ? Dims{2, height, 11, 8} : Dims{2, 8, height, 11});
    w = t.fed({3, 3, 8, 16});
    const auto along = [&](Value v) { return last ? v : t.op("reshape", {v}, {{"shape", Dims{16, 1, 1}}}); };
    Value y = t.op("conv", {x, w}, format);
    if (bias) y = t.op("add", {y, along(t.fed({16}))});
    const Value mean = t.fed({16}), variance = t.fed({16}, 0.5), scale = t.fed({16}), offset = t.fed({16});
    const Value factor = t.op("multiply", {t.op("rsqrt", {variance}), scale});
    const Value shift = t.op("subtract", {offset, t.op("multiply", {mean, factor})});
    y = t.op("add", {t.op("multiply", {y, along(factor)}), along(shift)});
    t.fetches = {t.op("relu", {y})};
  }
};

class FoldScale : public ::testing::TestWithParam<std::pair<bool, bool>> {};

TEST_P(FoldScale, LeavesOneConvolutionWithBiasAndActivation) {
  Folded folded(GetParam().first, GetParam().second);
  Ir ir = folded.t.ir();
  plan::simplify(ir);
  plan::foldScale(ir);
  plan::fuseCompute(ir, FakeBackend());
  const plan::IrNode* conv = nodeOf(ir, "conv");
  EXPECT_EQ(conv->inputs.size(), 3u);
  EXPECT_EQ(conv->attrs.text("activation"), "relu");
  // Nothing but the convolution goes over the images.
  for (const plan::IrNode& node : ir.nodes)
    if (node.op != "conv") {
      EXPECT_NE(ir.type(node.outputs[0]), ir.type(conv->outputs[0])) << node.op;
    }
  folded.t.expectPlainNumbers(72);
}

INSTANTIATE_TEST_SUITE_P(Forms, FoldScale,
                         ::testing::Values(std::pair{false, true}, std::pair{true, true},
                                           std::pair{false, false}, std::pair{true, false}));

TEST(FoldScale, LeavesAConvolutionThatOthersRead) {
  Folded folded(false, true);
  folded.t.fetches.push_back(folded.t.op("tanh", {folded.t.op("conv", {folded.x, folded.w})}));
  Ir ir = folded.t.ir();
  plan::simplify(ir);
  plan::foldScale(ir);
  EXPECT_EQ(nodeOf(ir, "conv")->inputs[1], ir.feeds[1]);
  folded.t.expectPlainNumbers(72);
}

// The weights are fed, so that their product would be made in each step.
TEST(FoldScale, LeavesWeightsThatAreMoreThanTheOutput) {
  Folded folded(false, true, 3);
  Ir ir = folded.t.ir();
  plan::simplify(ir);
  plan::foldScale(ir);
  EXPECT_EQ(nodeOf(ir, "conv")->inputs[1], ir.feeds[1]);
}

}  // namespace
}  // namespace nodegrad::testing
