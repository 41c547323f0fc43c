// Which kernels ten convolutions get, on each class of processors: what makes the nets fast. Whoever changes
// a price (cpp/cpu/conv/cost_table.cpp) measures these again.
#include <algorithm>
#include <array>

#include "core/window.h"
#include "cpu/cpu_backend.h"
#include "support/kernel_test.h"

namespace nodegrad::testing {
namespace {

struct Shape {
  std::string name;
  int64_t n, size, in, out, kernel, stride = 1;
  std::string padding = "same";
  int64_t groups = 1;
};

const std::vector<Shape> kShapes = {
    {"first layer of one channel", 128, 28, 1, 32, 3, 1, "valid"},
    {"32 to 64 channels", 128, 26, 32, 64, 3, 1, "valid"},
    {"first layer of three channels", 16, 224, 3, 64, 7, 2},
    {"64 channels at 56", 16, 56, 64, 64, 3},
    {"64 to 128 channels at 56, strided", 16, 56, 64, 128, 3, 2},
    {"512 channels at 7", 16, 7, 512, 512, 3},
    {"pointwise", 16, 28, 128, 256, 1},
    {"depthwise", 32, 56, 64, 64, 3, 1, "same", 64},
    {"few channels", 128, 14, 6, 16, 5, 1, "valid"},
    {"to one channel", 4, 128, 32, 1, 1},
};

// What does it: oneDNN, "direct", or which kernel of ours; as a plan has it, images row-major at first.
std::string choiceOf(const Shape& s, const std::string& op, DType dtype) {
  const Attrs attrs = checkAttrs(
      findOp("conv"), {{"strides", Dims{s.stride, s.stride}}, {"padding", s.padding}, {"groups", s.groups}});
  const Window window = convWindow("conv", attrs, {s.size, s.size}, {s.kernel, s.kernel});
  const TensorType x{dtype, {s.n, s.size, s.size, s.in}},
      y{dtype, {s.n, window.out[0], window.out[1], s.out}},
      w{DType::F32, {s.kernel, s.kernel, s.in / s.groups, s.out}}, filters{dtype, w.shape};
  KernelSpec spec{op, attrs, {}, {}, {}, {}, nullptr};
  if (op == "conv") {
    spec.inputs = {x, w};
    spec.outputs = {y};
  } else if (op == "convBackwardData") {
    spec.inputs = {w, y, x};
    spec.outputs = {x};
  } else {
    spec.inputs = {x, y, w};
    spec.outputs = {w};
  }
  spec.inputLayouts.resize(spec.inputs.size());
  spec.outputLayouts.resize(1);
  if (dtype == DType::BF16) {
    // The precision that the plan would give it.
    KernelSpec floats = spec;
    for (TensorType* type : {&floats.inputs[0], &floats.inputs[1], &floats.outputs[0]})
      type->dtype = DType::F32;
    floats.compute = Compute::BFloat16;
    const PrecisionChoice choice = cpuBackend().precisions(floats);
    if (choice.inputs[0] != Precision::BFloat16 && choice.inputs[1] != Precision::BFloat16) return "float32";
    const size_t weights = op == "conv" ? 1 : 0;
    if (op != "convBackwardFilter" && choice.inputs[weights] == Precision::BFloat16)
      spec.inputs[weights] = filters;
  }
  const LayoutChoice layouts = cpuBackend().layouts(spec, std::vector<bool>(spec.inputs.size(), false));
  spec.inputLayouts = layouts.inputs;
  spec.outputLayouts = layouts.outputs;
  const std::string implementation = cpuBackend().kernel(spec)->implementation();
  for (const char* own : {"winograd", "samples", "own"})
    if (implementation.rfind(own, 0) == 0) return own;
  return "direct";
}

// Forward, the gradient of x, that of w.
using Choices = std::vector<std::array<std::string, 3>>;

void expectChoices(DType dtype, const Choices& expected) {
  for (size_t i = 0; i < kShapes.size(); ++i) {
    const char* ops[] = {"conv", "convBackwardData", "convBackwardFilter"};
    for (size_t pass = 0; pass < 3; ++pass)
      EXPECT_EQ(choiceOf(kShapes[i], ops[pass], dtype), expected[i][pass])
          << kShapes[i].name << ", " << ops[pass];
  }
}

class ConvChoice : public ::testing::Test {
 protected:
  void SetUp() override { onednn::engine(); }
  // Whether the machine has the level, which is in use then.
  static bool uses(const std::string& level) {
    const std::vector<std::string> all = isaLevels();
    if (std::find(all.begin(), all.end(), level) == all.end()) return false;
    useIsa(level);
    return true;
  }

 private:
  SavedSettings saved_;
};

TEST_F(ConvChoice, InFloat32WithNothingMore) {
  ASSERT_TRUE(uses("base"));
  expectChoices(DType::F32, {{{"direct", "own", "own"}},
                             {{"direct", "direct", "samples"}},
                             {{"direct", "own", "samples"}},
                             {{"direct", "direct", "samples"}},
                             {{"direct", "direct", "samples"}},
                             {{"direct", "direct", "direct"}},
                             {{"direct", "direct", "samples"}},
                             {{"direct", "direct", "direct"}},
                             {{"direct", "samples", "samples"}},
                             {{"own", "samples", "own"}}});
}

TEST_F(ConvChoice, InFloat32WithAvx512) {
  if (!uses("avx512")) GTEST_SKIP() << "no AVX-512 here";
  const Choices expected = {{{"direct", "own", "direct"}},     {{"winograd", "winograd", "winograd"}},
                            {{"direct", "own", "direct"}},     {{"winograd", "winograd", "winograd"}},
                            {{"direct", "direct", "direct"}},  {{"winograd", "winograd", "winograd"}},
                            {{"direct", "direct", "direct"}},  {{"direct", "direct", "direct"}},
                            {{"direct", "samples", "direct"}}, {{"own", "direct", "own"}}};
  useBfloat16(Settings::Bfloat16::Off);
  expectChoices(DType::F32, expected);
  useBfloat16(Settings::Bfloat16::Native);  // another class, where the machine has that
  expectChoices(DType::F32, expected);
  if (uses("amx")) expectChoices(DType::F32, expected);
}

TEST_F(ConvChoice, InFloat32WithAvx2) {
  if (!uses("avx2")) GTEST_SKIP() << "no AVX2 here";
  expectChoices(DType::F32, {{{"direct", "own", "direct"}},
                             {{"winograd", "winograd", "winograd"}},
                             {{"direct", "own", "own"}},
                             {{"winograd", "winograd", "winograd"}},
                             {{"direct", "direct", "own"}},
                             {{"winograd", "winograd", "winograd"}},
                             {{"direct", "direct", "direct"}},
                             {{"direct", "direct", "direct"}},
                             {{"direct", "samples", "own"}},
                             {{"own", "direct", "own"}}});
}

TEST_F(ConvChoice, InBfloat16WithAvx512) {
  useBfloat16(Settings::Bfloat16::Native);
  if (!uses("avx512") || !cpuHasBfloat16()) GTEST_SKIP() << "no AVX512-BF16 here";
  expectChoices(DType::BF16, {{{"direct", "float32", "direct"}},
                              {{"winograd", "winograd", "winograd"}},
                              {{"direct", "float32", "direct"}},
                              {{"winograd", "winograd", "winograd"}},
                              {{"direct", "direct", "direct"}},
                              {{"winograd", "winograd", "winograd"}},
                              {{"direct", "direct", "direct"}},
                              {{"direct", "direct", "direct"}},
                              {{"direct", "direct", "direct"}},
                              {{"direct", "direct", "direct"}}});
}

TEST_F(ConvChoice, InBfloat16OnTiles) {
  if (!uses("amx")) GTEST_SKIP() << "no AMX here";
  expectChoices(DType::BF16, {{{"own", "direct", "own"}},
                              {{"direct", "direct", "own"}},
                              {{"own", "direct", "own"}},
                              {{"direct", "direct", "own"}},
                              {{"direct", "direct", "own"}},
                              {{"direct", "direct", "own"}},
                              {{"direct", "direct", "own"}},
                              {{"direct", "direct", "direct"}},
                              {{"own", "direct", "own"}},
                              {{"direct", "direct", "own"}}});
}

}  // namespace
}  // namespace nodegrad::testing
