#include "cpu/conv/samples.h"
#include "cpu/conv/samples_kernels.h"
#include "cpu/isa.h"
#include "cpu/memory/cpu_layout.h"
#include "support/kernel_test.h"

namespace nodegrad::testing {
namespace {

struct Shape {
  std::string name;
  int64_t blocks, h, w, in, out, kh, kw;
  Attrs attrs = {};
  bool backwardData = true;
};

std::vector<Shape> shapes() {
  const auto pads = [](Dims pads) {
    return Attrs{{"padding", std::string("explicit")}, {"pads", std::move(pads)}};
  };
  const Attrs same{{"padding", std::string("same")}};
  return {
      {"same", 3, 9, 12, 1, 6, 5, 5, same},
      {"valid", 2, 9, 14, 6, 16, 5, 5},
      {"odd_channels", 1, 7, 9, 5, 7, 3, 2, same},
      {"many_channels", 1, 5, 4, 20, 37, 3, 3, same},
      {"pointwise", 2, 6, 7, 9, 11, 1, 1},
      {"one_filter", 2, 6, 18, 20, 1, 3, 3, same},
      {"wide_kernel", 1, 4, 15, 3, 10, 1, 7, same},
      {"high_kernel", 1, 15, 3, 2, 3, 6, 1, same},
      {"kernel_as_large_as_the_image", 2, 4, 5, 3, 4, 4, 5},
      {"larger_kernel_than_image", 1, 2, 3, 3, 2, 5, 5, pads({2, 2, 2, 2})},
      {"uneven_pads", 1, 8, 7, 5, 4, 3, 3, pads({0, 2, 1, 0})},
      {"wide_pads", 1, 5, 5, 3, 4, 3, 3, pads({3, 3, 4, 2}), false},
      {"strides", 2, 11, 12, 3, 5, 3, 3, {{"strides", Dims{2, 3}}, {"padding", std::string("same")}}, false},
      {"strides_over_the_kernel", 1, 9, 9, 3, 5, 1, 2, {{"strides", Dims{2, 3}}}, false},
      {"dilations", 1, 12, 13, 3, 5, 3, 3, {{"dilations", Dims{2, 3}}, {"padding", std::string("same")}}},
      {"channels_first", 2, 9, 8, 3, 5, 3, 3, {{"dataFormat", std::string("channelsFirst")}}},
  };
}

class SampleConvolutions : public ::testing::TestWithParam<std::tuple<std::string, Shape>> {
 protected:
  void SetUp() override {
    useIsa(std::get<0>(GetParam()));
    const Shape& s = std::get<1>(GetParam());
    attrs_ = checkAttrs(findOp("conv"), s.attrs);
    axes_ = imageAxes("conv", attrs_, 4);
    const int64_t n = s.blocks * isaKernels().sampleConv->lanes;
    x_ = randomNumbers(axes_.c == 3 ? Dims{n, s.h, s.w, s.in} : Dims{n, s.in, s.h, s.w}, 1);
    w_ = randomNumbers({s.kh, s.kw, s.in, s.out}, 2);
    bias_ = randomNumbers({s.out}, 3);
    y_ = reference::apply("conv", {x_, w_}, attrs_)[0];
    dy_ = randomNumbers(y_.shape(), 4);
  }

  int64_t terms(int64_t channels) const { return w_.shape()[0] * w_.shape()[1] * channels; }

  SavedSettings saved_;
  Attrs attrs_;
  ImageAxes axes_{};
  Array x_, w_, bias_, y_, dy_;
};

std::vector<Array> runSamples(const Call& node) {
  const KernelSpec open = node.spec();
  const Call call = inLayouts(node, sampleConvLayouts(open, Convolution(open)));
  const KernelSpec spec = call.spec();
  EXPECT_TRUE(hasSampleConvLayouts(Convolution(spec)));
  return run(*makeSampleConv(spec, Convolution(spec)), call);
}

TEST_P(SampleConvolutions, Forward) {
  expectClose(runSamples({"conv", {x_, w_}, {y_.type}, attrs_})[0], y_, terms(w_.shape()[2]), "forward");
}

TEST_P(SampleConvolutions, ForwardWithBiasAndActivation) {
  Array biased = y_;
  reference::forEach(y_.shape(), [&](const Dims& index, int64_t place) {
    biased.data[static_cast<size_t>(place)] +=
        bias_.data[static_cast<size_t>(index[static_cast<size_t>(axes_.c)])];
  });
  const std::map<std::string, double (*)(double)> activations = {
      {"linear", [](double v) { return v; }},
      {"relu", [](double v) { return std::max(v, 0.0); }},
      {"tanh", [](double v) { return std::tanh(v); }},
      {"sigmoid", [](double v) { return 1 / (1 + std::exp(-v)); }},
  };
  for (const auto& [name, function] : activations) {
    Attrs attrs = attrs_;
    attrs.set("activation", name);
    Array expected = biased;
    for (double& v : expected.data) v = function(v);
    expectClose(runSamples({"conv", {x_, w_, bias_}, {y_.type}, attrs})[0], expected, terms(w_.shape()[2]),
                name);
  }
}

TEST_P(SampleConvolutions, BackwardData) {
  const Call node{"convBackwardData", {w_, dy_, x_}, {x_.type}, attrs_};
  if (!std::get<1>(GetParam()).backwardData) {
    KernelSpec spec = node.spec();
    spec.inputLayouts[1] = sampleBlocks(dy_.type, axes_, isaKernels().sampleConv->lanes);
    EXPECT_FALSE(sampleConvTakes(spec, Convolution(spec)));
    return;
  }
  expectClose(runSamples(node)[0], reference::apply("convBackwardData", {w_, dy_, x_}, attrs_)[0],
              terms(w_.shape()[3]), "data");
}

TEST_P(SampleConvolutions, BackwardFilter) {
  const Array dw = reference::apply("convBackwardFilter", {x_, dy_, w_}, attrs_)[0];
  Array db{bias_.type, std::vector<double>(bias_.data.size())};
  reference::forEach(dy_.shape(), [&](const Dims& index, int64_t place) {
    db.data[static_cast<size_t>(index[static_cast<size_t>(axes_.c)])] += dy_.data[static_cast<size_t>(place)];
  });
  const int64_t places = count(dy_.shape()) / w_.shape()[3];
  const auto both = runSamples({"convBackwardFilter", {x_, dy_}, {w_.type, bias_.type}, attrs_});
  expectClose(both[0], dw, places, "filter");
  expectClose(both[1], db, places, "bias");
  EXPECT_EQ(runSamples({"convBackwardFilter", {x_, dy_}, {w_.type}, attrs_})[0].data, both[0].data);
}

INSTANTIATE_TEST_SUITE_P(Shapes, SampleConvolutions,
                         ::testing::Combine(::testing::ValuesIn(isaLevels()), ::testing::ValuesIn(shapes())),
                         [](const auto& info) {
                           return std::get<0>(info.param) + "_" + std::get<1>(info.param).name;
                         });

// With 5×5 filters, as the second layer of LeNet has them.
std::string forward(int64_t n, int64_t in, int64_t out, const LayoutPtr& given = nullptr) {
  const Array x = randomNumbers({n, 14, 14, in}, 1), w = randomNumbers({5, 5, in, out}, 2);
  return runPlanned({"conv",
                     {x, w},
                     {{DType::F32, {n, 10, 10, out}}},
                     checkAttrs(findOp("conv"), {}),
                     {given, nullptr},
                     {},
                     {false, true}})
      .implementation;
}

TEST(SampleConvRule, TakesFewChannelsOfWholeBlocks) {
  const std::string ours = std::string("samples:") + isaKernels().name;
  EXPECT_EQ(forward(64, 1, 6), ours);
  EXPECT_EQ(forward(64, 3, 6), ours);
  EXPECT_NE(forward(65, 1, 6), ours);
  EXPECT_NE(forward(64, 1, 32), ours) << "oneDNN fills its vectors with output channels";
  EXPECT_NE(forward(64, 32, 16), ours) << "its image would have to be laid out anew";
}

TEST(SampleConvRule, FollowsAnImageInBlocksOfSamples) {
  const int64_t lanes = isaKernels().sampleConv->lanes;
  const std::string ours = std::string("samples:") + isaKernels().name;
  const LayoutPtr image = sampleBlocks({DType::F32, {64, 14, 14, 6}}, imageAxes(4, true), lanes);
  EXPECT_EQ(forward(64, 6, 16, image), ours);
  const LayoutPtr wide = sampleBlocks({DType::F32, {64, 14, 14, 32}}, imageAxes(4, true), lanes);
  EXPECT_NE(forward(64, 32, 32, wide), ours);

  const Array w = randomNumbers({5, 5, 6, 16}, 1), x = randomNumbers({64, 14, 14, 6}, 2);
  const Array dy = randomNumbers({64, 10, 10, 16}, 3);
  const LayoutPtr y = sampleBlocks(dy.type, imageAxes(4, true), lanes);
  const Attrs attrs = checkAttrs(findOp("conv"), {});
  const PlannedResult data = runPlanned({"convBackwardData", {w, dy}, {x.type}, attrs, {nullptr, y}});
  EXPECT_EQ(data.implementation, ours);
  EXPECT_TRUE(sameLayout(data.choice.outputs[0], image));
  EXPECT_EQ(runPlanned({"convBackwardFilter", {x, dy}, {w.type}, attrs, {image, y}}).implementation, ours);
  EXPECT_NE(runPlanned({"convBackwardFilter", {x, dy}, {w.type}, attrs}).implementation, ours);
}

TEST(SampleConvRule, TheSameBitsEachTime) {
  const Array x = randomNumbers({128, 9, 9, 3}, 1), dy = randomNumbers({128, 7, 7, 5}, 2);
  const LayoutPtr y = sampleBlocks(dy.type, imageAxes(4, true), isaKernels().sampleConv->lanes);
  const Call node{"convBackwardFilter",
                  {x, dy},
                  {{DType::F32, {3, 3, 3, 5}}, {DType::F32, {5}}},
                  checkAttrs(findOp("conv"), {}),
                  {nullptr, y}};
  const PlannedResult first = runPlanned(node), again = runPlanned(node);
  EXPECT_EQ(first.implementation, std::string("samples:") + isaKernels().name);
  EXPECT_EQ(first.outputs[0].data, again.outputs[0].data);
  EXPECT_EQ(first.outputs[1].data, again.outputs[1].data);
}

}  // namespace
}  // namespace nodegrad::testing
