#include "cpu/conv/narrow.h"
#include "cpu/cpu_backend.h"
#include "cpu/pool/images.h"
#include "support/conv_shape.h"
#include "support/kernel_test.h"

namespace nodegrad::testing {
namespace {

// A convolution between images of many channels and of few: `many` to `few` forward, or, where the gradient
// of the image is asked for, `few` to `many`.
struct Shape {
  std::string name;
  int64_t n;
  Dims image;
  int64_t many, few;
  Dims kernel;
  Attrs attrs = {};
};

std::vector<Shape> shapes() {
  const Attrs same{{"padding", std::string("same")}};
  return {
      {"one", 2, {9, 21}, 32, 1, {3, 3}, same},
      {"two", 3, {5, 18}, 16, 2, {3, 2}},
      {"three", 2, {7, 11}, 48, 3, {5, 5}, same},
      {"four", 1, {6, 7}, 16, 4, {1, 3}, same},
      {"pointwise", 2, {4, 9}, 64, 1, {1, 1}},
      {"volumes", 2, {4, 5, 6}, 16, 2, {3, 2, 3}, same},
      {"strides", 2, {9, 14}, 16, 3, {3, 4}, {{"strides", Dims{2, 3}}, {"padding", std::string("same")}}},
      {"transposed", 1, {8, 16}, 32, 1, {4, 4}, {{"strides", Dims{2, 2}}, {"padding", std::string("same")}}},
      {"strides_over_the_kernel", 2, {9, 11}, 16, 1, {2, 1}, {{"strides", Dims{3, 3}}}},
      {"dilations", 1, {9, 12}, 16, 2, {3, 3}, {{"dilations", Dims{2, 3}}, {"padding", std::string("same")}}},
      {"strides_and_dilations",
       1,
       {13, 14},
       16,
       2,
       {3, 3},
       {{"strides", Dims{2, 2}}, {"dilations", Dims{3, 2}}}},
      {"uneven_pads", 2, {6, 5}, 16, 1, {3, 3}, padded({0, 2, 1, 0})},
      {"pads_wider_than_the_kernel", 1, {4, 3}, 16, 3, {2, 2}, padded({3, 2, 4, 3})},
      {"larger_kernel_than_image", 1, {3, 2}, 16, 1, {5, 5}, padded({2, 2, 3, 2})},
  };
}

class NarrowConvolutions : public ::testing::TestWithParam<std::tuple<std::string, bool, Shape>> {
 protected:
  void SetUp() override {
    useIsa(std::get<0>(GetParam()));
    attrs_ = checkAttrs(findOp("conv"), shape().attrs);
    axes_ = imageAxes("conv", attrs_, shape().image.size() + 2);
  }

  const Shape& shape() const { return std::get<2>(GetParam()); }

  Array image(int64_t channels) const {
    Dims dims = shape().image;
    dims.insert(dims.begin(), shape().n);
    dims.push_back(channels);
    return randomNumbers(dims, 1);
  }
  Array filters(int64_t in, int64_t out) const {
    Dims dims = shape().kernel;
    dims.insert(dims.end(), {in, out});
    return randomNumbers(dims, 2);
  }
  // In blocks of channels, where the case wants it.
  LayoutPtr layoutOf(const Array& image) const {
    return std::get<1>(GetParam()) ? blockedLayout(image.type, axes_, {Blocks::Channels, 16}) : nullptr;
  }

  SavedSettings saved_;
  Attrs attrs_;
  ImageAxes axes_{};
};

std::vector<Array> runOwn(const Call& call) {
  const KernelSpec spec = call.spec();
  const Convolution conv(spec);
  EXPECT_TRUE(narrowConvTakes(conv) && hasNarrowConvLayouts(conv));
  return run(*makeNarrowConv(conv), call);
}

TEST_P(NarrowConvolutions, GiveFewChannels) {
  const Array x = image(shape().many), w = filters(shape().many, shape().few);
  Array y = reference::apply("conv", {x, w}, attrs_)[0];
  const int64_t terms = count(w.shape()) / shape().few;
  expectClose(runOwn({"conv", {x, w}, {y.type}, attrs_, {layoutOf(x), nullptr}})[0], y, terms, "plain");
  const Array bias = randomNumbers({shape().few}, 3);
  for (size_t i = 0; i < y.data.size(); ++i) y.data[i] += bias.data[i % bias.data.size()];
  expectClose(runOwn({"conv", {x, w, bias}, {y.type}, attrs_, {layoutOf(x), nullptr, nullptr}})[0], y, terms,
              "biased");
}

TEST_P(NarrowConvolutions, GiveGradientsOfFewChannels) {
  const Array x = image(shape().few), w = filters(shape().few, shape().many);
  const Array dy = randomNumbers(reference::apply("conv", {x, w}, attrs_)[0].shape(), 3);
  const Array dx = reference::apply("convBackwardData", {w, dy, x}, attrs_)[0];
  expectClose(runOwn({"convBackwardData", {w, dy}, {x.type}, attrs_, {nullptr, layoutOf(dy)}})[0], dx,
              count(w.shape()) / shape().few, "gradient");
}

TEST_P(NarrowConvolutions, GiveGradientsOfFilters) {
  const Array x = image(shape().many), w = filters(shape().many, shape().few);
  const Array dy = randomNumbers(reference::apply("conv", {x, w}, attrs_)[0].shape(), 3);
  const Array dw = reference::apply("convBackwardFilter", {x, dy, w}, attrs_)[0];
  Array db{{DType::F32, {shape().few}}, std::vector<double>(static_cast<size_t>(shape().few))};
  for (size_t i = 0; i < dy.data.size(); ++i) db.data[i % db.data.size()] += dy.data[i];
  const int64_t terms = count(dy.shape()) / shape().few;
  Call call{"convBackwardFilter", {x, dy}, {w.type}, attrs_, {layoutOf(x), nullptr}};
  expectClose(runOwn(call)[0], dw, terms, "filters");
  call.outputs.push_back(db.type);
  const std::vector<Array> gradients = runOwn(call);
  expectClose(gradients[0], dw, terms, "filters, with the bias");
  expectClose(gradients[1], db, terms, "bias");
}

std::string nameOf(const ::testing::TestParamInfo<NarrowConvolutions::ParamType>& info) {
  const auto& [isa, blocks, shape] = info.param;
  return isa + "_" + shape.name + (blocks ? "_blocks" : "");
}

INSTANTIATE_TEST_SUITE_P(Shapes, NarrowConvolutions,
                         ::testing::Combine(::testing::ValuesIn(isaLevels()), ::testing::Bool(),
                                            ::testing::ValuesIn(shapes())),
                         nameOf);

TEST(NarrowConvolutionRule, AppliesTheActivationAfterwards) {
  const Array x = randomNumbers({2, 5, 6, 32}, 1), w = randomNumbers({3, 3, 32, 1}, 2),
              bias = randomNumbers({1}, 3);
  const Attrs attrs = checkAttrs(findOp("conv"), {});
  const Array sums = reference::apply("conv", {x, w}, attrs)[0];
  for (const std::string activation : {"linear", "relu", "tanh", "sigmoid"}) {
    Array y = sums;
    for (double& v : y.data) v += bias.data[0];
    if (activation != "linear") y = reference::apply(activation, {y}, {})[0];
    Attrs activated = attrs;
    activated.set("activation", activation);
    const PlannedResult result = runPlanned({"conv", {x, w, bias}, {y.type}, activated});
    EXPECT_EQ(result.implementation, std::string("own:") + isaKernels().name) << activation;
    expectClose(result.outputs[0], y, 288, activation);
  }
}

TEST(NarrowConvolutionRule, KeepsImagesInBlocksOfChannels) {
  Call call{"conv",
            {randomNumbers({2, 5, 6, 32}, 1), randomNumbers({3, 3, 32, 2}, 2)},
            {{DType::F32, {2, 3, 4, 2}}},
            checkAttrs(findOp("conv"), {})};
  call.inputLayouts = {blockedLayout(call.inputs[0].type, imageAxes(4, true), {Blocks::Channels, 16}),
                       nullptr};
  const PlannedResult result = runPlanned(call);
  EXPECT_TRUE(sameLayout(result.choice.inputs[0], call.inputLayouts[0]));
  EXPECT_EQ(result.choice.outputs[0], nullptr);
}

}  // namespace
}  // namespace nodegrad::testing
