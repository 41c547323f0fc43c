#include "support/kernel_test.h"

namespace nodegrad::testing {
namespace {

constexpr DType BF16 = DType::BF16, F32 = DType::F32;

// x's shape and how many of its last axes are normalized.
struct Case {
  Dims shape;
  size_t axes;
};

const std::vector<Case> kCases = {{{1, 1}, 1},     {{3, 5}, 1},    {{17, 16}, 1},  {{2, 9, 67}, 1},
                                  {{5, 4, 33}, 2}, {{130, 48}, 1}, {{3, 7000}, 1}, {{0, 8}, 1}};

class LayerNorm : public OnEachIsa {};
ON_EACH_ISA(LayerNorm);

struct Problem {
  Array x, dy, gamma, beta, mean, variance;
  TensorType statistics{F32, {}};

  Problem(const Case& c, DType dtype, double low = -2, double high = 3) {
    const auto first = c.shape.end() - static_cast<std::ptrdiff_t>(c.axes);
    const Dims last(first, c.shape.end());
    statistics.shape = Dims(c.shape.begin(), first);
    statistics.shape.resize(c.shape.size(), 1);
    x = randomNumbers(c.shape, 1, low, high, dtype);
    dy = randomNumbers(c.shape, 2, -1, 1, dtype);
    gamma = randomNumbers(last, 3, -2, 2);
    beta = randomNumbers(last, 4);
    mean = randomNumbers(statistics.shape, 5, 0, 1);
    variance = randomNumbers(statistics.shape, 6, 0.5, 2);
  }

  Call forward() const {
    return {"layerNormalization", {x, gamma, beta}, {x.type, statistics, statistics}, attrs};
  }
  Call backward() const {
    return {"layerNormalizationBackward",
            {dy, x, gamma, mean, variance},
            {x.type, gamma.type, gamma.type},
            attrs};
  }

  Attrs attrs{{"epsilon", 1e-3}};
};

// The same by the reference, in float64.
std::vector<std::vector<double>> expected(const Call& call) {
  std::vector<reference::Array> inputs;
  for (const Array& input : call.inputs) inputs.push_back({{F32, input.type.shape}, input.data});
  std::vector<std::vector<double>> all;
  for (const reference::Array& output : reference::apply(call.op, inputs, call.attrs))
    all.push_back(output.data);
  return all;
}

// The mean is rounded once, to float32. The variance is a sum of squares of differences, each rounded three
// times, in parts of 32: below 40 · 2⁻²⁴ of itself. y: four roundings of numbers below 16, and the
// variance's.
TEST_P(LayerNorm, Forward) {
  for (const Case& c : kCases) {
    const Call call = Problem(c, F32).forward();
    const auto found = run(call);
    const auto want = expected(call);
    expectNear(found[0], want[0], 1.2e-6, 4e-6, toString(c.shape));
    expectNear(found[1], want[1], 1e-7, 1e-7, toString(c.shape));
    expectNear(found[2], want[2], 2.4e-6, 1e-12, toString(c.shape));
    EXPECT_EQ(run(call, {0})[0].data, found[0].data);  // over x
  }
}

// Where the mean is 10⁴ deviations away, E[x²] - E[x]² has no digit left in float32.
TEST_P(LayerNorm, FarFromZero) {
  for (const Case& c : kCases) {
    const Call call = Problem(c, F32, 9999, 10001).forward();
    const auto found = run(call);
    const auto want = expected(call);
    expectNear(found[1], want[1], 1e-7, 0, toString(c.shape));
    // The mean's rounding, half of the last digit of 10⁴ (2⁻¹¹), squared, and the 40 roundings.
    expectNear(found[2], want[2], 2.4e-6, 2.4e-7, toString(c.shape));
  }
}

// Sums of n products below 4, in parts of 64, err by the square root of their number as a rule; dx by a few
// roundings of numbers below 16.
TEST_P(LayerNorm, Backward) {
  for (const Case& c : kCases) {
    const Problem p(c, F32);
    const Call call = p.backward();
    const auto found = run(call);
    const auto want = expected(call);
    const double rows = static_cast<double>(p.mean.data.size());
    expectNear(found[0], want[0], 2e-6, 6e-6, toString(c.shape));
    expectNear(found[1], want[1], 1e-6, 1e-6 * std::sqrt(rows), toString(c.shape));
    expectNear(found[2], want[2], 1e-6, 1e-6 * std::sqrt(rows), toString(c.shape));
    EXPECT_EQ(run(call, {0})[0].data, found[0].data);  // over dy
    EXPECT_EQ(run(call, {1})[0].data, found[0].data);  // and over x
  }
}

// On bfloat16: statistics and sums as of the same numbers in float32, y and dx rounded once.
TEST_P(LayerNorm, Bfloat16) {
  for (const Case& c : kCases) {
    const Problem p(c, BF16);
    for (const Call& inBf16 : {p.forward(), p.backward()}) {
      Call full = inBf16;
      for (Array& input : full.inputs) input.type.dtype = F32;
      for (TensorType& output : full.outputs) output.dtype = F32;
      const auto found = run(inBf16), want = run(full);
      for (size_t i = 0; i < want[0].data.size(); ++i)
        EXPECT_EQ(found[0].data[i], BFloat16(static_cast<float>(want[0].data[i]))) << inBf16.op;
      for (size_t o : {1, 2}) EXPECT_EQ(found[o].data, want[o].data) << inBf16.op;
    }
  }
}

TEST_P(LayerNorm, GivesTheSameWithAnyThreads) {
  const Problem p({{600, 40}, 1}, F32);
  const int threads = teamThreads();
  setTeamThreads(1);
  const auto y = run(p.forward()), dx = run(p.backward());
  setTeamThreads(3);
  EXPECT_EQ(run(p.forward())[0].data, y[0].data);
  EXPECT_EQ(run(p.backward())[0].data, dx[0].data);
  setTeamThreads(threads);
}

}  // namespace
}  // namespace nodegrad::testing
