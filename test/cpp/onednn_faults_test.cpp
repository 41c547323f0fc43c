// What oneDNN does wrong: the cases that show it run right here, and the rules that avoid it hold where it
// cannot run.
#include "cpu/memory/onednn_faults.h"

#include "support/kernel_test.h"

namespace nodegrad::testing {
namespace {

struct Case {
  std::string op;
  Dims x, w, strides, dilations = {1, 1};
  std::string padding = "same";
  DType dtype = DType::F32;
};

Call callOf(const Case& c) {
  const Attrs attrs{{"strides", c.strides}, {"dilations", c.dilations}, {"padding", c.padding}};
  Call call{c.op, {}, {}, checkAttrs(findOp(c.op), attrs)};
  const Window window = convWindow(c.op, call.attrs, {c.x[1], c.x[2]}, {c.w[0], c.w[1]});
  const Dims y{c.x[0], window.out[0], window.out[1], c.w[3]};
  const DType weights = c.op == "convBackwardFilter" ? DType::F32 : c.dtype;
  const Array x = randomNumbers(c.x, 1, -1, 1, c.dtype), w = randomNumbers(c.w, 2, -1, 1, weights),
              dy = randomNumbers(y, 3, -1, 1, c.dtype);
  if (c.op == "conv") {
    call.inputs = {x, w};
    call.outputs = {dy.type};
  } else if (c.op == "convBackwardData") {
    call.inputs = {w, dy, x};
    call.outputs = {x.type};
  } else {
    call.inputs = {x, dy, w};
    call.outputs = {w.type};
  }
  return call;
}

// In the layouts of the plan, and row-major.
void expectRight(const Case& c) {
  const Call call = callOf(c);
  std::vector<Array> widened = call.inputs;
  for (Array& input : widened) input.type.dtype = DType::F32;
  const Array expected = reference::apply(call.op, widened, call.attrs)[0];
  const int64_t terms = c.x[0] * c.x[1] * c.x[2] * c.w[0] * c.w[1] * std::max(c.w[2], c.w[3]);
  // The inputs are bfloat16 already: products are exact in float32, only the result may be rounded to it.
  const bool rounded = call.outputs[0].dtype == DType::BF16;
  for (const Call& laidOut : {call, inPlannedLayouts(call)}) {
    const auto kernel = cpuBackend().kernel(laidOut.spec());
    const std::string what = toString(call.inputs[0].type) + " " + kernel->implementation();
    const double bound = 1e-6 * std::sqrt(static_cast<double>(terms)) + (rounded ? 4e-3 : 0);
    expectNear(run(*kernel, laidOut)[0], expected.data, bound, 1e-5 * std::sqrt(static_cast<double>(terms)),
               what);
  }
}

class OnednnFaults : public OnEachIsa {};

TEST_P(OnednnFaults, StridedPointwiseConvolutionsOfFewChannels) {
  const int threads = teamThreads();
  for (int team : {1, 2, 4}) {
    setTeamThreads(team);
    for (const char* op : {"conv", "convBackwardData", "convBackwardFilter"})
      for (DType dtype : {DType::F32, DType::BF16}) {
        if (dtype == DType::BF16 && (!cpuBackend().hasBfloat16() || GetParam() != isaLevels().back()))
          continue;
        for (int64_t channels : {1, 3, 5, 8, 12, 15, 16})
          for (int64_t filters : {1, 8, 17}) {
            expectRight(
                {op, {3, 24, 20, channels}, {1, 1, channels, filters}, {2, 1}, {1, 1}, "same", dtype});
            expectRight({op, {1, 8, 14, channels}, {1, 1, channels, filters}, {2, 2}, {1, 1}, "same", dtype});
          }
        expectRight({op, {5, 28, 28, 3}, {1, 1, 3, 64}, {2, 2}, {1, 1}, "same", dtype});
      }
  }
  setTeamThreads(threads);
}

TEST_P(OnednnFaults, TapsThatMeetOnlyPadding) {
  for (DType dtype : {DType::F32, DType::BF16}) {
    if (dtype == DType::BF16 && (!cpuBackend().hasBfloat16() || GetParam() != isaLevels().back())) continue;
    for (const char* op : {"conv", "convBackwardData", "convBackwardFilter"}) {
      expectRight({op, {1, 12, 2, 64}, {4, 4, 64, 16}, {1, 3}, {1, 1}, "same", dtype});
      expectRight({op, {2, 1, 1, 48}, {1, 5, 48, 16}, {1, 2}, {1, 1}, "same", dtype});
      expectRight({op, {1, 2, 1, 3}, {5, 1, 3, 32}, {1, 3}, {1, 1}, "same", dtype});
      // No output of a row meets a tap.
      expectRight({op, {1, 1, 8, 15}, {4, 3, 15, 15}, {1, 1}, {3, 3}, "same", dtype});
    }
  }
}

TEST_P(OnednnFaults, StridesWiderThanTheImage) {
  if (!cpuBackend().hasBfloat16() || GetParam() != isaLevels().back()) return;
  for (int64_t channels : {1, 5, 16, 17})
    for (int64_t filters : {16, 25})
      for (const Dims& size : {Dims{6, 2}, Dims{6, 1}, Dims{1, 1}})
        for (const Dims& strides : {Dims{1, 3}, Dims{2, 2}, Dims{3, 3}})
          expectRight({"convBackwardFilter",
                       {2, size[0], size[1], channels},
                       {1, 1, channels, filters},
                       strides,
                       {1, 1},
                       "same",
                       DType::BF16});
}

// On images that lie channels last where the tensor has them first, as after another convolution.
TEST_P(OnednnFaults, PointwiseConvolutionsOfOddChannels) {
  if (!cpuBackend().hasBfloat16() || GetParam() != isaLevels().back()) return;
  for (const char* op : {"conv", "convBackwardData"})
    for (int64_t channels : {3, 16, 31, 33})
      for (int64_t filters : {5, 12, 31, 48})
        for (DType dtype : {DType::F32, DType::BF16}) {
          const Attrs attrs = checkAttrs(findOp(op), {{"dataFormat", std::string("channelsFirst")}});
          const bool forward = std::string(op) == "conv";
          const Array x = randomNumbers({2, channels, 10, 3}, 1, -1, 1, DType::BF16),
                      w = randomNumbers({1, 1, channels, filters}, 2, -1, 1, DType::BF16),
                      dy = randomNumbers({2, filters, 10, 3}, 3, -1, 1, DType::BF16);
          Call call{op, forward ? std::vector<Array>{x, w} : std::vector<Array>{w, dy, x}, {}, attrs};
          call.outputs = {{dtype, (forward ? dy : x).shape()}};
          std::vector<Array> widened = call.inputs;
          for (Array& input : widened) {
            input.type.dtype = DType::F32;
            call.inputLayouts.push_back(onednn::layoutOf(
                onednn::Desc(input.shape(), onednn::dataType(DType::BF16), onednn::Tag::nhwc)));
          }
          call.inputLayouts[forward ? 1 : 0] = nullptr;
          const Array expected = reference::apply(op, widened, attrs)[0];
          const PlannedResult result = runPlanned(call);
          // Products are exact in float32; up to 48 of them are summed up, and the sum is rounded once more.
          const double bound = dtype == DType::BF16 ? 4e-3 : 1e-6;
          expectNear(result.outputs[0], expected.data, bound, 48e-6, result.implementation);
        }
}

// Run twice over memory full of NaN, they give the same bits.
TEST_P(OnednnFaults, DilatedRowsOfWideImages) {
  if (!cpuBackend().hasBfloat16() || GetParam() != isaLevels().back()) return;
  for (int64_t channels : {16, 19, 40})
    for (int64_t kernel : {1, 3})
      for (int64_t width : {31, 33, 64})
        for (const Dims& dilations : {Dims{2, 1}, Dims{3, 2}})
          expectRight({"convBackwardFilter",
                       {2, 8, width, channels},
                       {kernel, 3, channels, 16},
                       {1, 1},
                       dilations,
                       "same",
                       DType::BF16});
}
ON_EACH_ISA(OnednnFaults);

std::string faultOf(const Case& c, const std::string& implementation, bool blocked = false) {
  const KernelSpec spec = callOf(c).spec();
  const auto* fault = onednn::convFault(spec::Convolution(spec), implementation, blocked);
  return fault ? fault->what : "";
}

TEST(OnednnFaultRules, AvoidNoMoreThanIsWrong) {
  const Case pointwise{"convBackwardFilter", {3, 24, 20, 8}, {1, 1, 8, 8}, {2, 1}};
  EXPECT_EQ(faultOf(pointwise, "jit_1x1:avx512_core"), "writes past its scratch memory");
  EXPECT_EQ(faultOf(pointwise, "jit_bf16_1x1:avx512_core_bf16"), "writes past its scratch memory");
  EXPECT_EQ(faultOf(pointwise, "jit_1x1:avx512_core", true), "");
  EXPECT_EQ(faultOf(pointwise, "brgconv_1x1:avx512_core"), "");
  EXPECT_EQ(faultOf({pointwise.op, pointwise.x, pointwise.w, {1, 1}}, "jit_1x1:avx512_core"), "");
  EXPECT_EQ(faultOf({pointwise.op, {3, 24, 20, 16}, {1, 1, 16, 8}, {2, 2}}, "jit_1x1:avx512_core"), "");

  const Case unused{"convBackwardFilter", {1, 12, 2, 64}, {4, 4, 64, 16}, {1, 3}, {1, 1}, "same",
                    DType::BF16};
  EXPECT_NE(faultOf(unused, "jit_bf16:avx512_core_bf16"), "");
  EXPECT_EQ(faultOf(unused, "x64:gemm:jit"), "");
  EXPECT_EQ(faultOf({unused.op, {1, 12, 4, 64}, unused.w, {1, 3}, {1, 1}, "same", DType::BF16},
                    "jit_bf16:avx512_core_bf16"),
            "");
  EXPECT_EQ(faultOf({unused.op, unused.x, unused.w, unused.strides}, "jit:avx512_core"), "");
}

TEST(OnednnFaultRules, AvoidStridesWiderThanTheImage) {
  const auto strided = [](int64_t width) {
    return Case{"convBackwardFilter", {2, 6, width, 17}, {1, 1, 17, 25}, {1, 3}, {1, 1}, "same", DType::BF16};
  };
  EXPECT_NE(faultOf(strided(2), "jit_bf16:avx512_core_bf16"), "");
  EXPECT_EQ(faultOf(strided(3), "jit_bf16:avx512_core_bf16"), "");
}

TEST(OnednnFaultRules, AvoidPairsOfOddChannels) {
  const auto pointwise = [](const char* op, int64_t channels, int64_t filters) {
    return Case{op, {2, 10, 3, channels}, {1, 1, channels, filters}, {1, 1}, {1, 1}, "same", DType::BF16};
  };
  const std::string name = "jit_bf16_1x1:avx512_core_bf16";
  EXPECT_NE(faultOf(pointwise("conv", 31, 12), name), "");
  EXPECT_EQ(faultOf(pointwise("conv", 32, 31), name), "");
  EXPECT_EQ(faultOf(pointwise("conv", 31, 12), name, true), "");
  EXPECT_EQ(faultOf(pointwise("conv", 31, 12), "brgconv_1x1:avx512_core_bf16"), "");
  EXPECT_NE(faultOf(pointwise("convBackwardData", 32, 31), name), "");
  EXPECT_EQ(faultOf(pointwise("convBackwardData", 31, 32), name), "");
  EXPECT_EQ(faultOf(pointwise("convBackwardFilter", 31, 31), name), "");
}

TEST(OnednnFaultRules, AvoidDilatedRows) {
  const auto dilated = [](int64_t channels, const Dims& dilations) {
    return Case{"convBackwardFilter", {2, 8, 33, channels}, {3, 3, channels, 16}, {1, 1}, dilations, "same",
                DType::BF16};
  };
  EXPECT_EQ(faultOf(dilated(19, {2, 1}), "jit_bf16:avx512_core_bf16"),
            "reads memory that it has not written");
  EXPECT_EQ(faultOf(dilated(16, {2, 1}), "jit_bf16:avx512_core_bf16"), "");
  EXPECT_EQ(faultOf(dilated(19, {1, 2}), "jit_bf16:avx512_core_bf16"), "");
  EXPECT_EQ(faultOf(dilated(19, {2, 1}), "jit:avx512_core"), "");
}

// These run on CPUs with AMX alone.
TEST(OnednnFaultRules, AvoidWhatIsWrongOnAmx) {
  const std::string amx = "brgconv:avx512_core_amx";
  for (int64_t channels : {48, 80, 112, 144}) {
    const Case even{"conv", {1, 8, 8, channels}, {2, 2, channels, 16}, {2, 2}, {1, 1}, "valid", DType::BF16};
    EXPECT_EQ(faultOf(even, amx), "computes another output");
    EXPECT_EQ(faultOf(even, "brgconv:avx512_core_bf16"), "");
  }
  for (int64_t channels : {16, 32, 64, 96, 128})
    EXPECT_EQ(
        faultOf({"conv", {1, 8, 8, channels}, {2, 2, channels, 16}, {2, 2}, {1, 1}, "valid", DType::BF16},
                amx),
        "");
  EXPECT_EQ(faultOf({"conv", {1, 9, 9, 48}, {3, 3, 48, 16}, {2, 2}, {1, 1}, "valid", DType::BF16}, amx), "");
  EXPECT_EQ(faultOf({"conv", {1, 8, 8, 48}, {2, 2, 48, 16}, {1, 1}, {1, 1}, "valid", DType::BF16}, amx), "");

  const Case outside{"conv", {1, 1, 8, 15}, {4, 3, 15, 15}, {1, 1}, {3, 3}, "same", DType::BF16};
  EXPECT_EQ(faultOf(outside, amx), "crashes where an output meets only padding");
  EXPECT_EQ(faultOf(outside, "jit:avx512_core"), "");
  const Case back{"convBackwardData", outside.x, outside.w, {1, 1}, {3, 3}, "same", DType::BF16};
  EXPECT_EQ(faultOf(back, amx), "crashes where an output meets only padding");
  EXPECT_EQ(faultOf({"conv", {1, 4, 8, 15}, {4, 3, 15, 15}, {1, 1}, {3, 3}, "same", DType::BF16}, amx), "");
}

}  // namespace
}  // namespace nodegrad::testing
