// What the ways to compute a convolution are taken to cost, and that the cheapest one is chosen.
#include <cstring>
#include <set>
#include <tuple>

#include "cpu/conv/ways.h"
#include "cpu/cpu_backend.h"
#include "support/kernel_test.h"

namespace nodegrad::testing {
namespace {

constexpr const char* kClasses[] = {"base", "avx2", "avx512", "avx512_bf16", "amx"};

KernelSpec forward(int64_t n, int64_t size, int64_t in, int64_t out, int64_t kernel,
                   DType dtype = DType::F32) {
  const Attrs attrs = checkAttrs(findOp("conv"), {{"padding", std::string("same")}});
  return {"conv",
          attrs,
          {{dtype, {n, size, size, in}}, {dtype, {kernel, kernel, in, out}}},
          {{dtype, {n, size, size, out}}},
          {nullptr, nullptr},
          {nullptr},
          nullptr};
}

std::vector<ConvOption> optionsOf(const KernelSpec& spec) { return convOptions(spec, Convolution(spec)); }

TEST(ConvPrices, EveryClassHasThemOnce) {
  std::set<std::tuple<std::string, DType, ConvWay, ConvPass>> rows;
  for (const ConvPriceRow& row : convPriceTable()) {
    EXPECT_TRUE(rows.insert({row.processors, row.dtype, row.way, row.pass}).second) << row.processors;
    for (double price : {row.prices.product, row.prices.number, row.prices.filter}) EXPECT_GE(price, 0);
    EXPECT_GT(row.prices.product + row.prices.number, 0) << row.processors;
  }
  const auto expectRow = [&](const char* processors, DType dtype, ConvWay way, ConvPass pass) {
    EXPECT_EQ(rows.count({processors, dtype, way, pass}), 1u)
        << processors << ", way " << static_cast<int>(way) << ", pass " << static_cast<int>(pass);
  };
  for (const char* processors : kClasses) {
    const bool rounds = std::strcmp(processors, "avx512_bf16") == 0 || std::strcmp(processors, "amx") == 0;
    for (ConvPass pass : {ConvPass::Forward, ConvPass::BackwardData, ConvPass::BackwardFilter}) {
      for (ConvWay way : {ConvWay::Direct, ConvWay::Pointwise, ConvWay::Grouped, ConvWay::Depthwise,
                          ConvWay::Unfolded, ConvWay::Samples, ConvWay::Narrow})
        expectRow(processors, DType::F32, way, pass);
      if (std::strcmp(processors, "base") != 0) expectRow(processors, DType::F32, ConvWay::Winograd, pass);
      if (!rounds) continue;
      for (ConvWay way : {ConvWay::Direct, ConvWay::Pointwise, ConvWay::Grouped, ConvWay::Depthwise})
        expectRow(processors, DType::BF16, way, pass);
      if (std::strcmp(processors, "amx") != 0) expectRow(processors, DType::BF16, ConvWay::Winograd, pass);
    }
    expectRow(processors, DType::F32, ConvWay::Boxes, ConvPass::BackwardFilter);
    expectRow(processors, DType::F32, ConvWay::Relayout, ConvPass::Forward);
    if (rounds) expectRow(processors, DType::F32, ConvWay::Rounding, ConvPass::Forward);
  }
  expectRow("amx", DType::BF16, ConvWay::TileBoxes, ConvPass::BackwardFilter);
  expectRow("amx", DType::BF16, ConvWay::TileRows, ConvPass::Forward);
}

// Taps that lie in the padding are left out, and channels that fill no vector count as if they did.
TEST(ConvWork, CountsWhatIsDone) {
  const KernelSpec spec = forward(2, 4, 3, 5, 3);
  const Convolution conv(spec);
  const double taps = 2 * 10 * 10;  // of 12 rows of taps two are outside, and of columns
  const ConvWork direct = convWork(ConvWay::Direct, conv, 8, false);
  EXPECT_EQ(direct.products, taps * 3 * (8 + 8)) << "what AVX2 spreads over a vector is like one more";
  EXPECT_EQ(convWork(ConvWay::Direct, conv, 16, false).products, taps * 3 * 16);
  EXPECT_EQ(direct.numbers, 2 * 16 * (3 + 5));
  EXPECT_EQ(direct.filters, 9 * 3 * 5);
  EXPECT_EQ(convWork(ConvWay::Samples, conv, 8, false).products, taps * 3 * 5);
  const ConvWork winograd = convWork(ConvWay::Winograd, conv, 8, false);
  EXPECT_EQ(winograd.products, 2 * 36 * 3 * 5);
  EXPECT_EQ(winograd.numbers, 2 * 36 * (3 + 5));
  EXPECT_EQ(convWork(ConvWay::Winograd, conv, 8, true).filters, winograd.filters / 2);
}

class ConvOptions : public ::testing::Test {
 protected:
  void SetUp() override { onednn::engine(); }

 private:
  SavedSettings saved_;
};

TEST_F(ConvOptions, AreInTheOrderOfTheirCostAndTheSameEachTime) {
  for (const std::string& level : isaLevels()) {
    useIsa(level);
    for (const KernelSpec& spec : {forward(16, 28, 64, 64, 3), forward(128, 14, 6, 16, 5),
                                   forward(16, 64, 32, 1, 1), forward(32, 20, 3, 16, 3)}) {
      const std::vector<ConvOption> options = optionsOf(spec), again = optionsOf(spec);
      ASSERT_GE(options.size(), 2u) << level;
      ASSERT_EQ(options.size(), again.size());
      for (size_t i = 0; i < options.size(); ++i) {
        EXPECT_EQ(options[i].way, again[i].way);
        EXPECT_EQ(options[i].cost, again[i].cost);
        if (i > 0) {
          EXPECT_LE(options[i - 1].cost, options[i].cost);
        }
      }
    }
  }
}

TEST_F(ConvOptions, CostMoreForMoreOfAnything) {
  const auto costOf = [](const KernelSpec& spec, ConvWay way) {
    for (const ConvOption& option : optionsOf(spec))
      if (option.way == way) return option.cost;
    return -1.0;
  };
  for (const std::string& level : isaLevels()) {
    useIsa(level);
    for (ConvWay way : {ConvWay::Direct, ConvWay::Winograd, ConvWay::Samples, ConvWay::Narrow}) {
      const int64_t out = way == ConvWay::Narrow ? 2 : 32;
      const double cost = costOf(forward(16, 16, 32, out, 3), way);
      if (cost < 0) continue;  // Winograd, of which the lowest level has none
      EXPECT_GT(costOf(forward(32, 16, 32, out, 3), way), cost) << level;
      EXPECT_GT(costOf(forward(16, 32, 32, out, 3), way), cost) << level;
      EXPECT_GT(costOf(forward(16, 16, 64, out, 3), way), cost) << level;
      EXPECT_GT(costOf(forward(16, 16, 32, 2 * out, 3), way), cost) << level;
    }
  }
}

}  // namespace
}  // namespace nodegrad::testing
