#include "host/parallel.h"
#include "support/winograd.h"

namespace nodegrad::testing {
namespace {

struct Shape {
  std::string name;
  int64_t n, h, w, in, out;
  Dims pads;  // top, bottom, left, right
  bool channelsFirst = false;
};

const std::vector<Shape> kShapes = {
    {"valid", 3, 9, 7, 32, 48, {0, 0, 0, 0}},
    {"same", 2, 13, 10, 48, 16, {1, 1, 1, 1}},
    {"full", 2, 5, 6, 16, 64, {2, 2, 2, 2}},
    {"uneven_pads", 2, 8, 11, 16, 32, {0, 2, 1, 0}},
    {"one_output", 32, 3, 3, 32, 16, {0, 0, 0, 0}},
    {"one_pixel", 5, 1, 1, 16, 16, {1, 1, 1, 1}},
    {"narrow", 2, 1, 30, 16, 16, {1, 1, 1, 1}},
    {"many_tiles", 5, 28, 30, 16, 32, {1, 1, 1, 1}},
    {"many_channels", 1, 6, 6, 144, 272, {1, 1, 1, 1}},
    {"channels_first", 2, 9, 9, 32, 32, {1, 1, 1, 1}, true},
};

constexpr int64_t kBlock = 16;  // channels

class Winograd : public ::testing::TestWithParam<std::tuple<std::string, Shape>> {
 protected:
  void SetUp() override {
    const std::string& kernels = std::get<0>(GetParam());
    isBf16_ = kernels.find("bf16") != std::string::npos;
    useIsa(isBf16_ ? "avx512" : kernels);
    using Bfloat16 = Settings::Bfloat16;
    useBfloat16(kernels == "avx512_bf16_emulated" ? Bfloat16::Emulate : Bfloat16::Native);
    const Shape& s = std::get<1>(GetParam());
    attrs_ = checkAttrs(findOp("conv"),
                        {{"padding", std::string("explicit")},
                         {"pads", s.pads},
                         {"dataFormat", std::string(s.channelsFirst ? "channelsFirst" : "channelsLast")}});
    x_ = stored(randomNumbers(s.channelsFirst ? Dims{s.n, s.in, s.h, s.w} : Dims{s.n, s.h, s.w, s.in}, 1));
    w_ = randomNumbers({3, 3, s.in, s.out}, 2);
    bias_ = randomNumbers({s.out}, 3);
    y_ = reference::apply("conv", {x_, w_}, attrs_)[0];
    dy_ = stored(randomNumbers(y_.shape(), 4));
  }
  SavedSettings saved_;

  // Images are bfloat16 in memory where the factors are.
  TensorType image(TensorType type) const {
    if (isBf16_) type.dtype = DType::BF16;
    return type;
  }
  Array image(Array array) const {
    array.type = image(array.type);
    return array;
  }
  // The numbers of an image, as float32.
  Array stored(Array array) const {
    array.type.dtype = DType::F32;
    if (isBf16_)
      for (double& v : array.data) v = BFloat16(static_cast<float>(v));
    return array;
  }
  void expectNear(const Array& actual, const Array& expected) const {
    if (isBf16_)
      expectRounded(actual, expected);
    else
      expectExact(actual, expected);
  }

  bool isBf16_ = false;
  Attrs attrs_;
  Array x_, w_, bias_, y_, dy_;
};

TEST_P(Winograd, Forward) {
  expectNear(runWinograd({"conv", {image(x_), w_}, {image(y_.type)}, attrs_})[0], y_);
  expectNear(runWinograd({"conv", {image(x_), w_}, {y_.type}, attrs_})[0], y_);
}

// Filters that never change come transformed: the same sums, in the same order or in that of few tiles.
TEST_P(Winograd, ForwardWithPreparedFilters) {
  Call call{"conv", {image(x_), w_}, {image(y_.type)}, attrs_};
  call.invariant = {false, true};
  expectNear(runWinograd(call)[0], y_);
  const KernelSpec spec = call.spec();
  const LayoutPtr filters = winogradLayouts(spec, Convolution(spec)).inputs[1];
  ASSERT_TRUE(filters);
  EXPECT_FALSE(filters->keepsNumbers());
}

TEST_P(Winograd, ForwardWithBiasAndRelu) {
  const size_t axis = std::get<1>(GetParam()).channelsFirst ? 1 : 3;
  Array biased = y_;
  reference::forEach(y_.shape(), [&](const Dims& index, int64_t place) {
    biased.data[static_cast<size_t>(place)] += bias_.data[static_cast<size_t>(index[axis])];
  });
  expectNear(runWinograd({"conv", {image(x_), w_, bias_}, {image(y_.type)}, attrs_})[0], biased);
  for (double& v : biased.data) v = std::max(v, 0.0);
  Attrs relu = attrs_;
  relu.set("activation", std::string("relu"));
  expectNear(runWinograd({"conv", {image(x_), w_, bias_}, {image(y_.type)}, relu})[0], biased);
}

TEST_P(Winograd, BackwardData) {
  expectNear(runWinograd({"convBackwardData", {w_, image(dy_), x_}, {image(x_.type)}, attrs_})[0],
             reference::apply("convBackwardData", {w_, dy_, x_}, attrs_)[0]);
}

TEST_P(Winograd, BackwardFilter) {
  const size_t axis = std::get<1>(GetParam()).channelsFirst ? 1 : 3;
  const Array dw = reference::apply("convBackwardFilter", {x_, dy_, w_}, attrs_)[0];
  Array db{bias_.type, std::vector<double>(bias_.data.size())};
  reference::forEach(dy_.shape(), [&](const Dims& index, int64_t place) {
    db.data[static_cast<size_t>(index[axis])] += dy_.data[static_cast<size_t>(place)];
  });
  const auto both =
      runWinograd({"convBackwardFilter", {image(x_), image(dy_)}, {w_.type, bias_.type}, attrs_});
  expectNear(both[0], dw);
  expectExact(both[1], db);
  EXPECT_EQ(runWinograd({"convBackwardFilter", {image(x_), image(dy_)}, {w_.type}, attrs_})[0].data,
            both[0].data);
}

// What the plan fuses into a convolution is, to the bit, what its own op makes of the convolution alone.
Attrs with(const Attrs& attrs, const std::string& name) {
  Attrs more = attrs;
  more.set(name, true);
  return more;
}

struct Pooled {
  Array dy, places;
};

class WinogradPooling : public Winograd {
 protected:
  Attrs poolAttrs() const {
    return checkAttrs(
        findOp("maxPool"),
        {{"poolSize", Dims{2, 2}}, {"strides", Dims{2, 2}}, {"dataFormat", attrs_.text("dataFormat")}});
  }
  // A gradient of the pooling of dy_, and of dy_ itself.
  std::pair<Pooled, Array> gradient() const {
    const Array places = reference::apply("maxPool", {dy_}, poolAttrs())[1];
    const Pooled pooled{stored(randomNumbers(places.shape(), 5)), places};
    return {pooled, reference::apply("maxPoolBackward", {pooled.dy, places, dy_}, poolAttrs())[0]};
  }
};

TEST_P(WinogradPooling, Forward) {
  Attrs relu = attrs_;
  relu.set("activation", std::string("relu"));
  const Array y = runWinograd({"conv", {image(x_), w_, bias_}, {image(y_.type)}, relu})[0];
  const auto expected = reference::apply("maxPool", {stored(y)}, poolAttrs());
  const TensorType maxima = image(expected[0].type), places = expected[1].type;
  const auto all =
      runWinograd({"conv", {image(x_), w_, bias_}, {maxima, places, image(y_.type)}, with(relu, "pooling")});
  EXPECT_EQ(all[0].data, expected[0].data);
  EXPECT_EQ(all[1].data, expected[1].data);
  EXPECT_EQ(all[2].data, y.data);
  const auto alone = runWinograd({"conv", {image(x_), w_, bias_}, {maxima, places}, with(relu, "pooling")});
  EXPECT_EQ(alone[0].data, expected[0].data);
  EXPECT_EQ(alone[1].data, expected[1].data);
}

// Where somebody wants the whole image in float32, the maxima are still those of bfloat16.
TEST_P(WinogradPooling, ForwardBesideFloat32) {
  const Array y = runWinograd({"conv", {image(x_), w_}, {y_.type}, attrs_})[0];
  const auto expected = reference::apply("maxPool", {stored(y)}, poolAttrs());
  const TensorType maxima = image(expected[0].type), places = expected[1].type;
  const auto all = runWinograd({"conv", {image(x_), w_}, {maxima, places, y_.type}, with(attrs_, "pooling")});
  EXPECT_EQ(all[0].data, expected[0].data);
  EXPECT_EQ(all[1].data, expected[1].data);
  EXPECT_EQ(all[2].data, y.data);
}

TEST_P(WinogradPooling, BackwardData) {
  const auto [pooled, dy] = gradient();
  EXPECT_EQ(runWinograd({"convBackwardData",
                         {w_, image(pooled.dy), pooled.places},
                         {image(x_.type)},
                         with(attrs_, "pooledGradient")})[0]
                .data,
            runWinograd({"convBackwardData", {w_, image(dy), x_}, {image(x_.type)}, attrs_})[0].data);
}

TEST_P(WinogradPooling, BackwardFilter) {
  const auto [pooled, dy] = gradient();
  const auto fused = runWinograd({"convBackwardFilter",
                                  {image(x_), image(pooled.dy), pooled.places},
                                  {w_.type, bias_.type},
                                  with(attrs_, "pooledGradient")});
  const auto plain =
      runWinograd({"convBackwardFilter", {image(x_), image(dy)}, {w_.type, bias_.type}, attrs_});
  EXPECT_EQ(fused[0].data, plain[0].data);
  EXPECT_EQ(fused[1].data, plain[1].data);
}

std::vector<Shape> pooledShapes() {
  std::vector<Shape> shapes;
  for (const Shape& s : kShapes) {
    const bool windows = s.h + s.pads[0] + s.pads[1] >= 4 && s.w + s.pads[2] + s.pads[3] >= 4;
    if (windows) shapes.push_back(s);
  }
  return shapes;
}

INSTANTIATE_TEST_SUITE_P(Shapes, WinogradPooling,
                         ::testing::Combine(::testing::ValuesIn(kernelNames()),
                                            ::testing::ValuesIn(pooledShapes())),
                         [](const auto& info) {
                           return std::get<0>(info.param) + "_" + std::get<1>(info.param).name;
                         });

// Of the outputs as they are stored, whose mean is far from zero: float32's rounding of them, not of their
// squares.
TEST_P(Winograd, ForwardWithStatistics) {
  const size_t axis = std::get<1>(GetParam()).channelsFirst ? 1 : 3;
  Array shifted = bias_;
  for (double& v : shifted.data) v += 1000;
  const Array y = runWinograd({"conv", {image(x_), w_, shifted}, {image(y_.type)}, attrs_})[0];
  const auto all = runWinograd({"conv",
                                {image(x_), w_, shifted},
                                {image(y_.type), bias_.type, bias_.type},
                                with(attrs_, "statistics")});
  EXPECT_EQ(all[0].data, y.data);
  const size_t channels = bias_.data.size();
  const double n = static_cast<double>(y.data.size() / channels);
  std::vector<double> mean(channels), variance(channels);
  reference::forEach(y.shape(), [&](const Dims& index, int64_t place) {
    mean[static_cast<size_t>(index[axis])] += y.data[static_cast<size_t>(place)] / n;
  });
  reference::forEach(y.shape(), [&](const Dims& index, int64_t place) {
    const double apart = y.data[static_cast<size_t>(place)] - mean[static_cast<size_t>(index[axis])];
    variance[static_cast<size_t>(index[axis])] += apart * apart / n;
  });
  for (size_t c = 0; c < channels; ++c) {
    EXPECT_NEAR(all[1].data[c], mean[c], 1e-4) << c;  // half a unit of 1000 is 3e-5
    EXPECT_NEAR(all[2].data[c], variance[c], 1e-5 * variance[c] + 1e-6) << c;
  }
}

// The shapes that have more than one block of input channels.
std::vector<Shape> partedShapes() {
  std::vector<Shape> shapes = kShapes;
  shapes.erase(std::remove_if(shapes.begin(), shapes.end(), [](const Shape& s) { return s.in <= kBlock; }),
               shapes.end());
  return shapes;
}

class WinogradParts : public Winograd {};

// x as two tensors, or dx: the first has one block of channels.
TEST_P(WinogradParts, OfTheChannels) {
  const size_t axis = std::get<1>(GetParam()).channelsFirst ? 1 : 3;
  const int64_t channels = x_.shape()[axis], first = kBlock;
  const auto slice = [&](const Array& whole, int64_t begin, int64_t end) {
    Dims from(4, 0), to = whole.shape();
    from[axis] = begin;
    to[axis] = end;
    return reference::apply("slice", {whole}, {{"begin", from}, {"end", to}, {"strides", Dims{}}})[0];
  };
  const Array a = slice(x_, 0, first), b = slice(x_, first, channels);
  Attrs parts = attrs_;
  parts.set("concatChannels", Dims{first, channels - first});
  EXPECT_EQ(runWinograd({"conv", {image(a), w_, bias_, image(b)}, {image(y_.type)}, parts})[0].data,
            runWinograd({"conv", {image(x_), w_, bias_}, {image(y_.type)}, attrs_})[0].data);
  EXPECT_EQ(runWinograd({"convBackwardFilter", {image(a), image(dy_), image(b)}, {w_.type}, parts})[0].data,
            runWinograd({"convBackwardFilter", {image(x_), image(dy_)}, {w_.type}, attrs_})[0].data);
  const Array dx =
      stored(runWinograd({"convBackwardData", {w_, image(dy_), x_}, {image(x_.type)}, attrs_})[0]);
  const auto both =
      runWinograd({"convBackwardData", {w_, image(dy_)}, {image(a.type), image(b.type)}, parts});
  EXPECT_EQ(both[0].data, slice(dx, 0, first).data);
  EXPECT_EQ(both[1].data, slice(dx, first, channels).data);
}

INSTANTIATE_TEST_SUITE_P(Shapes, WinogradParts,
                         ::testing::Combine(::testing::ValuesIn(levels()),
                                            ::testing::ValuesIn(partedShapes())),
                         [](const auto& info) {
                           return std::get<0>(info.param) + "_" + std::get<1>(info.param).name;
                         });

TEST_P(Winograd, BackwardDataBehindAMask) {
  const Array r = stored(randomNumbers(x_.shape(), 6));
  Array expected = runWinograd({"convBackwardData", {w_, image(dy_), x_}, {image(x_.type)}, attrs_})[0];
  for (size_t i = 0; i < r.data.size(); ++i)
    if (!(r.data[i] > 0)) expected.data[i] = 0;
  for (const Array& mask : {image(r), r}) {
    const Call node{"convBackwardData", {w_, image(dy_), mask}, {image(x_.type)}, with(attrs_, "mask")};
    EXPECT_EQ(runWinograd(node)[0].data, expected.data);
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, Winograd,
                         ::testing::Combine(::testing::ValuesIn(kernelNames()), ::testing::ValuesIn(kShapes)),
                         [](const auto& info) {
                           return std::get<0>(info.param) + "_" + std::get<1>(info.param).name;
                         });

}  // namespace
}  // namespace nodegrad::testing
