// Zeros around images that become pads of windows: what is folded, and that the numbers are those of the
// plain graph in float64.
#include <gtest/gtest.h>

#include "support/fake_backend.h"
#include "support/graph_with_data.h"

namespace nodegrad::testing {
namespace {

using plan::Ir;

Ir folded(const GraphWithData& t) {
  Ir ir = t.ir();
  plan::simplify(ir);
  if (plan::foldPads(ir)) plan::simplify(ir);
  return ir;
}

Attrs format(bool last) { return {{"dataFormat", std::string(last ? "channelsLast" : "channelsFirst")}}; }

// Paddings [top, bottom, left, right] of images in either format.
Value padded(GraphWithData& t, Value x, const Dims& p, bool last = true, double value = 0) {
  const Dims paddings =
      last ? Dims{0, 0, p[0], p[1], p[2], p[3], 0, 0} : Dims{0, 0, 0, 0, p[0], p[1], p[2], p[3]};
  return t.op("pad", {x}, {{"paddings", paddings}, {"value", value}});
}

void expectNoMoves(const Ir& ir) {
  for (const char* op : {"pad", "slice", "sliceBackward"}) EXPECT_EQ(countOf(ir, op), 0) << op;
}

struct ConvCase {
  const char* name;
  bool last;
  int64_t channels, kernel;
  Dims strides, pads;
  const char* padding;
};

class FoldPadsConv : public ::testing::TestWithParam<ConvCase> {};

TEST_P(FoldPadsConv, TakesThemInAllPasses) {
  const ConvCase& c = GetParam();
  GraphWithData t;
  const Value x = t.fed(c.last ? Dims{2, 13, 12, c.channels} : Dims{2, c.channels, 13, 12});
  const Value w = t.fed({c.kernel, c.kernel, c.channels, 32});
  Attrs attrs = format(c.last);
  attrs.set("strides", c.strides);
  attrs.set("padding", std::string(c.padding));
  const Value y = t.op("conv", {padded(t, t.op("tanh", {x}), c.pads, c.last), w}, attrs);
  differentiate(t, y, {x, w});
  const Ir ir = folded(t);
  expectNoMoves(ir);
  EXPECT_EQ(countOf(ir, "convBackwardData"), 1);
  EXPECT_EQ(countOf(ir, "convBackwardFilter"), 1);
  t.expectPlainNumbers(c.kernel * c.kernel * c.channels * 8 + 13 * 12 * 2 * 8);
}

INSTANTIATE_TEST_SUITE_P(Windows, FoldPadsConv,
                         ::testing::Values(ConvCase{"strided", true, 16, 3, {2, 2}, {1, 1, 1, 1}, "valid"},
                                           ConvCase{"large", true, 3, 7, {2, 2}, {3, 3, 3, 3}, "valid"},
                                           ConvCase{"oneSided", true, 16, 3, {2, 1}, {0, 1, 2, 0}, "valid"},
                                           ConvCase{"dense", true, 32, 3, {1, 1}, {1, 1, 1, 1}, "valid"},
                                           ConvCase{"beyondSame", true, 32, 3, {1, 1}, {1, 0, 0, 1}, "same"},
                                           ConvCase{"fewChannels", true, 5, 5, {1, 1}, {2, 1, 1, 2}, "valid"},
                                           ConvCase{
                                               "channelsFirst", false, 16, 3, {2, 2}, {1, 1, 1, 1}, "valid"}),
                         [](const auto& info) { return info.param.name; });

// A transposed convolution is a convolution's gradient: cutting its image is what padding makes of it.
TEST(FoldPads, TakesTheCroppingOfATransposedConvolution) {
  GraphWithData t;
  const Value x = t.fed({2, 6, 5, 16}), w = t.fed({3, 3, 32, 16});
  const Value up = t.op("convTranspose", {x, w}, {{"strides", Dims{2, 2}}});
  const Dims begin = {0, 1, 0, 0}, end = {2, 12, 10, 32};
  differentiate(t, t.op("slice", {up}, {{"begin", begin}, {"end", end}}), {x, w});
  const Ir ir = folded(t);
  expectNoMoves(ir);
  t.expectPlainNumbers(9 * 32 * 8);
}

Attrs threes(int64_t stride, bool last = true) {
  Attrs attrs = format(last);
  attrs.set("poolSize", Dims{3, 3});
  attrs.set("strides", Dims{stride, stride});
  return attrs;
}

// After a ReLU zeros change no maximum; ties of zeros give their gradient to nobody either way.
TEST(FoldPads, TakesThoseOfMaxPoolingBehindRelu) {
  for (bool last : {true, false}) {
    GraphWithData t;
    const Value x = t.fed(last ? Dims{2, 11, 8, 16} : Dims{2, 16, 11, 8});
    const Value r =
        t.op("relu", {t.op("subtract", {x, t.op("constant", {}, {{"value", 0.7}, {"shape", Dims{}}})})});
    differentiate(t, t.op("maxPool", {padded(t, r, {1, 1, 1, 2}, last)}, threes(2, last)), {x});
    expectNoMoves(folded(t));
    t.expectPlainNumbers(9);
  }
}

TEST(FoldPads, LetsBatchNormalizationTakeThePoolingThen) {
  GraphWithData t;
  const Value x = t.fed({2, 12, 10, 16}), gamma = t.fed({16}), beta = t.fed({16});
  const Value r = t.op("relu", {t.norm(x, gamma, beta)});
  differentiate(t, t.op("maxPool", {padded(t, r, {1, 1, 1, 1})}, threes(2)), {x, gamma, beta});
  Ir ir = folded(t);
  plan::fuseNorm(ir, FakeBackend());
  expectNoMoves(ir);
  EXPECT_EQ(countOf(ir, "batchNormMaxPool"), 1);
  EXPECT_EQ(countOf(ir, "batchNormMaxPoolBackward"), 1);
  t.expectPlainNumbers(240);
}

// Each of these needs its zeros.
TEST(FoldPads, LeavesWhatNeedsThem) {
  const auto left = [](auto build) {
    GraphWithData t;
    const Value x = t.fed({2, 9, 8, 16});
    build(t, x);
    EXPECT_EQ(countOf(folded(t), "pad"), 1);
    t.expectPlainNumbers(9 * 16 * 8 + 144);
  };
  const auto conv = [](GraphWithData& t, Value x) { return t.op("conv", {x, t.fed({3, 3, 16, 16})}); };
  // Maxima of negative numbers; the gradient by what ReLU gave, unmasked.
  left([](GraphWithData& t, Value x) {
    t.fetches = {t.op("maxPool", {padded(t, x, {1, 1, 1, 1})}, threes(2))};
  });
  left([](GraphWithData& t, Value x) {
    const Value r = t.op("relu", {x});
    differentiate(t, t.op("maxPool", {padded(t, r, {1, 1, 1, 1})}, threes(2)), {r});
  });
  // A mean over them.
  left([](GraphWithData& t, Value x) {
    t.fetches = {t.op("averagePool", {padded(t, x, {1, 1, 1, 1})}, threes(2))};
  });
  // Ones; a reader besides; a fetch; channels; windows of zeros alone.
  left([&](GraphWithData& t, Value x) { t.fetches = {conv(t, padded(t, x, {1, 1, 1, 1}, true, 1))}; });
  left([&](GraphWithData& t, Value x) {
    const Value p = padded(t, x, {1, 1, 1, 1});
    t.fetches = {conv(t, p), t.op("exp", {p})};
  });
  left([&](GraphWithData& t, Value x) {
    const Value p = padded(t, x, {1, 1, 1, 1});
    t.fetches = {conv(t, p), p};
  });
  left([](GraphWithData& t, Value x) {
    const Value p = t.op("pad", {x}, {{"paddings", Dims{0, 0, 1, 1, 1, 1, 2, 0}}});
    t.fetches = {t.op("conv", {p, t.fed({3, 3, 18, 16})})};
  });
  left([&](GraphWithData& t, Value x) { t.fetches = {conv(t, padded(t, x, {3, 0, 0, 0}))}; });
}

}  // namespace
}  // namespace nodegrad::testing
