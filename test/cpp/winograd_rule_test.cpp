// Which convolutions are computed by Winograd's algorithm, and that what follows the rule is right.
#include "cpu/conv/ways.h"
#include "support/winograd.h"

namespace nodegrad::testing {
namespace {

class WinogradRule : public ::testing::Test {
 protected:
  SavedSettings saved_;
};

bool suits(int64_t n, int64_t size, int64_t in, int64_t out, const Attrs& attrs = {},
           const Dims& kernel = {3, 3}, DType image = DType::F32) {
  const Attrs all = checkAttrs(findOp("conv"), attrs);
  const TensorType x{DType::F32, {n, size, size, in}}, w{DType::F32, {kernel[0], kernel[1], in, out}};
  const Window window = convWindow("conv", all, {size, size}, kernel);
  KernelSpec spec{"conv", all, {x, w}, {{DType::F32, {n, window.out[0], window.out[1], out}}},
                  {},     {},  nullptr};
  spec.inputLayouts.resize(2);
  spec.outputLayouts.resize(1);
  if (image == DType::F32) return convOptions(spec, Convolution(spec)).front().way == ConvWay::Winograd;
  spec.compute = Compute::BFloat16;
  const PrecisionChoice choice = cpuBackend().precisions(spec);
  return choice.inputs[0] == Precision::BFloat16 && choice.inputs[1] == Precision::Float32;
}

TEST_F(WinogradRule, TakesWhatPaysOff) {
  for (const std::string& level : levels()) {
    useIsa(level);
    EXPECT_TRUE(suits(128, 26, 32, 64));
    EXPECT_TRUE(suits(16, 56, 64, 64, {{"padding", std::string("same")}}));
    EXPECT_TRUE(suits(16, 7, 512, 512, {{"padding", std::string("same")}}));
    EXPECT_TRUE(suits(1, 56, 64, 64, {{"padding", std::string("same")}}));
    EXPECT_FALSE(suits(1, 7, 512, 512, {{"padding", std::string("same")}}))
        << "the filters are most of the work";
    EXPECT_FALSE(suits(128, 3, 64, 64, {})) << "one output a tile";
    EXPECT_FALSE(suits(128, 28, 1, 32));
    EXPECT_FALSE(suits(128, 28, 32, 20));
    EXPECT_FALSE(suits(128, 28, 32, 32, {}, {5, 5}));
    EXPECT_FALSE(suits(128, 28, 32, 32, {{"strides", Dims{2, 2}}}));
    EXPECT_FALSE(suits(128, 28, 32, 32, {{"dilations", Dims{2, 2}}}));
    EXPECT_FALSE(suits(128, 28, 32, 32, {{"padding", std::string("explicit")}, {"pads", Dims{3, 0, 0, 0}}}));
  }
  useIsa("base");
  EXPECT_FALSE(suits(128, 26, 32, 64));
}

TEST_F(WinogradRule, TakesWhatPaysOffInBfloat16) {
  const auto suitsInBf16 = [](int64_t n, int64_t size, int64_t channels, const Attrs& attrs) {
    return suits(n, size, channels, channels, attrs, {3, 3}, DType::BF16);
  };
  const Attrs same{{"padding", std::string("same")}};
  useBfloat16(Settings::Bfloat16::Off);
  EXPECT_FALSE(suitsInBf16(16, 56, 64, same));
  if (isaKernels().name != std::string("avx512")) GTEST_SKIP() << "bfloat16 needs AVX-512";
  useBfloat16(Settings::Bfloat16::Emulate);
  EXPECT_TRUE(suitsInBf16(16, 56, 64, same));
  EXPECT_TRUE(suitsInBf16(16, 7, 512, same));
  EXPECT_FALSE(suitsInBf16(1, 7, 512, same)) << "the filters are most of the work";
  EXPECT_FALSE(suitsInBf16(128, 3, 64, {})) << "one output a tile";
  EXPECT_FALSE(suitsInBf16(128, 5, 64, same))
      << "a quarter of the taps lie in the padding, half of the tiles outside";
}

TEST_F(WinogradRule, ObeysTheSetting) {
  if (levels().empty()) GTEST_SKIP() << "this machine has no Winograd";
  useWinograd(false);
  EXPECT_FALSE(suits(128, 26, 32, 64));
  useWinograd(true);
  EXPECT_TRUE(suits(128, 26, 32, 64));
}

TEST_F(WinogradRule, TheBackendFollowsItAndEqualsTheDirectConvolution) {
  if (levels().empty()) GTEST_SKIP() << "this machine has no Winograd";
  const Array x = randomNumbers({8, 16, 16, 32}, 1), w = randomNumbers({3, 3, 32, 64}, 2);
  const Array dy = randomNumbers({8, 16, 16, 64}, 3);
  const Attrs same = checkAttrs(findOp("conv"), {{"padding", std::string("same")}});
  const std::vector<Call> nodes = {{"conv", {x, w}, {dy.type}, same},
                                   {"convBackwardData", {w, dy, x}, {x.type}, same},
                                   {"convBackwardFilter", {x, dy, w}, {w.type, {DType::F32, {64}}}, same}};
  for (const Call& node : nodes) {
    useWinograd(true);
    const PlannedResult fast = runPlanned(node), again = runPlanned(node);
    EXPECT_EQ(fast.implementation, std::string("winograd:") + isaKernels().name);
    useWinograd(false);
    const PlannedResult direct = runPlanned(node);
    EXPECT_EQ(direct.implementation.find("winograd"), std::string::npos);
    for (size_t o = 0; o < node.outputs.size(); ++o) {
      expectExact(fast.outputs[o], direct.outputs[o]);
      EXPECT_EQ(fast.outputs[o].data, again.outputs[o].data) << "not the same bits twice";
    }
  }
}

TEST_F(WinogradRule, ARowMajorCallGoesToTheDirectConvolution) {
  const Array x = randomNumbers({8, 16, 16, 32}, 1), w = randomNumbers({3, 3, 32, 64}, 2);
  Call node{"conv", {x, w}, {{DType::F32, {8, 14, 14, 64}}}, checkAttrs(findOp("conv"), {})};
  EXPECT_EQ(cpuBackend().kernel(node.spec())->implementation().find("winograd"), std::string::npos);
}

// Products and their sums are rounded alike; the instruction takes denormal numbers for zero, of which there
// are none here.
TEST_F(WinogradRule, EmulationGivesTheBitsOfTheInstruction) {
  if (kernelNames().empty() || kernelNames().back() != "avx512_bf16") GTEST_SKIP() << "no AVX512-BF16 here";
  const auto halves = [](const Dims& shape, unsigned seed) {
    Array made = randomNumbers(shape, seed);
    made.type.dtype = DType::BF16;
    return made;
  };
  const Array x = halves({3, 14, 11, 32}, 1), dy = halves({3, 14, 11, 48}, 3);
  const Array w = randomNumbers({3, 3, 32, 48}, 2);
  const Attrs same = checkAttrs(findOp("conv"), {{"padding", std::string("same")}});
  const std::vector<Call> nodes = {{"conv", {x, w}, {dy.type}, same},
                                   {"convBackwardData", {w, dy}, {x.type}, same},
                                   {"convBackwardFilter", {x, dy}, {w.type}, same}};
  for (const Call& node : nodes) {
    useBfloat16(Settings::Bfloat16::Emulate);
    const Array emulated = runWinograd(node)[0];
    useBfloat16(Settings::Bfloat16::Native);
    EXPECT_EQ(emulated.data, runWinograd(node)[0].data) << node.op;
  }
}

// Filters of so many channels are transformed in several groups.
TEST_F(WinogradRule, ManyFiltersTakeBoundedMemory) {
  if (levels().empty()) GTEST_SKIP() << "this machine has no Winograd";
  const Array x = randomNumbers({1, 2, 2, 512}, 1), w = randomNumbers({3, 3, 512, 1024}, 2);
  const Attrs same = checkAttrs(findOp("conv"), {{"padding", std::string("same")}});
  const Call node{"conv", {x, w}, {{DType::F32, {1, 2, 2, 1024}}}, same};
  expectExact(runWinograd(node)[0], reference::apply("conv", {x, w}, same)[0]);
  KernelSpec spec = node.spec();
  EXPECT_LT(makeWinograd(spec, Convolution(spec))->scratchBytes(), size_t{64} << 20);
}

}  // namespace
}  // namespace nodegrad::testing
