#include "support/kernel_test.h"

namespace nodegrad::testing {
namespace {

// Each case is a dense layer after what gives its input: a convolution, whose layout the layer takes as it
// is, or nothing.
struct DenseCase {
  std::string name;
  Dims x;
  int64_t units;
  bool channelsFirst = false;
  bool convolved = true;
};

std::vector<DenseCase> denseCases() {
  return {
      {"blocked", {17, 4, 3, 32}, 24},
      {"blockedBatchOf1", {1, 4, 4, 16}, 10},
      {"blockedOnePixel", {5, 1, 1, 32}, 7},
      {"blockedChannelsFirst", {6, 32, 3, 4}, 24, true},
      {"oddChannels", {3, 4, 3, 5}, 9},
      {"oddChannelsFirst", {3, 5, 4, 3}, 9, true},
      {"oneChannel", {3, 5, 4, 1}, 9},
      {"rowMajorImage", {3, 4, 4, 16}, 8, false, false},
      {"matrix", {17, 33}, 10, false, false},
      {"matrixBatchOf1", {1, 128}, 128, false, false},
      {"oneUnit", {4, 20}, 1, false, false},
      {"largerMatrix", {64, 300}, 150, false, false},
      {"manySamples", {260, 30}, 33, false, false},
      {"manyUnits", {256, 40}, 520, false, false},
  };
}

// The layout of an image that a convolution with as many channels makes.
LayoutPtr convolvedLayout(const Dims& x, bool channelsFirst) {
  const int64_t channels = channelsFirst ? x[1] : x[3];
  const Attrs attrs = checkAttrs(
      findOp("conv"), {{"dataFormat", std::string(channelsFirst ? "channelsFirst" : "channelsLast")}});
  const KernelSpec spec{"conv",
                        attrs,
                        {{DType::F32, x}, {DType::F32, {1, 1, channels, channels}}},
                        {{DType::F32, x}},
                        {nullptr, nullptr},
                        {nullptr},
                        nullptr};
  return cpuBackend().layouts(spec, {false, true}).outputs[0];
}

class InnerProductKernel : public ::testing::TestWithParam<DenseCase> {
 protected:
  void SetUp() override {
    const DenseCase& c = GetParam();
    x_ = randomNumbers(c.x, 1);
    n_ = c.x[0];
    k_ = count(c.x) / n_;
    w_ = randomNumbers({k_, c.units}, 2);
    bias_ = randomNumbers({c.units}, 3);
    dy_ = randomNumbers({n_, c.units}, 4);
    flat_ = {{DType::F32, {n_, k_}}, x_.data};
    if (c.convolved) layout_ = convolvedLayout(c.x, c.channelsFirst);
  }

  Array product(const Array& a, bool transposeA, const Array& b, bool transposeB) const {
    return reference::apply("matmul", {a, b}, {{"transposeA", transposeA}, {"transposeB", transposeB}})[0];
  }

  int64_t n_, k_;
  Array x_, flat_, w_, bias_, dy_;
  LayoutPtr layout_;
};

TEST_P(InnerProductKernel, ForwardEqualsTheProduct) {
  const Array expected = product(flat_, false, w_, false);
  const PlannedResult result =
      runPlanned({"innerProduct", {x_, w_}, {expected.type}, {}, {layout_, nullptr}, {}, {false, true}});
  EXPECT_TRUE(sameLayout(result.choice.inputs[0], layout_)) << "the image was not taken as it is";
  expectClose(result.outputs[0], expected, k_, result.implementation);
}

TEST_P(InnerProductKernel, ForwardAddsBiasAndActivation) {
  Array expected = product(flat_, false, w_, false);
  for (size_t i = 0; i < expected.data.size(); ++i)
    expected.data[i] = std::tanh(expected.data[i] + bias_.data[i % bias_.data.size()]);
  const Attrs attrs{{"activation", std::string("tanh")}};
  const PlannedResult result = runPlanned({"innerProduct",
                                           {x_, w_, bias_},
                                           {expected.type},
                                           attrs,
                                           {layout_, nullptr, nullptr},
                                           {},
                                           {false, true, true}});
  expectClose(result.outputs[0], expected, k_, result.implementation);
}

TEST_P(InnerProductKernel, GradientsFollowTheLayoutsOfTheForwardPass) {
  const PlannedResult forward =
      runPlanned({"innerProduct", {x_, w_}, {dy_.type}, {}, {layout_, nullptr}, {}, {false, true}});
  const LayoutPtr w = forward.choice.inputs[1];

  const PlannedResult data = runPlanned({"innerProductBackwardData", {w_, dy_}, {x_.type}, {}, {w, nullptr}});
  EXPECT_TRUE(sameLayout(data.choice.inputs[0], w));
  const Array dx = product(dy_, false, w_, true);
  expectClose(data.outputs[0], {x_.type, dx.data}, w_.shape()[1], "data: " + data.implementation);
  if (w) {
    EXPECT_TRUE(sameLayout(data.choice.outputs[0], layout_)) << "the gradient does not lie as the image";
  }

  const PlannedResult weights = runPlanned({"innerProductBackwardWeights",
                                            {x_, dy_},
                                            {w_.type, bias_.type},
                                            {},
                                            {layout_, nullptr},
                                            {w, nullptr}});
  EXPECT_TRUE(sameLayout(weights.choice.inputs[0], layout_));
  EXPECT_TRUE(sameLayout(weights.choice.outputs[0], w));
  expectClose(weights.outputs[0], product(flat_, true, dy_, false), n_, "weights: " + weights.implementation);
  Array db{bias_.type, std::vector<double>(bias_.data.size())};
  for (size_t i = 0; i < dy_.data.size(); ++i) db.data[i % db.data.size()] += dy_.data[i];
  expectClose(weights.outputs[1], db, n_, "bias: " + weights.implementation);
}

INSTANTIATE_TEST_SUITE_P(Shapes, InnerProductKernel, ::testing::ValuesIn(denseCases()),
                         [](const auto& info) { return info.param.name; });

TEST(InnerProductKernels, AnEmptyBatchHasAnEmptyResultAndNoGradient) {
  const Array x = randomNumbers({0, 6}, 1), w = randomNumbers({6, 4}, 2), dy = randomNumbers({0, 4}, 3);
  EXPECT_TRUE(runPlanned({"innerProduct", {x, w}, {dy.type}, {}}).outputs[0].data.empty());
  EXPECT_TRUE(runPlanned({"innerProductBackwardData", {w, dy}, {x.type}, {}}).outputs[0].data.empty());
  for (const Array& gradient :
       runPlanned({"innerProductBackwardWeights", {x, dy}, {w.type, {DType::F32, {4}}}, {}}).outputs)
    for (double v : gradient.data) EXPECT_EQ(v, 0);
}

TEST(InnerProductKernels, RefuseSamplesWithoutFeatures) {
  const Array x = randomNumbers({3, 0}, 1), w = randomNumbers({0, 4}, 2);
  EXPECT_THROW(runPlanned({"innerProduct", {x, w}, {{DType::F32, {3, 4}}}, {}}), Error);
}

}  // namespace
}  // namespace nodegrad::testing
