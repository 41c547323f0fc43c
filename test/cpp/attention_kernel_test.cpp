#include <limits>

#include "support/kernel_test.h"

namespace nodegrad::testing {
namespace {

constexpr DType BF16 = DType::BF16, F32 = DType::F32;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

struct Case {
  int64_t n, queries, keys, heads, size, depth;
  bool isCausal = false;
  Dims bias = {}, mask = {};  // empty: none
};

std::string text(const Case& c) {
  return toString(Dims{c.n, c.queries, c.keys, c.heads, c.size, c.depth}) + (c.isCausal ? " causal" : "") +
         " bias " + toString(c.bias) + " mask " + toString(c.mask);
}

// Sizes of 1, next to the lengths of vectors and panels, more keys than queries and fewer, several blocks of
// rows; operands that broadcast along each axis.
const std::vector<Case> kCases = {
    {1, 1, 1, 1, 1, 1},
    {1, 1, 5, 2, 3, 1},
    {2, 7, 9, 3, 4, 5},
    {1, 17, 16, 2, 16, 16},
    {2, 49, 33, 1, 31, 47},
    {1, 130, 97, 2, 8, 12},
    {1, 70, 700, 1, 20, 3},
    {1, 3, 3, 2, 70, 40},
    {1, 1, 1, 1, 2, 2, true},
    {2, 50, 50, 2, 8, 8, true},
    {1, 100, 30, 2, 5, 6, true},
    {1, 30, 150, 1, 6, 5, true},
    {1, 150, 150, 1, 6, 5, true},
    {2, 7, 9, 3, 4, 5, false, {7, 9}},
    {2, 7, 9, 3, 4, 5, false, {2, 3, 7, 9}},
    {2, 60, 40, 2, 4, 5, true, {2, 1, 1, 40}},
    {2, 60, 40, 2, 4, 5, false, {60, 1}, {2, 1, 60, 40}},
    {2, 60, 40, 2, 4, 5, true, {}, {2, 1, 1, 40}},
    {2, 60, 70, 2, 4, 5, true, {1, 2, 1, 1}, {60, 70}},
};

class Attention : public OnEachIsa {};
ON_EACH_ISA(Attention);

struct Problem {
  Array q, k, v, dy, bias, mask;
  Case of;
  Attrs attrs;

  explicit Problem(const Case& c, DType dtype = F32, double most = 1) : of(c) {
    q = randomNumbers({c.n, c.queries, c.heads, c.size}, 1, -most, most, dtype);
    k = randomNumbers({c.n, c.keys, c.heads, c.size}, 2, -most, most, dtype);
    v = randomNumbers({c.n, c.keys, c.heads, c.depth}, 3, -1, 1, dtype);
    dy = randomNumbers({c.n, c.queries, c.heads, c.depth}, 4, -1, 1, dtype);
    bias = randomNumbers(c.bias, 5, -2, 2);
    mask = randomNumbers(c.mask, 6, 0, 1, DType::U8);
    mask.type.dtype = DType::Bool;
    attrs = {{"scale", 1 / std::sqrt(static_cast<double>(c.size))},
             {"isCausal", c.isCausal},
             {"bias", !c.bias.empty()},
             {"mask", !c.mask.empty()}};
  }

  Call forward() const {
    const TensorType statistics{F32, {of.n, of.heads, of.queries}};
    return {"dotProductAttention", with({q, k, v}), {dy.type, statistics, statistics}, attrs};
  }
  // Given what the forward pass left.
  Call backward(const std::vector<Array>& left) const {
    return {"dotProductAttentionBackward",
            with({dy, q, k, v, left[0], left[1], left[2]}),
            {q.type, k.type, v.type},
            attrs};
  }
  std::vector<Array> with(std::vector<Array> inputs) const {
    if (!of.bias.empty()) inputs.push_back(bias);
    if (!of.mask.empty()) inputs.push_back(mask);
    return inputs;
  }

  // Bounds for sums below: of |ds| over the keys of a query, whose flow and dot are at most depth.
  double slope() const { return 2 * static_cast<double>(of.depth) * attrs.number("scale"); }
};

// The same by the reference, in float64.
std::vector<std::vector<double>> expected(const Call& call) {
  std::vector<reference::Array> inputs;
  for (const Array& input : call.inputs)
    inputs.push_back({{input.type.dtype == BF16 ? F32 : input.type.dtype, input.type.shape}, input.data});
  std::vector<std::vector<double>> all;
  for (const reference::Array& output : reference::apply(call.op, inputs, call.attrs))
    all.push_back(output.data);
  return all;
}

// Scores are sums of at most 70 products below 1, times a scale: below 8.4, and off by √70 + 2 roundings of
// that, 5e-6. So far off, relative to themselves, are the weights, twice: by their score and by the largest.
// They sum up to 1, and values are below 1.
constexpr double kWeights = 1.2e-5;

TEST_P(Attention, Forward) {
  for (const Case& c : kCases) {
    const Call call = Problem(c).forward();
    const auto found = run(call);
    const auto want = expected(call);
    expectNear(found[0], want[0], 0, kWeights, text(c));
    expectNear(found[1], want[1], 2e-7, 5e-6, text(c));
    expectNear(found[2], want[2], kWeights, 0, text(c));
  }
}

// Sums over queries of what is off by kWeights each add up by the square root of their number as a rule.
void expectGradients(const Problem& p, const std::vector<Array>& found,
                     const std::vector<std::vector<double>>& want, double weights, const std::string& what) {
  const double root = std::sqrt(static_cast<double>(p.of.queries));
  expectNear(found[0], want[0], 0, weights * p.slope(), what + " dq");
  expectNear(found[1], want[1], 0, weights * p.slope() * root, what + " dk");
  expectNear(found[2], want[2], 0, weights * root, what + " dv");
}

TEST_P(Attention, Backward) {
  for (const Case& c : kCases) {
    const Problem p(c);
    const Call call = p.backward(run(p.forward()));
    expectGradients(p, run(call), expected(call), kWeights, text(c));
  }
}

// A query that sees no key weights all of them alike, and passes no gradient on to queries and keys.
TEST_P(Attention, QueriesThatSeeNothing) {
  for (bool isCausal : {false, true}) {
    Problem p({2, 20, 36, 2, 4, 5, isCausal, {}, {2, 1, 20, 36}});
    std::fill(p.mask.data.begin(), p.mask.data.begin() + 5 * 36, 0);
    const auto found = run(p.forward());
    expectNear(found[0], expected(p.forward())[0], 0, kWeights);
    for (int64_t e = 0; e < 5; ++e) {
      double mean = 0;
      for (int64_t j = 0; j < 36; ++j) mean += p.v.data[static_cast<size_t>(j * 2 * 5 + e)] / 36;
      EXPECT_NEAR(found[0].data[static_cast<size_t>(e)], mean, 1e-6);
    }
    const Call call = p.backward(found);
    const auto gradients = run(call);
    expectGradients(p, gradients, expected(call), kWeights, "masked");
    for (size_t i = 0; i < 5 * 2 * 4; ++i) EXPECT_EQ(gradients[0].data[i], 0) << i;
  }
}

// A bias of -infinity hides a key as well as a mask does; a row of nothing else, infinities and NaN give NaN,
// in their rows alone.
TEST_P(Attention, WildNumbers) {
  Problem p({1, 40, 24, 2, 4, 5, false, {40, 24}});
  auto bias = [&](int64_t i, int64_t j) -> double& { return p.bias.data[static_cast<size_t>(i * 24 + j)]; };
  for (int64_t j = 0; j < 24; ++j) bias(3, j) = -kInfinity;
  for (int64_t j = 0; j < 20; ++j) bias(4, j) = -kInfinity;
  bias(5, 7) = kInfinity;
  bias(6, 23) = std::nan("");
  bias(7, 1) = 3e38;
  p.q.data[8 * 2 * 4] = std::nan("");
  p.q.data[9 * 2 * 4] = 1e30;
  const auto found = run(p.forward());
  expectNear(found[0], expected(p.forward())[0], 0, kWeights);
  const Call call = p.backward(found);
  expectNear(run(call)[0], expected(call)[0], 1e-5, kWeights * p.slope());
}

// Scores far apart: one weight is 1, all others vanish.
TEST_P(Attention, LargeScores) {
  const Problem p({1, 33, 65, 2, 16, 8}, F32, 1e10);
  const auto found = run(p.forward());
  expectNear(found[0], expected(p.forward())[0], 0, kWeights);
}

TEST_P(Attention, Empty) {
  for (const Case& c : {Case{0, 3, 4, 2, 5, 6}, Case{2, 0, 4, 2, 5, 6}, Case{2, 3, 0, 2, 5, 6}}) {
    const Problem p(c);
    const auto found = run(p.forward());
    for (const Array& output : found)
      for (double v : output.data) EXPECT_EQ(v, 0) << text(c);
    for (const Array& output : run(p.backward(found)))
      for (double v : output.data) EXPECT_EQ(v, 0) << text(c);
  }
}

// Heads of size 0 have no scores: all keys weigh the same. Without depth there is no output.
TEST_P(Attention, HeadsOfSizeZero) {
  for (const Case& c : {Case{2, 9, 20, 2, 0, 6}, Case{2, 9, 20, 2, 5, 0}}) {
    Problem p(c);
    p.attrs.set("scale", 1.0);
    const auto found = run(p.forward());
    for (size_t o = 0; o < 3; ++o) expectNear(found[o], expected(p.forward())[o], 1e-6, 1e-6, text(c));
    const Call call = p.backward(found);
    const auto gradients = run(call);
    for (size_t o = 0; o < 3; ++o) expectNear(gradients[o], expected(call)[o], 1e-6, 1e-6, text(c));
  }
}

TEST_P(Attention, GivesTheSameWithAnyThreads) {
  for (bool isCausal : {false, true}) {
    const Problem p({3, 150, 130, 2, 8, 8, isCausal});
    const int threads = teamThreads();
    setTeamThreads(1);
    const auto y = run(p.forward());
    const auto gradients = run(p.backward(y));
    setTeamThreads(3);
    for (size_t o = 0; o < 3; ++o) {
      EXPECT_EQ(run(p.forward())[o].data, y[o].data) << o;
      EXPECT_EQ(run(p.backward(y))[o].data, gradients[o].data) << o;
    }
    setTeamThreads(threads);
  }
}

// The matrix of all scores would take 4 GiB.
TEST(AttentionMemory, HoldsNoMatrixOfAllScores) {
  const TensorType x{F32, {1, 1 << 15, 1, 64}}, statistics{F32, {1, 1, 1 << 15}};
  const Attrs attrs{{"scale", 1.0}, {"isCausal", false}, {"bias", false}, {"mask", false}};
  const std::vector<LayoutPtr> rowMajor(7);
  const KernelSpec forward{
      "dotProductAttention", attrs, {x, x, x}, {x, statistics, statistics}, rowMajor, rowMajor, nullptr};
  const KernelSpec backward{"dotProductAttentionBackward",
                            attrs,
                            {x, x, x, x, x, statistics, statistics},
                            {x, x, x},
                            rowMajor,
                            rowMajor,
                            nullptr};
  for (const KernelSpec& spec : {forward, backward})
    EXPECT_LT(cpuBackend().kernel(spec)->scratchBytes(), (size_t{64} + 8 * teamThreads()) << 20) << spec.op;
}

// With weights, and what the gradients of scores are, rounded to 8 significant bits.
TEST(AttentionBfloat16, IsNearFloat64) {
  if (!cpuBackend().hasBfloat16()) GTEST_SKIP() << "the processor has no bfloat16";
  constexpr double kRounding = 0x1p-8;
  for (const Case& c : kCases) {
    const Problem p(c, BF16);
    const Call call = p.forward();
    const auto found = run(call);
    const auto want = expected(call);
    expectNear(found[0], want[0], kRounding, kRounding, text(c));
    expectNear(found[1], want[1], 2e-7, 5e-6, text(c));
    const Call back = p.backward(found);
    // dot is off by as much as y is; the results are rounded once more.
    expectGradients(p, run(back), expected(back), 3 * kRounding, text(c));
    // Outputs in float32 are the same before that.
    Call wide = call;
    wide.outputs[0].dtype = F32;
    const auto exact = run(wide);
    for (size_t i = 0; i < exact[0].data.size(); ++i)
      EXPECT_EQ(found[0].data[i], BFloat16(static_cast<float>(exact[0].data[i])));
  }
}

}  // namespace
}  // namespace nodegrad::testing
