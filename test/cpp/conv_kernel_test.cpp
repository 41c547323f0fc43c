#include "cpu/cpu_backend.h"
#include "support/kernel_test.h"

namespace nodegrad::testing {
namespace {

struct Shape {
  std::string name;
  int64_t n, h, w, c, kh, kw, o;
  Attrs attrs = {};
};

// "h3 s2": what an image of [n, h, w, c] convolved with [kh, kw, c / groups, o] covers.
std::vector<Shape> shapes() {
  const auto explicitPads = [](Dims pads) {
    return Attrs{{"padding", std::string("explicit")}, {"pads", std::move(pads)}};
  };
  const Attrs same{{"padding", std::string("same")}};
  return {
      {"first layer", 17, 28, 28, 1, 3, 3, 32},
      {"first layer, colours", 2, 15, 13, 3, 5, 5, 16, same},
      {"whole blocks", 2, 12, 12, 32, 3, 3, 64},
      {"whole blocks, batch 17", 17, 9, 8, 16, 3, 3, 32, same},
      {"batch 1", 1, 14, 14, 64, 3, 3, 16, same},
      {"no whole blocks", 3, 9, 7, 20, 3, 3, 10},
      {"odd channels", 1, 8, 9, 5, 3, 2, 7, same},
      {"one filter", 2, 7, 7, 16, 3, 3, 1},
      {"pointwise", 2, 7, 6, 32, 1, 1, 48},
      {"pointwise, odd", 2, 7, 6, 9, 1, 1, 11},
      {"row kernel", 2, 9, 9, 16, 1, 7, 16, same},
      {"column kernel", 2, 9, 9, 8, 5, 1, 8},
      {"stride", 2, 15, 16, 16, 3, 3, 32, {{"strides", Dims{2, 2}}}},
      {"stride, same", 2, 16, 15, 16, 3, 3, 32, {{"strides", Dims{2, 3}}, {"padding", std::string("same")}}},
      {"stride over a pointwise kernel", 2, 8, 8, 16, 1, 1, 16, {{"strides", Dims{2, 2}}}},
      {"dilation", 2, 12, 13, 16, 3, 3, 16, {{"dilations", Dims{2, 3}}}},
      {"dilation, same",
       2,
       9,
       9,
       16,
       3,
       3,
       16,
       {{"dilations", Dims{2, 2}}, {"padding", std::string("same")}}},
      {"even kernel, same", 2, 8, 8, 16, 4, 2, 16, same},
      {"uneven pads", 2, 8, 7, 16, 3, 3, 16, explicitPads({0, 2, 1, 0})},
      {"wide pads", 1, 5, 5, 3, 3, 3, 4, explicitPads({3, 3, 4, 2})},
      {"groups", 2, 8, 8, 32, 3, 3, 64, {{"groups", int64_t{2}}}},
      {"groups, odd", 2, 7, 8, 6, 3, 3, 9, {{"groups", int64_t{3}}, {"padding", std::string("same")}}},
      {"depthwise", 2, 9, 9, 32, 3, 3, 32, {{"groups", int64_t{32}}, {"padding", std::string("same")}}},
      {"depthwise, odd", 2, 9, 9, 5, 3, 3, 5, {{"groups", int64_t{5}}}},
      {"depthwise, two filters each", 1, 6, 6, 8, 3, 3, 16, {{"groups", int64_t{8}}}},
      {"kernel as large as the image", 3, 4, 5, 16, 4, 5, 32},
  };
}

struct ConvCase {
  Shape shape;
  bool channelsFirst;
};

// The direct convolutions, also where Winograd's would be taken.
class ConvKernels : public ::testing::Test {
 protected:
  void SetUp() override { useWinograd(false); }

 private:
  SavedSettings saved_;
};

class ConvKernel : public ConvKernels, public ::testing::WithParamInterface<ConvCase> {
 protected:
  void SetUp() override {
    ConvKernels::SetUp();
    const Shape& s = GetParam().shape;
    Attrs attrs = s.attrs;
    attrs.set("dataFormat", std::string(GetParam().channelsFirst ? "channelsFirst" : "channelsLast"));
    attrs_ = checkAttrs(findOp("conv"), attrs);
    const int64_t groups = attrs_.integer("groups");
    x_ = randomNumbers(GetParam().channelsFirst ? Dims{s.n, s.c, s.h, s.w} : Dims{s.n, s.h, s.w, s.c}, 1);
    w_ = randomNumbers({s.kh, s.kw, s.c / groups, s.o}, 2);
    bias_ = randomNumbers({s.o}, 3);
    y_ = reference::apply("conv", {x_, w_}, attrs_)[0];
    dy_ = randomNumbers(y_.shape(), 4);
  }

  size_t channelAxis() const { return GetParam().channelsFirst ? 1 : 3; }

  Array biased(Array y) const {
    reference::forEach(y.shape(), [&](const Dims& index, int64_t place) {
      y.data[static_cast<size_t>(place)] += bias_.data[static_cast<size_t>(index[channelAxis()])];
    });
    return y;
  }

  int64_t termsForward() const { return w_.shape()[0] * w_.shape()[1] * w_.shape()[2]; }
  int64_t termsFilter() const { return count(y_.shape()) / w_.shape()[3]; }
  int64_t termsData() const { return termsForward() * w_.shape()[3] / w_.shape()[2]; }

  Attrs attrs_;
  Array x_, w_, bias_, y_, dy_;
};

TEST_P(ConvKernel, ForwardEqualsThePlainSums) {
  const PlannedResult result = runPlanned({"conv", {x_, w_}, {y_.type}, attrs_, {}, {}, {false, true}});
  expectClose(result.outputs[0], y_, termsForward(), result.implementation);
}

TEST_P(ConvKernel, ForwardAddsBiasAndActivation) {
  Attrs attrs = attrs_;
  attrs.set("activation", std::string("relu"));
  Array expected = biased(y_);
  for (double& v : expected.data) v = std::max(v, 0.0);
  const PlannedResult result =
      runPlanned({"conv", {x_, w_, bias_}, {y_.type}, attrs, {}, {}, {false, true, true}});
  expectClose(result.outputs[0], expected, termsForward(), result.implementation);
}

TEST_P(ConvKernel, GradientsFollowTheLayoutsOfTheForwardPass) {
  const PlannedResult forward = runPlanned({"conv", {x_, w_}, {y_.type}, attrs_, {}, {}, {false, true}});
  const LayoutPtr x = forward.choice.inputs[0], w = forward.choice.inputs[1], y = forward.choice.outputs[0];
  const Array dx = reference::apply("convBackwardData", {w_, dy_, x_}, attrs_)[0];
  const Array dw = reference::apply("convBackwardFilter", {x_, dy_, w_}, attrs_)[0];

  const PlannedResult data = runPlanned({"convBackwardData", {w_, dy_}, {x_.type}, attrs_, {w, y}});
  expectClose(data.outputs[0], dx, termsData(), "data: " + data.implementation);

  const PlannedResult filter =
      runPlanned({"convBackwardFilter", {x_, dy_}, {w_.type, bias_.type}, attrs_, {x, y}, {w, nullptr}});
  expectClose(filter.outputs[0], dw, termsFilter(), "filter: " + filter.implementation);
  Array db{bias_.type, std::vector<double>(bias_.data.size())};
  reference::forEach(dy_.shape(), [&](const Dims& index, int64_t place) {
    db.data[static_cast<size_t>(index[channelAxis()])] += dy_.data[static_cast<size_t>(place)];
  });
  expectClose(filter.outputs[1], db, termsFilter(), "bias: " + filter.implementation);
}

TEST_P(ConvKernel, GradientsOfRowMajorTensors) {
  // With the shape-only input, as a backend without a plan may be called.
  const PlannedResult data = runPlanned({"convBackwardData", {w_, dy_, x_}, {x_.type}, attrs_});
  expectClose(data.outputs[0], reference::apply("convBackwardData", {w_, dy_, x_}, attrs_)[0], termsData(),
              "data: " + data.implementation);
  const PlannedResult filter = runPlanned({"convBackwardFilter", {x_, dy_, w_}, {w_.type}, attrs_});
  expectClose(filter.outputs[0], reference::apply("convBackwardFilter", {x_, dy_, w_}, attrs_)[0],
              termsFilter(), "filter: " + filter.implementation);
}

std::vector<ConvCase> cases() {
  std::vector<ConvCase> result;
  for (const Shape& shape : shapes())
    for (bool channelsFirst : {false, true}) result.push_back({shape, channelsFirst});
  return result;
}

INSTANTIATE_TEST_SUITE_P(Shapes, ConvKernel, ::testing::ValuesIn(cases()), [](const auto& info) {
  std::string name = info.param.shape.name + (info.param.channelsFirst ? " channels first" : "");
  std::string text;
  for (char c : name)
    if (c == ' ')
      text += '_';
    else if (std::isalnum(static_cast<unsigned char>(c)))
      text += c;
  return text;
});

Attrs convAttrs(const Attrs& given = {}) { return checkAttrs(findOp("conv"), given); }

TEST_F(ConvKernels, FuseEveryActivation) {
  const Array x = randomNumbers({2, 6, 6, 16}, 1), w = randomNumbers({3, 3, 16, 16}, 2);
  const Array y = reference::apply("conv", {x, w})[0];
  const std::map<std::string, double (*)(double)> activations = {
      {"linear", [](double v) { return v; }},
      {"relu", [](double v) { return std::max(v, 0.0); }},
      {"tanh", [](double v) { return std::tanh(v); }},
      {"sigmoid", [](double v) { return 1 / (1 + std::exp(-v)); }},
      {"elu", [](double v) { return v > 0 ? v : std::expm1(v); }},
      {"gelu", [](double v) { return 0.5 * v * (1 + std::erf(v / std::sqrt(2.0))); }},
  };
  for (const auto& [name, function] : activations) {
    Attrs attrs = convAttrs();
    attrs.set("activation", name);
    Array expected = y;
    for (double& v : expected.data) v = function(v);
    expectClose(runPlanned({"conv", {x, w}, {y.type}, attrs}).outputs[0], expected, 144, name);
  }
}

TEST_F(ConvKernels, AddAResidualBeforeTheActivation) {
  for (int64_t kernel : {1, 3})
    for (int64_t channels : {16, 5})
      for (bool bias : {false, true}) {
        const Array x = randomNumbers({2, 9, 8, channels}, 1), b = randomNumbers({32}, 3);
        const Array w = randomNumbers({kernel, kernel, channels, 32}, 2);
        Attrs attrs = convAttrs({{"strides", Dims{2, 2}}, {"padding", std::string("same")}});
        Array expected = reference::apply("conv", {x, w}, attrs)[0];
        const Array r = randomNumbers(expected.shape(), 4);
        for (size_t i = 0; i < expected.data.size(); ++i)
          expected.data[i] = std::max(expected.data[i] + (bias ? b.data[i % 32] : 0) + r.data[i], 0.0);
        attrs.set("residual", true);
        attrs.set("activation", std::string("relu"));
        const std::vector<Array> inputs = bias ? std::vector<Array>{x, w, b, r} : std::vector<Array>{x, w, r};
        const Call node{"conv", inputs, {expected.type}, attrs};
        EXPECT_TRUE(std::string(cpuIsa()) == "base" || channels == 5 || cpuBackend().supports(node.spec()));
        expectClose(runPlanned(node).outputs[0], expected, kernel * kernel * channels, toString(w.type));
      }
}

TEST_F(ConvKernels, KeepABlockedImageAndGiveWeightsTheirBlocks) {
  if (std::string(cpuIsa()) == "base")
    GTEST_SKIP() << "oneDNN has blocked kernels for all passes from AVX2 on";
  const Array x = randomNumbers({2, 8, 8, 32}, 1), w = randomNumbers({3, 3, 32, 32}, 2);
  const TensorType y{DType::F32, {2, 6, 6, 32}}, z{DType::F32, {2, 4, 4, 32}};
  const PlannedResult first = runPlanned({"conv", {x, w}, {y}, convAttrs(), {}, {}, {false, true}});
  EXPECT_TRUE(first.choice.inputs[1]);
  ASSERT_TRUE(first.choice.outputs[0]);
  const LayoutPtr image = first.choice.outputs[0];
  const PlannedResult second =
      runPlanned({"conv", {first.outputs[0], w}, {z}, convAttrs(), {image, nullptr}, {}, {false, true}});
  EXPECT_TRUE(sameLayout(second.choice.inputs[0], image));
  EXPECT_EQ(second.implementation.rfind("jit", 0), 0u) << second.implementation;
  // The gradients find all in place: no reorder stands in a training step but that of the weights of the data
  // gradient.
  const LayoutPtr w2 = second.choice.inputs[1], y2 = second.choice.outputs[0];
  const Array dz = randomNumbers(z.shape, 5);
  const PlannedResult filter =
      runPlanned({"convBackwardFilter", {first.outputs[0], dz}, {w.type}, convAttrs(), {image, y2}, {w2}});
  EXPECT_TRUE(sameLayout(filter.choice.inputs[0], image));
  EXPECT_TRUE(sameLayout(filter.choice.inputs[1], y2));
  EXPECT_TRUE(sameLayout(filter.choice.outputs[0], w2));
  const PlannedResult data = runPlanned({"convBackwardData", {w, dz}, {y}, convAttrs(), {w2, y2}});
  EXPECT_TRUE(sameLayout(data.choice.inputs[1], y2));
  EXPECT_TRUE(sameLayout(data.choice.outputs[0], image));
}

bool isGenerated(const std::string& implementation) {
  return implementation.rfind("jit", 0) == 0 || implementation.rfind("brg", 0) == 0;
}

TEST_F(ConvKernels, UseGeneratedCodeOrTheirOwn) {
  if (std::string(cpuIsa()) == "base") GTEST_SKIP() << "oneDNN generates code for all passes from AVX2 on";
  // Of a usual size: of a smaller one the call takes most of the time, and may take less in our code.
  for (const auto& [in, out] :
       std::vector<std::pair<int64_t, int64_t>>{{1, 32}, {3, 32}, {32, 64}, {16, 16}, {64, 8}}) {
    const Array x = randomNumbers({15, 28, 28, in}, 1), w = randomNumbers({3, 3, in, out}, 2);
    const Array dy = randomNumbers({15, 26, 26, out}, 3);
    const PlannedResult forward = runPlanned({"conv", {x, w}, {dy.type}, convAttrs(), {}, {}, {false, true}});
    EXPECT_TRUE(isGenerated(forward.implementation)) << in << " -> " << out << ": " << forward.implementation;
    const std::vector<LayoutPtr> given = {forward.choice.inputs[0], forward.choice.outputs[0]};
    const PlannedResult filter = runPlanned({"convBackwardFilter", {x, dy}, {w.type}, convAttrs(), given});
    EXPECT_TRUE(isGenerated(filter.implementation) || filter.implementation == "own:avx2")
        << in << " -> " << out << ": " << filter.implementation;
  }
}

// Its loops over single numbers take more than ten times as long as products of unfolded images.
TEST_F(ConvKernels, NeverUseOneDnnsReference) {
  for (size_t spatial : {2, 3})
    for (int64_t stride : {1, 2})
      for (int64_t in : {1, 2, 3, 8, 16, 20})
        for (int64_t out : {1, 3, 8, 16}) {
          const auto sized = [&](int64_t first, int64_t side, int64_t last) {
            Dims dims(spatial + 2, side);
            dims.front() = first;
            dims.back() = last;
            return dims;
          };
          Dims kernel(spatial, 3);
          kernel.insert(kernel.end(), {in, out});
          const Array x = randomNumbers(sized(2, 8, in), 1), w = randomNumbers(kernel, 2);
          const Array dy = randomNumbers(sized(2, stride == 1 ? 6 : 3, out), 3);
          const Attrs attrs = convAttrs({{"strides", Dims(spatial, stride)}});
          const PlannedResult forward = runPlanned({"conv", {x, w}, {dy.type}, attrs, {}, {}, {false, true}});
          const LayoutPtr image = forward.choice.inputs[0], result = forward.choice.outputs[0];
          const LayoutPtr weights = forward.choice.inputs[1];
          const PlannedResult data =
              runPlanned({"convBackwardData", {w, dy}, {x.type}, attrs, {weights, result}});
          const PlannedResult filter =
              runPlanned({"convBackwardFilter", {x, dy}, {w.type}, attrs, {image, result}});
          for (const PlannedResult* pass : {&forward, &data, &filter})
            EXPECT_NE(pass->implementation.rfind("ref", 0), 0u)
                << spatial << " dimensions, stride " << stride << ", " << in << " -> " << out << ", pass "
                << (pass == &forward ? "forward"
                    : pass == &data  ? "data"
                                     : "filter");
        }
}

TEST_F(ConvKernels, NeverPadAnImageOrAParameter) {
  for (int64_t channels : {1, 3, 5, 10, 20, 24, 40, 33}) {
    const TensorType x{DType::F32, {2, 8, 8, channels}}, w{DType::F32, {3, 3, channels, channels}};
    const TensorType y{DType::F32, {2, 6, 6, channels}};
    const LayoutChoice choice = cpuBackend().layouts(
        {"conv", convAttrs(), {x, w}, {y}, {nullptr, nullptr}, {nullptr}, nullptr}, {false, true});
    const std::vector<std::pair<TensorType, LayoutPtr>> tensors = {
        {x, choice.inputs[0]}, {w, choice.inputs[1]}, {y, choice.outputs[0]}};
    for (const auto& [type, layout] : tensors) {
      EXPECT_EQ(layout ? layout->bytes() : bytesOf(type), bytesOf(type)) << channels << " channels";
    }
  }
}

TEST_F(ConvKernels, AnEmptyBatchHasAnEmptyResultAndNoGradient) {
  const Array x = randomNumbers({0, 8, 8, 3}, 1), w = randomNumbers({3, 3, 3, 4}, 2),
              dy = randomNumbers({0, 6, 6, 4}, 3);
  EXPECT_TRUE(runPlanned({"conv", {x, w}, {dy.type}, convAttrs()}).outputs[0].data.empty());
  EXPECT_TRUE(runPlanned({"convBackwardData", {w, dy}, {x.type}, convAttrs()}).outputs[0].data.empty());
  const PlannedResult filter =
      runPlanned({"convBackwardFilter", {x, dy}, {w.type, {DType::F32, {4}}}, convAttrs()});
  for (const Array& gradient : filter.outputs)
    for (double v : gradient.data) EXPECT_EQ(v, 0);
}

TEST_F(ConvKernels, TheSameRunTwiceGivesTheSameBits) {
  const Array x = randomNumbers({16, 14, 14, 32}, 1), dy = randomNumbers({16, 12, 12, 32}, 2);
  const Call node{
      "convBackwardFilter", {x, dy}, {{DType::F32, {3, 3, 32, 32}}, {DType::F32, {32}}}, convAttrs()};
  const PlannedResult first = runPlanned(node);
  for (int i = 0; i < 3; ++i) {
    const PlannedResult again = runPlanned(node);
    EXPECT_EQ(again.outputs[0].data, first.outputs[0].data);
    EXPECT_EQ(again.outputs[1].data, first.outputs[1].data);
  }
}

}  // namespace
}  // namespace nodegrad::testing
