#include <algorithm>
#include <numeric>

#include "graph/op.h"
#include "host/parallel.h"
#include "support/kernel_test.h"

namespace nodegrad::testing {
namespace {

Array runOp(const std::string& op, const std::vector<Array>& inputs, const Attrs& attrs = {}) {
  std::vector<TensorType> types;
  for (const Array& input : inputs) types.push_back(input.type);
  const OpDef& def = findOp(op);
  const Attrs all = checkAttrs(def, attrs);
  return run({op, inputs, def.infer({def.name, types, all}), all})[0];
}

using Numbers = std::vector<double>;

TEST(OrderKernel, EqualNumbersStayInTheirOrderAndNanComesLast) {
  const Array x = array({8}, {2, NAN, -0.0, 2, INFINITY, 0, -INFINITY, NAN});
  EXPECT_EQ(runOp("argsort", {x}).data, (Numbers{6, 2, 5, 0, 3, 4, 1, 7}));
  EXPECT_EQ(runOp("argsort", {x}, {{"descending", true}}).data, (Numbers{1, 7, 4, 0, 3, 2, 5, 6}));
  EXPECT_EQ(runOp("argsort", {x}, {{"k", int64_t{3}}}).data, (Numbers{6, 2, 5}));
  EXPECT_EQ(runOp("argsort", {array({0}, {})}).data, Numbers{});
  EXPECT_EQ(runOp("argsort", {array({3, 0}, {})}).data, Numbers{});
  EXPECT_EQ(runOp("argsort", {array({2, 1}, {5, 4})}).data, (Numbers{0, 0}));
  EXPECT_EQ(runOp("argsort", {array({2, 2}, {5, 4, 1, 2})}, {{"k", int64_t{0}}}).data, Numbers{});
}

TEST(OrderKernel, SortsEveryDtype) {
  EXPECT_EQ(runOp("argsort", {array({4}, {7, -2147483648.0, 2147483647, -1}, DType::I32)}).data,
            (Numbers{1, 3, 0, 2}));
  EXPECT_EQ(runOp("argsort", {array({3}, {255, 0, 128}, DType::U8)}).data, (Numbers{1, 2, 0}));
  EXPECT_EQ(runOp("argsort", {array({4}, {1, 0, 1, 0}, DType::Bool)}).data, (Numbers{1, 3, 0, 2}));
  EXPECT_EQ(runOp("argsort", {array({3}, {1.5, -2, NAN}, DType::BF16)}).data, (Numbers{1, 0, 2}));
}

// Above and below the size from which digits are counted, and with digits that all numbers share.
TEST(OrderKernel, LongRowsAsTheReference) {
  for (int64_t n : {2047, 2048, 5000})
    for (double high : {1.0, 1e30}) {
      const Array x = randomNumbers({3, n}, 5, high == 1 ? 0.5 : -high, high);
      for (bool descending : {false, true})
        for (int64_t k : {int64_t{-1}, int64_t{10}, n}) {
          const Attrs attrs{{"descending", descending}, {"k", k}};
          EXPECT_EQ(runOp("argsort", {x}, attrs).data, reference::apply("argsort", {x}, attrs)[0].data) << n;
        }
    }
}

TEST(OrderKernel, TheSameForAnyNumberOfThreads) {
  const Array x = randomNumbers({37, 1001}, 4), a = randomNumbers({9, 500, 70}, 6);
  const Attrs axis{{"axis", int64_t{1}}};
  setTeamThreads(1);
  const Array indices = runOp("argsort", {x}), sums = runOp("cumsum", {a}, axis);
  setTeamThreads(3);
  EXPECT_EQ(runOp("argsort", {x}).data, indices.data);
  EXPECT_EQ(runOp("cumsum", {a}, axis).data, sums.data);
  setTeamThreads(availableThreads());
}

TEST(OrderKernel, FindsPlacesOnBothSides) {
  const Array sequence = array({5}, {-1, 0, 0, 3, NAN});
  const Array values = array({7}, {-2, -0.0, 3, 2, 4, INFINITY, NAN});
  EXPECT_EQ(runOp("searchSorted", {sequence, values}).data, (Numbers{0, 1, 3, 3, 4, 4, 4}));
  EXPECT_EQ(runOp("searchSorted", {sequence, values}, {{"right", true}}).data,
            (Numbers{0, 3, 4, 3, 4, 4, 5}));
  EXPECT_EQ(runOp("searchSorted", {array({0}, {}), array({1}, {1})}).data, (Numbers{0}));
}

TEST(CumulativeKernel, GivesWhatIsKnownByHand) {
  const Array x = array({2, 3}, {1, 2, 3, 4, 5, 6});
  const auto sum = [&](int64_t axis, bool reverse, bool exclusive) {
    return runOp("cumsum", {x}, {{"axis", axis}, {"reverse", reverse}, {"exclusive", exclusive}}).data;
  };
  EXPECT_EQ(sum(-1, false, false), (Numbers{1, 3, 6, 4, 9, 15}));
  EXPECT_EQ(sum(-1, true, false), (Numbers{6, 5, 3, 15, 11, 6}));
  EXPECT_EQ(sum(-1, false, true), (Numbers{0, 1, 3, 0, 4, 9}));
  EXPECT_EQ(sum(0, true, true), (Numbers{4, 5, 6, 0, 0, 0}));
  const Array zeros = array({2, 3}, Numbers(6, 0));
  const auto scan = [&](const Array& b, bool reverse, double initial) {
    return runOp("linearRecurrence", {x, b}, {{"reverse", reverse}, {"initial", initial}}).data;
  };
  EXPECT_EQ(scan(zeros, false, 1), (Numbers{1, 2, 6, 4, 20, 120}));
  EXPECT_EQ(scan(zeros, true, 1), (Numbers{6, 6, 3, 120, 30, 6}));
  EXPECT_EQ(scan(x, false, 0), (Numbers{1, 4, 15, 4, 25, 156}));
  // Nothing is before the first place, whatever its factor.
  EXPECT_EQ(runOp("linearRecurrence", {array({2}, {INFINITY, 2}), array({2}, {1, 3})}).data, (Numbers{1, 5}));
}

TEST(CumulativeKernel, WholeNumbersWrapAround) {
  const Array most = array({2}, {2147483647, 1}, DType::I32);
  EXPECT_EQ(runOp("cumsum", {most}).data, (Numbers{2147483647, -2147483648.0}));
}

// Ten million numbers, each of which float32 would round away next to the sum.
TEST(CumulativeKernel, LongSumsStayExact) {
  const int64_t n = 10000000;
  const Array y = runOp("cumsum", {array({n}, Numbers(static_cast<size_t>(n), 1.25))});
  for (int64_t i : {int64_t{0}, n / 2, n - 1})
    EXPECT_NEAR(y.data[static_cast<size_t>(i)] / (1.25 * static_cast<double>(i + 1)), 1, 0x1p-24);
}

TEST(SegmentKernel, GivesWhatIsKnownByHand) {
  const Array x = array({4, 2}, {1, 5, 3, NAN, -2, 7, 3, 1}), ids = array({4}, {2, 0, 2, 0}, DType::I32);
  const auto reduce = [&](const char* op) { return runOp(op, {x, ids}, {{"segments", int64_t{3}}}); };
  expectNear(reduce("segmentMax"), {3, NAN, -INFINITY, -INFINITY, 1, 7}, 0, 0);
  expectNear(reduce("segmentMin"), {3, NAN, INFINITY, INFINITY, -2, 5}, 0, 0);
  expectNear(reduce("segmentProd"), {9, NAN, 1, 1, -2, 35}, 0, 0);
  const Array whole = array({2}, {7, -3}, DType::I32);
  EXPECT_EQ(runOp("segmentMax", {whole, array({2}, {1, 1}, DType::I32)}, {{"segments", int64_t{2}}}).data,
            (Numbers{-2147483648.0, 7}));
  EXPECT_THROW(runOp("segmentMax", {whole, array({2}, {1, 2}, DType::I32)}, {{"segments", int64_t{2}}}),
               Error);
}

TEST(ViewKernel, KeepsTheBytes) {
  const auto as = [](const Array& x, const char* dtype) {
    return runOp("view", {x}, {{"dtype", std::string(dtype)}}).data;
  };
  EXPECT_EQ(as(array({2}, {1, -0.0}), "int32"), (Numbers{0x3f800000, -2147483648.0}));
  EXPECT_EQ(as(array({1}, {0x3f800000}, DType::I32), "uint8"), (Numbers{0, 0, 128, 63}));
  EXPECT_EQ(as(array({4}, {0, 0, 128, 63}, DType::U8), "float32"), (Numbers{1}));
  EXPECT_EQ(as(array({2}, {1, 0}, DType::Bool), "uint8"), (Numbers{1, 0}));
}

// n numbers with the same parameters.
Array drawn(const std::string& op, int64_t n, double first, double second, double salt = 0) {
  std::vector<Array> inputs = {array({2}, {7, 2}, DType::I32),
                               array({n}, Numbers(static_cast<size_t>(n), first))};
  if (op != "randomGamma") inputs.push_back(array({n}, Numbers(static_cast<size_t>(n), second)));
  return runOp(op, inputs, {{"salt", static_cast<int64_t>(salt)}});
}

// Within six standard errors of the mean and of the variance: about (kurtosis - 1) / n of its square.
void expectMoments(const Array& y, double mean, double variance, double kurtosis, const std::string& what) {
  const auto n = static_cast<double>(y.data.size());
  double sum = 0, squares = 0;
  for (double v : y.data) sum += v;
  for (double v : y.data) squares += (v - sum / n) * (v - sum / n);
  EXPECT_NEAR(sum / n, mean, 6 * std::sqrt(variance / n)) << what;
  EXPECT_NEAR(squares / n, variance, 6 * variance * std::sqrt((kurtosis - 1) / n)) << what;
}

TEST(DistributionKernel, HasTheMomentsOfItsDistribution) {
  for (double a : {0.3, 1.0, 2.5, 80.0})
    expectMoments(drawn("randomGamma", 40000, a, 0), a, a, 3 + 6 / a, "gamma " + std::to_string(a));
  for (auto [a, b] : std::vector<std::pair<double, double>>{{0.5, 0.5}, {2, 5}, {30, 1}}) {
    const double sum = a + b, mean = a / sum, variance = a * b / (sum * sum * (sum + 1));
    const double excess =
        6 * ((a - b) * (a - b) * (sum + 1) - a * b * (sum + 2)) / (a * b * (sum + 2) * (sum + 3));
    expectMoments(drawn("randomBeta", 40000, a, b), mean, variance, 3 + excess, "beta " + std::to_string(a));
  }
  // By inversion, by rejection, and of the likelier side.
  for (auto [n, p] : std::vector<std::pair<double, double>>{
           {1, 0.3}, {12, 0.5}, {40, 0.3}, {1000, 0.02}, {90, 0.9}, {1e6, 0.25}}) {
    const double p32 = static_cast<float>(p), variance = n * p32 * (1 - p32);
    expectMoments(drawn("randomBinomial", 40000, n, p), n * p32, variance,
                  3 + (1 - 6 * p32 * (1 - p32)) / variance, "binomial " + std::to_string(n));
  }
}

// Each of the numbers of successes as often as it should be, on both sides of where the methods change.
TEST(DistributionKernel, BinomialNumbersComeAsOftenAsTheyShould) {
  for (auto [n, p] : std::vector<std::pair<double, double>>{{19, 0.5}, {20, 0.5}, {30, 0.4}}) {
    constexpr int64_t draws = 100000;
    const Array y = drawn("randomBinomial", draws, n, p);
    const double p32 = static_cast<float>(p);
    for (double k = 0; k <= n; ++k) {
      const double share = std::exp(std::lgamma(n + 1) - std::lgamma(k + 1) - std::lgamma(n - k + 1) +
                                    k * std::log(p32) + (n - k) * std::log1p(-p32));
      const auto found = static_cast<double>(std::count(y.data.begin(), y.data.end(), k));
      // Six standard errors; of rare numbers five more, for which a normal error is no measure.
      EXPECT_NEAR(found, draws * share, 6 * std::sqrt(draws * share) + 5) << n << " " << k;
    }
  }
}

TEST(DistributionKernel, GivesWhatEdgesAndWrongParametersSay) {
  const auto one = [](const char* op, double first, double second) {
    return drawn(op, 1, first, second).data[0];
  };
  EXPECT_EQ(one("randomGamma", 0, 0), 0);
  EXPECT_TRUE(std::isnan(one("randomGamma", -1, 0)));
  EXPECT_EQ(one("randomBeta", 0, 2), 0);
  EXPECT_EQ(one("randomBeta", 2, 0), 1);
  EXPECT_TRUE(std::isnan(one("randomBeta", NAN, 1)));
  EXPECT_EQ(one("randomBinomial", 9, 0), 0);
  EXPECT_EQ(one("randomBinomial", 9, 1), 9);
  EXPECT_TRUE(std::isnan(one("randomBinomial", 9, 1.5)));
  EXPECT_TRUE(std::isnan(one("randomBinomial", -1, 0.5)));
  // Tiny parameters: one of the two is almost certain.
  const double y = one("randomBeta", 1e-4, 1e-4);
  EXPECT_TRUE(y < 1e-6 || y > 1 - 1e-6) << y;
}

TEST(DistributionKernel, TheSameForAnyNumberOfThreads) {
  setTeamThreads(1);
  const Array one = drawn("randomGamma", 5000, 0.7, 0);
  setTeamThreads(3);
  EXPECT_EQ(drawn("randomGamma", 5000, 0.7, 0).data, one.data);
  setTeamThreads(availableThreads());
  EXPECT_NE(drawn("randomGamma", 5000, 0.7, 0, 1).data, one.data);
}

}  // namespace
}  // namespace nodegrad::testing
