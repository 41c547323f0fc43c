#include <algorithm>

#include "cpu/memory/onednn.h"
#include "support/kernel_test.h"

namespace nodegrad::testing {
namespace {

struct Reduction {
  std::string op;
  double start;
  std::function<double(double, double)> f;
};

std::vector<Reduction> reductions() {
  const auto add = [](double a, double b) { return a + b; };
  return {{"sum", 0, add},
          {"mean", 0, add},
          {"prod", 1, [](double a, double b) { return a * b; }},
          {"max", -INFINITY, [](double a, double b) { return std::max(a, b); }},
          {"min", INFINITY, [](double a, double b) { return std::min(a, b); }}};
}

Dims outputShape(const Dims& shape, const Dims& axes) {
  Dims out;
  for (size_t d = 0; d < shape.size(); ++d) {
    const bool reduced = axes.empty() || std::count(axes.begin(), axes.end(), static_cast<int64_t>(d));
    out.push_back(reduced ? 1 : shape[d]);
  }
  return out;
}

std::vector<double> reference(const Reduction& r, const Array& x, const Dims& out) {
  std::vector<double> totals(count(out), r.start);
  size_t i = 0;
  ::nodegrad::reference::forEach(x.type.shape, [&](const Dims& at, int64_t) {
    double& total = totals[::nodegrad::reference::broadcastPlace(out, at)];
    total = r.f(total, x.data[i++]);
  });
  if (r.op == "mean") {
    for (double& v : totals) v *= static_cast<double>(totals.size()) / static_cast<double>(x.data.size());
  }
  return totals;
}

Array reduce(const std::string& op, const Array& x, const Dims& axes) {
  const Dims out = outputShape(x.type.shape, axes);
  return run({op, {x}, {{DType::F32, out}}, {{"axes", axes}, {"keepDims", true}}})[0];
}

class Reduce : public OnEachIsa {};
ON_EACH_ISA(Reduce);

TEST_P(Reduce, AnyAxes) {
  const std::vector<std::pair<Dims, Dims>> cases = {{{}, {}},
                                                    {{1}, {}},
                                                    {{7}, {0}},
                                                    {{5, 7}, {0}},
                                                    {{5, 7}, {1}},
                                                    {{5, 7}, {}},
                                                    {{3, 4, 5}, {1}},
                                                    {{3, 4, 5}, {0, 2}},
                                                    {{3, 4, 5}, {1, 2}},
                                                    {{2, 3, 4, 5}, {0, 2}},
                                                    {{2, 3, 4, 5}, {1, 3}},
                                                    {{300, 77}, {0}},
                                                    {{77, 300}, {1}},
                                                    {{3, 70, 33}, {0, 1}},
                                                    {{2, 1100}, {0}},
                                                    {{1, 9, 1, 3}, {1, 2}},
                                                    {{40, 3, 50, 5}, {0, 2}},
                                                    {{200000}, {0}},
                                                    {{100000, 3}, {0}},
                                                    {{3, 100000}, {1}}};
  for (const Reduction& r : reductions()) {
    for (auto& [shape, axes] : cases) {
      // A long product of numbers about 1 stays a float.
      const bool product = r.op == "prod";
      const Array x = randomNumbers(shape, 11, product ? 0.999 : -1, product ? 1.001 : 1);
      expectNear(reduce(r.op, x, axes), reference(r, x, outputShape(shape, axes)), product ? 1e-5 : 1e-6,
                 1e-6 * std::sqrt(count(shape)), r.op + toString(shape) + toString(axes));
    }
  }
}

TEST_P(Reduce, ReadsBlockedChannels) {
  const Dims shape = {4, 9, 30, 48};
  const onednn::Desc desc({4, 48, 9, 30}, dnnl::memory::data_type::f32, onednn::Tag::nChw16c);
  const LayoutPtr layout = onednn::layoutOf(desc.permute_axes({0, 3, 1, 2}));
  const Array x = randomNumbers(shape, 11);
  for (const Dims& axes : {Dims{1, 2}, Dims{0, 1, 2}, Dims{3}, Dims{0, 3}, Dims{}}) {
    const Dims out = outputShape(shape, axes);
    const Call call{"sum", {x}, {{DType::F32, out}}, {{"axes", axes}, {"keepDims", true}}, {layout}};
    EXPECT_TRUE(sameLayout(cpuBackend().layouts(call.spec(), {false}).inputs[0], layout));
    expectNear(run(call)[0], reference(reductions()[0], x, out), 1e-6, 1e-5, toString(axes));
  }
}

// Of bfloat16 it is that of the same numbers in float32, not rounded.
TEST_P(Reduce, Bfloat16AsTheFloatsThatItIs) {
  for (const Reduction& r : reductions())
    for (auto& [shape, axes] : std::vector<std::pair<Dims, Dims>>{{{7}, {0}},
                                                                  {{5, 7}, {0}},
                                                                  {{3, 4, 5}, {1}},
                                                                  {{2, 3, 4, 5}, {1, 3}},
                                                                  {{77, 300}, {1}},
                                                                  {{300, 77}, {0}},
                                                                  {{40, 3, 50, 5}, {0, 2}},
                                                                  {{3, 20000}, {1}}}) {
      Array x = randomNumbers(shape, 11, 0.9, 1.1, DType::BF16);
      const Array inBf16 = reduce(r.op, x, axes);
      x.type.dtype = DType::F32;
      EXPECT_EQ(inBf16.data, reduce(r.op, x, axes).data) << r.op << toString(shape) << toString(axes);
    }
}

TEST_P(Reduce, LongSumsStayExact) {
  const int64_t n = 10000000;
  std::vector<double> values(n);
  double sum = 0;
  for (int64_t i = 0; i < n; ++i) sum += values[i] = static_cast<float>(1 + i % 7 * 0.1);
  EXPECT_NEAR(reduce("sum", array({n}, values), {}).data[0] / sum, 1, 1e-6);
  EXPECT_NEAR(reduce("mean", array({n / 10, 10}, values), {0}).data[3] / (sum / n), 1, 0.01);
  const Array columns =
      reduce("sum", array({n / 7, 7}, std::vector<double>(values.begin(), values.begin() + n / 7 * 7)), {0});
  for (int c = 0; c < 7; ++c)
    EXPECT_NEAR(columns.data[c] / (n / 7 * static_cast<double>(static_cast<float>(1 + c * 0.1))), 1, 1e-6);
}

TEST_P(Reduce, TheSameBitsForAnyNumberOfThreads) {
  const Array x = randomNumbers({100003, 9}, 4);
  for (const Dims& axes : {Dims{0}, Dims{1}, Dims{}}) {
    setTeamThreads(1);
    const Array one = reduce("sum", x, axes);
    setTeamThreads(3);
    const Array three = reduce("sum", x, axes);
    setTeamThreads(availableThreads());
    EXPECT_EQ(one.data, three.data);
  }
}

TEST_P(Reduce, NanTravels) {
  for (int64_t place : {0, 5, 63, 64, 99}) {
    std::vector<double> values(100, 1.0);
    values[place] = NAN;
    for (const char* op : {"sum", "mean", "prod", "max", "min"}) {
      EXPECT_TRUE(std::isnan(reduce(op, array({100}, values), {}).data[0])) << op << place;
      EXPECT_TRUE(std::isnan(reduce(op, array({100, 1, 1}, values), {0}).data[0])) << op << place;
      EXPECT_TRUE(std::isnan(reduce(op, array({2, 50}, values), {0}).data[place % 50])) << op << place;
    }
  }
}

TEST_P(Reduce, NothingSumsToZero) {
  EXPECT_EQ(reduce("sum", array({0, 3}, {}), {0}).data, std::vector<double>(3, 0.0));
}

TEST_P(Reduce, ArgMaxTakesTheFirstOfEquals) {
  for (auto& [shape, axis] : std::vector<std::pair<Dims, int64_t>>{
           {{7}, 0}, {{40, 10}, 1}, {{40, 10}, 0}, {{5, 6, 37}, 1}, {{300, 100}, -1}}) {
    Array x = randomNumbers(shape, 3, 0, 9);
    for (double& v : x.data) v = std::floor(v);
    const size_t at = axis < 0 ? shape.size() - 1 : axis;
    Dims out = shape;
    out[at] = 1;
    for (const bool largest : {true, false}) {
      std::vector<double> best(count(out), largest ? -1 : 10), places(count(out));
      size_t i = 0;
      ::nodegrad::reference::forEach(shape, [&](const Dims& place, int64_t) {
        const size_t o = ::nodegrad::reference::broadcastPlace(out, place);
        const double v = x.data[i++];
        if (largest ? v > best[o] : v < best[o]) {
          best[o] = v;
          places[o] = place[at];
        }
      });
      const auto result = run(
          {largest ? "argmax" : "argmin", {x}, {{DType::I32, out}}, {{"axis", axis}, {"keepDims", true}}});
      expectNear(result[0], places, 0, 0, toString(shape));
    }
  }
}

}  // namespace
}  // namespace nodegrad::testing
