#include <set>

#include "cpu/memory/onednn.h"
#include "support/kernel_test.h"

namespace nodegrad::testing {
namespace {

// A shape, the channels' axis, and the blocks of channels, or negative ones of samples, in which it may lie.
struct Case {
  Dims shape;
  int64_t axis;
  std::vector<int64_t> blocks;
};

std::vector<Case> cases() {
  return {{{2, 9, 7, 32}, 3, {0, 8, 16}},
          {{3, 5, 5, 20}, 3, {0, 8, 16}},
          {{2, 20, 5, 3}, 1, {0, 8, 16}},
          {{17, 67}, 1, {0}},
          {{64, 10}, 1, {0}},
          {{1, 1, 1, 3}, 3, {0, 16}},
          {{2, 3, 4, 2, 5}, 2, {0}},
          {{600, 3}, 1, {0}},
          {{2, 48, 60, 32}, 3, {0, 16}},
          {{4, 6, 1, 1}, 1, {0, 8}},
          {{16, 5, 7, 3}, 3, {0, -8, -16}},
          {{8, 3, 5, 6}, 1, {-8}}};
}

LayoutPtr layoutOf(const Case& c, int64_t block, DType dtype = DType::F32) {
  if (!block) return nullptr;
  const Dims& d = c.shape;
  const bool last = c.axis == 3;
  const TensorType type{dtype, d};
  if (block < 0) return sampleBlocks(type, imageAxes(4, last), -block);
  const Dims nchw = last ? Dims{d[0], d[3], d[1], d[2]} : d;
  const onednn::Desc desc(nchw, onednn::dataType(dtype),
                          block == 8 ? onednn::Tag::nChw8c : onednn::Tag::nChw16c);
  return onednn::layoutOf(last ? desc.permute_axes({0, 3, 1, 2}) : desc);
}

class BatchNorm : public OnEachIsa {};
ON_EACH_ISA(BatchNorm);

void forAll(const std::function<void(const Case&, int64_t block)>& body) {
  for (const Case& c : cases()) {
    for (int64_t block : c.blocks) body(c, block);
  }
}

// Runs with all tensors of x's shape in blocks, as the kernel has to choose where x is.
std::vector<Array> runIn(const Case& c, Call call, size_t x, int64_t block) {
  KernelSpec spec = call.spec();
  const LayoutPtr layout = spec.inputLayouts[x] = layoutOf(c, block, spec.inputs[x].dtype);
  const LayoutChoice choice = cpuBackend().layouts(spec, std::vector<bool>(spec.inputs.size()));
  for (size_t i = 0; i < spec.inputs.size(); ++i) {
    const bool full = spec.inputs[i] == spec.inputs[x], vector = spec.inputs[i].shape.size() == 1;
    if (full || vector) {
      EXPECT_TRUE(sameLayout(choice.inputs[i], full ? layout : nullptr)) << call.op;
    }
  }
  call.inputLayouts = choice.inputs;
  call.outputLayouts = choice.outputs;
  return run(call);
}

Attrs attrs(const Case& c, const char* activation = "linear") {
  return {{"axis", c.axis}, {"epsilon", 1e-3}, {"activation", std::string(activation)}};
}

int64_t channelsOf(const Case& c) { return c.shape[static_cast<size_t>(c.axis)]; }

// The numbers of each channel, by their places.
std::vector<std::vector<size_t>> placesOf(const Case& c) {
  std::vector<std::vector<size_t>> places(static_cast<size_t>(channelsOf(c)));
  reference::forEach(c.shape, [&](const Dims& at, int64_t) {
    places[static_cast<size_t>(at[static_cast<size_t>(c.axis)])].push_back(
        reference::broadcastPlace(c.shape, at));
  });
  return places;
}

struct Statistics {
  std::vector<double> mean, variance;
};

Statistics statisticsOf(const Case& c, const Array& x) {
  Statistics s;
  for (const auto& places : placesOf(c)) {
    double mean = 0, variance = 0;
    for (size_t i : places) mean += x.data[i] / static_cast<double>(places.size());
    for (size_t i : places)
      variance += (x.data[i] - mean) * (x.data[i] - mean) / static_cast<double>(places.size());
    s.mean.push_back(mean);
    s.variance.push_back(variance);
  }
  return s;
}

std::vector<TensorType> vectors(const Case& c) {
  return {{DType::F32, {channelsOf(c)}}, {DType::F32, {channelsOf(c)}}};
}

// The mean is rounded once, to float32. The variance is a sum of squares of float32 differences, each rounded
// three times, in parts of 64: below 70 · 2⁻²⁴ of itself.
TEST_P(BatchNorm, Statistics) {
  forAll([](const Case& c, int64_t block) {
    const Array x = randomNumbers(c.shape, 1, -2, 3);
    const Statistics expected = statisticsOf(c, x);
    const auto found = runIn(c, {"batchNormStatistics", {x}, vectors(c), attrs(c)}, 0, block);
    expectNear(found[0], expected.mean, 1e-7, 1e-7, toString(c.shape));
    expectNear(found[1], expected.variance, 4.2e-6, 1e-12, toString(c.shape));
  });
}

// Where the mean is 10⁴ deviations away, E[x²] - E[x]² has no digit left in float32.
TEST_P(BatchNorm, StatisticsFarFromZero) {
  forAll([](const Case& c, int64_t block) {
    const Array x = randomNumbers(c.shape, 1, 9999, 10001);
    const Statistics expected = statisticsOf(c, x);
    const auto found = runIn(c, {"batchNormStatistics", {x}, vectors(c), attrs(c)}, 0, block);
    expectNear(found[0], expected.mean, 1e-7, 0, toString(c.shape));
    expectNear(found[1], expected.variance, 4.2e-6, 1e-12, toString(c.shape));
  });
}

TEST_P(BatchNorm, StatisticsOfInfinityAndNaN) {
  const Case c{{40, 4}, 1, {0}};
  Array x = randomNumbers(c.shape, 1);
  x.data[1] = NAN;
  x.data[2] = INFINITY;
  const auto found = run({"batchNormStatistics", {x}, vectors(c), attrs(c)});
  EXPECT_TRUE(std::isfinite(found[0].data[0]));
  EXPECT_TRUE(std::isnan(found[0].data[1]));
  EXPECT_FALSE(std::isfinite(found[1].data[2]));
  EXPECT_TRUE(std::isfinite(found[1].data[3]));
}

// Inputs, and what the formula in float64 says of them.
struct Problem {
  Array x, r, dy, gamma, beta, mean, variance;
  std::vector<double> y, z;  // normalized; and with the residual

  explicit Problem(const Case& c) {
    const Dims vector = {channelsOf(c)};
    x = randomNumbers(c.shape, 1, -2, 3);
    r = randomNumbers(c.shape, 2);
    dy = randomNumbers(c.shape, 3);
    gamma = randomNumbers(vector, 4, -2, 2);
    beta = randomNumbers(vector, 5);
    mean = randomNumbers(vector, 6, 0, 1);
    variance = randomNumbers(vector, 7, 0.5, 2);
    y.resize(x.data.size());
    z.resize(x.data.size());
    const auto places = placesOf(c);
    for (size_t channel = 0; channel < places.size(); ++channel) {
      for (size_t i : places[channel]) {
        y[i] = (x.data[i] - mean.data[channel]) * inverse(channel) * gamma.data[channel] + beta.data[channel];
        z[i] = y[i] + r.data[i];
      }
    }
  }
  double inverse(size_t channel) const { return 1 / std::sqrt(variance.data[channel] + 1e-3); }
};

std::vector<double> reluOf(std::vector<double> v) {
  for (double& x : v) x = std::max(x, 0.0);
  return v;
}

// Three roundings of numbers below 16, four with a residual.
TEST_P(BatchNorm, Normalize) {
  forAll([](const Case& c, int64_t block) {
    const Problem p(c);
    const std::vector<TensorType> out = {{DType::F32, c.shape}};
    const std::vector<Array> in = {p.x, p.gamma, p.beta, p.mean, p.variance};
    std::vector<Array> inWith = in;
    inWith.push_back(p.r);
    for (const bool relu : {false, true}) {
      const Attrs a = attrs(c, relu ? "relu" : "linear");
      const auto plain = runIn(c, {"batchNormNormalize", in, out, a}, 0, block);
      expectNear(plain[0], relu ? reluOf(p.y) : p.y, 0, 4e-6, toString(c.shape));
      const auto with = runIn(c, {"batchNormNormalize", inWith, out, a}, 0, block);
      expectNear(with[0], relu ? reluOf(p.z) : p.z, 0, 4e-6, toString(c.shape));
      // Over x and over the residual.
      EXPECT_EQ(run({"batchNormNormalize", inWith, out, a}, {0})[0].data, with[0].data);
      EXPECT_EQ(run({"batchNormNormalize", inWith, out, a}, {5})[0].data, with[0].data);
    }
  });
}

// What batchNormBackward says of the masked gradient d.
std::vector<std::vector<double>> backward(const Case& c, const Problem& p, const std::vector<double>& d) {
  std::vector<double> dx(d.size()), dgamma, dbeta;
  const auto places = placesOf(c);
  for (size_t channel = 0; channel < places.size(); ++channel) {
    double sum = 0, product = 0;
    const auto normalized = [&](size_t i) {
      return (p.x.data[i] - p.mean.data[channel]) * p.inverse(channel);
    };
    for (size_t i : places[channel]) {
      sum += d[i];
      product += d[i] * normalized(i);
    }
    const double n = static_cast<double>(places[channel].size());
    for (size_t i : places[channel])
      dx[i] = p.gamma.data[channel] * p.inverse(channel) * (d[i] - sum / n - normalized(i) * product / n);
    dgamma.push_back(product);
    dbeta.push_back(sum);
  }
  return {dx, dgamma, dbeta};
}

std::vector<double> maskedBy(const std::vector<double>& y, std::vector<double> d) {
  for (size_t i = 0; i < d.size(); ++i)
    if (!(y[i] > 0)) d[i] = 0;
  return d;
}

// A sum of n products below 4 in parts of 64 errs by 70 · 2⁻²⁴ of Σ|terms| at most, and by the square root of
// the terms' number as a rule; dx by a few roundings of numbers below 10.
void expectGradient(const Case& c, const std::vector<Array>& found,
                    const std::vector<std::vector<double>>& expected) {
  const double n = static_cast<double>(count(c.shape) / channelsOf(c));
  expectNear(found[0], expected[0], 2e-6, 6e-6, toString(c.shape));
  expectNear(found[1], expected[1], 1e-6, 1e-6 * std::sqrt(n), toString(c.shape));
  expectNear(found[2], expected[2], 1e-6, 1e-6 * std::sqrt(n), toString(c.shape));
}

TEST_P(BatchNorm, Backward) {
  forAll([](const Case& c, int64_t block) {
    const Problem p(c);
    std::vector<TensorType> out = {{DType::F32, c.shape}};
    for (const TensorType& v : vectors(c)) out.push_back(v);
    Attrs a = attrs(c);
    const std::vector<Array> in = {p.dy, p.x, p.gamma, p.mean, p.variance};
    expectGradient(c, runIn(c, {"batchNormalizationBackward", in, out, a}, 1, block),
                   backward(c, p, p.dy.data));

    std::vector<Array> inX = in;
    inX.push_back(p.beta);
    a.set("mask", std::string("x"));
    expectGradient(c, runIn(c, {"batchNormalizationBackward", inX, out, a}, 1, block),
                   backward(c, p, maskedBy(p.y, p.dy.data)));

    std::vector<Array> inY = in;
    inY.push_back({{DType::F32, c.shape}, reluOf(p.z)});
    a.set("mask", std::string("y"));
    const std::vector<double> d = maskedBy(p.z, p.dy.data);
    expectGradient(c, runIn(c, {"batchNormalizationBackward", inY, out, a}, 1, block), backward(c, p, d));
    out.push_back(out[0]);
    const auto withResidual = runIn(c, {"batchNormalizationBackward", inY, out, a}, 1, block);
    expectGradient(c, withResidual, backward(c, p, d));
    expectNear(withResidual[3], d, 0, 0, "the residual's gradient");
    // dx over dy and the residual's gradient over y, or the other way round.
    for (const std::vector<int>& reuse : {std::vector<int>{0, -1, -1, 5}, {5, -1, -1, 0}, {1, -1, -1, 0}}) {
      const auto again = run({"batchNormalizationBackward", inY, out, a}, reuse);
      if (block == 0) {
        EXPECT_EQ(again[0].data, withResidual[0].data);
      }
    }
  });
}

// With the images in bfloat16 all arithmetic is that on the same numbers in float32, in the same order, and
// what is stored as an image is rounded once. reads: which inputs are images, the first of them x; writes:
// which outputs.
void expectRounded(const Case& c, Call call, const std::vector<size_t>& reads, const std::set<size_t>& writes,
                   int64_t block) {
  for (size_t i : reads)
    for (double& v : call.inputs[i].data) v = BFloat16(static_cast<float>(v));
  std::vector<std::vector<Array>> results;
  for (DType dtype : {DType::F32, DType::BF16}) {
    for (size_t i : reads) call.inputs[i].type.dtype = dtype;
    for (size_t o : writes) call.outputs[o].dtype = dtype;
    results.push_back(runIn(c, call, reads[0], block));
  }
  // Where a compiler contracts only one of both to multiply-add, the sums differ as expectGradient allows.
  const double sums = 1e-6 * std::sqrt(static_cast<double>(count(c.shape) / channelsOf(c))) + 6e-6;
  for (size_t o = 0; o < call.outputs.size(); ++o)
    expectNear(results[1][o], results[0][o].data, (writes.count(o) ? 0x1p-8 : 0) + 2e-6,
               call.outputs[o].dtype == DType::U8 ? 0 : sums, call.op + toString(c.shape));
}

TEST_P(BatchNorm, RoundsImagesOfBfloat16Once) {
  forAll([](const Case& c, int64_t block) {
    const Problem p(c);
    const TensorType image{DType::F32, c.shape};
    const auto rest = vectors(c);
    expectRounded(c, {"batchNormStatistics", {p.x}, rest, attrs(c)}, {0}, {}, block);
    const std::vector<Array> in = {p.x, p.gamma, p.beta, p.mean, p.variance, p.r};
    expectRounded(c, {"batchNormNormalize", in, {image}, attrs(c, "relu")}, {0, 5}, {0}, block);
    Attrs a = attrs(c);
    a.set("mask", std::string("x"));
    const std::vector<Array> byX = {p.dy, p.x, p.gamma, p.mean, p.variance, p.beta};
    expectRounded(c, {"batchNormalizationBackward", byX, {image, rest[0], rest[1]}, a}, {1, 0}, {0}, block);
    a.set("mask", std::string("y"));
    const std::vector<Array> byY = {p.dy, p.x, p.gamma, p.mean, p.variance, {image, reluOf(p.z)}};
    expectRounded(c, {"batchNormalizationBackward", byY, {image, rest[0], rest[1], image}, a}, {1, 0, 5},
                  {0, 3}, block);
  });
}

TEST_P(BatchNorm, RoundsPooledImagesOfBfloat16Once) {
  forAll([](const Case& c, int64_t block) {
    if (c.shape.size() != 4 || c.shape[0] * c.shape[1] == 1) return;
    const Problem p(c);
    const bool last = c.axis == 3;
    const ImageAxes axes = imageAxes(4, last);
    Attrs a = attrs(c, "relu");
    a.set("poolSize", Dims{2, 2});
    a.set("strides", Dims{2, 1});
    a.set("padding", std::string("same"));
    a.set("pads", Dims{0, 0, 0, 0});
    a.set("dataFormat", std::string(last ? "channelsLast" : "channelsFirst"));
    Dims pooled = c.shape;
    pooled[static_cast<size_t>(axes.h())] = (c.shape[static_cast<size_t>(axes.h())] + 1) / 2;
    const TensorType image{DType::F32, c.shape}, y{DType::F32, pooled}, places{DType::U8, pooled};
    Call forward{"batchNormMaxPool", {p.x, p.gamma, p.beta, p.mean, p.variance}, {y, places, y}, a};
    for (double& v : forward.inputs[0].data) v = BFloat16(static_cast<float>(v));
    const auto found = run(forward);
    const Array dy = randomNumbers(pooled, 3);
    const Call backward{"batchNormMaxPoolBackward",
                        {dy, p.x, p.gamma, p.mean, p.variance, p.beta, found[1], found[2]},
                        {image, vectors(c)[0], vectors(c)[1]},
                        a};
    expectRounded(c, forward, {0}, {0, 2}, block);
    expectRounded(c, backward, {1, 0, 7}, {0}, block);
  });
}

// The least numbers of bfloat16 are 2⁻¹³³ apart: half of that is stored as zero, behind which ReLU lets no
// gradient back, and one and a half is not.
TEST_P(BatchNorm, MasksWhatBfloat16StoresAsZero) {
  const Case c{{4, 1}, 1, {0}};
  const TensorType image{DType::BF16, c.shape};
  const Array x = array(c.shape, {0x1p-34, 0x1.8p-33, -0x1.8p-33, 0x1p-30}, DType::BF16),
              dy = array(c.shape, {1, 2, 4, 8}, DType::BF16);
  const Array gamma = array({1}, {0x1p-100}), zero = array({1}, {0}), one = array({1}, {1});
  Attrs a{{"axis", int64_t{1}}, {"epsilon", 0.0}, {"activation", std::string("relu")}};
  const auto y = run({"batchNormNormalize", {x, gamma, zero, zero, one}, {image}, a})[0];
  double expected = 0;
  for (size_t i = 0; i < 4; ++i)
    if (y.data[i] > 0) expected += dy.data[i];
  EXPECT_EQ(expected, 10);
  a.set("mask", std::string("x"));
  const auto found = run({"batchNormalizationBackward",
                          {dy, x, gamma, zero, one, zero},
                          {image, vectors(c)[0], vectors(c)[1]},
                          a});
  EXPECT_EQ(found[2].data[0], expected);
}

TEST_P(BatchNorm, LetsNothingLieOverAnInputThatIsReadOnceMore) {
  const Case c{{4, 8}, 1, {0}};
  const TensorType full{DType::F32, c.shape}, vector{DType::F32, {8}};
  const KernelSpec spec{"batchNormalizationBackward",
                        attrs(c),
                        {full, full, vector, vector, vector, full},
                        {full, vector, vector, full},
                        {},
                        {},
                        nullptr};
  const auto inPlace = [&](size_t output, size_t input) { return cpuBackend().inPlace(spec, output, input); };
  EXPECT_TRUE(inPlace(0, 0) && inPlace(0, 1) && inPlace(3, 0) && inPlace(3, 5));
  EXPECT_FALSE(inPlace(3, 1));
  EXPECT_FALSE(inPlace(1, 2));
}

TEST_P(BatchNorm, TakesALayoutThatItDoesNotKnowAsRowMajor) {
  const Case c{{2, 3, 4, 6}, 3, {0}};
  const onednn::Desc nchw({2, 6, 3, 4}, dnnl::memory::data_type::f32, onednn::Tag::nchw);
  KernelSpec spec =
      Call{"batchNormStatistics", {randomNumbers(c.shape, 1, 0, 1)}, vectors(c), attrs(c)}.spec();
  spec.inputLayouts[0] = onednn::layoutOf(nchw.permute_axes({0, 3, 1, 2}));
  EXPECT_EQ(cpuBackend().layouts(spec, {false}).inputs[0], nullptr);
}

}  // namespace
}  // namespace nodegrad::testing
