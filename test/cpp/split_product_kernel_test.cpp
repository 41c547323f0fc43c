// Products of float32 on tiles of bfloat16, by AMX and by the plain stand-in.
#include "cpu/matmul/split_product.h"
#include "support/kernel_test.h"
#include "support/tiles.h"

namespace nodegrad::testing {
namespace {

class SplitProducts : public ::testing::TestWithParam<NamedTiles> {
 protected:
  static Array run(const MatrixProduct& product, Array a, Array b, const Array& bias) {
    if (product.bFirst) std::swap(a, b);
    return testing::run(*makeSplitProduct(product, *GetParam().kernels),
                        {"matmul",
                         product.bias ? std::vector{a, b, bias} : std::vector{a, b},
                         {{DType::F32, {product.rows, product.columns}}},
                         {}})[0];
  }

  static Array expected(const MatrixProduct& product, const Array& a, const Array& b, const Array& bias) {
    Array y = reference::apply("matmul", {a, b},
                               {{"transposeA", product.transposeA}, {"transposeB", product.transposeB}})[0];
    for (size_t i = 0; i < y.data.size(); ++i) {
      if (product.bias) y.data[i] += bias.data[i % bias.data.size()];
      if (product.relu && y.data[i] < 0) y.data[i] = 0;
    }
    return y;
  }
};
INSTANTIATE_TEST_SUITE_P(Kernels, SplitProducts, ::testing::ValuesIn(tileKernels()),
                         [](const auto& info) { return info.param.name; });

struct Sizes {
  int64_t rows, depth, columns;
};
// Less than a block in each way, whole ones, one more, more depth than is cut at a time.
const std::vector<Sizes> kSizes = {{1, 1, 1},    {5, 7, 3},     {32, 32, 32},
                                   {33, 65, 47}, {64, 256, 96}, {40, 700, 70}};

TEST_P(SplitProducts, EqualTheReference) {
  for (const auto& [rows, depth, columns] : kSizes)
    for (int transposed : {0, 1, 2})
      for (bool bias : {false, true})
        for (bool relu : {false, true}) {
          MatrixProduct product{.rows = rows, .depth = depth, .columns = columns};
          product.transposeA = transposed == 1;
          product.transposeB = product.bFirst = transposed == 2;
          product.bias = bias && !product.bFirst;
          product.relu = relu;
          const Array a = randomNumbers(product.transposeA ? Dims{depth, rows} : Dims{rows, depth}, 1),
                      b = randomNumbers(product.transposeB ? Dims{columns, depth} : Dims{depth, columns}, 2),
                      some = randomNumbers({columns}, 3);
          expectClose(run(product, a, b, some), expected(product, a, b, some), depth + 1,
                      std::to_string(rows) + " x " + std::to_string(depth) + " x " + std::to_string(columns) +
                          ", transposed " + std::to_string(transposed));
        }
}

TEST_P(SplitProducts, KeepInfinityAndNaN) {
  // Of which threads share the rows, the columns, the depth.
  for (const auto& [rows, depth, columns] : std::vector<Sizes>{{40, 40, 40}, {40, 40, 100}, {40, 700, 40}}) {
    const MatrixProduct product{.rows = rows, .depth = depth, .columns = columns};
    Array a = randomNumbers({rows, depth}, 1), b = randomNumbers({depth, columns}, 2);
    const auto at = [](const Array& matrix, int64_t r, int64_t c) {
      return static_cast<size_t>(r * matrix.shape()[1] + c);
    };
    a.data[at(a, 0, 3)] = INFINITY, b.data[at(b, 3, 5)] = 0.5;
    a.data[at(a, 35, 7)] = NAN;
    b.data[at(b, depth - 1, 38)] = -INFINITY;
    const Array y = run(product, a, b, {}), all = expected(product, a, b, {});
    for (size_t i = 0; i < y.data.size(); ++i) {
      if (std::isnan(all.data[i]))
        EXPECT_TRUE(std::isnan(y.data[i])) << i;
      else if (std::isinf(all.data[i]))
        EXPECT_EQ(y.data[i], all.data[i]) << i;
      else
        EXPECT_NEAR(y.data[i], all.data[i], 1e-7 * static_cast<double>(depth)) << i;
    }
  }
}

// Of errors to those of sums in order, each step rounded to float32.
TEST_P(SplitProducts, AreAsExactAsFloat32) {
  const int64_t n = 64, depth = 512;
  const MatrixProduct product{.rows = n, .depth = depth, .columns = n};
  const Array a = randomNumbers({n, depth}, 1), b = randomNumbers({depth, n}, 2);
  const Array y = run(product, a, b, {}), all = expected(product, a, b, {});
  double own = 0, plain = 0;
  for (int64_t i = 0; i < n * n; ++i) {
    float sum = 0;
    for (int64_t k = 0; k < depth; ++k)
      sum += static_cast<float>(a.data[static_cast<size_t>(i / n * depth + k)]) *
             static_cast<float>(b.data[static_cast<size_t>(k * n + i % n)]);
    const auto at = static_cast<size_t>(i);
    own += std::pow(y.data[at] - all.data[at], 2), plain += std::pow(sum - all.data[at], 2);
  }
  EXPECT_LT(own, plain);
}

TEST_P(SplitProducts, DoNotDependOnTheThreads) {
  const MatrixProduct product{.rows = 130, .depth = 300, .columns = 100};
  const Array a = randomNumbers({130, 300}, 1), b = randomNumbers({300, 100}, 2);
  const int team = teamThreads();
  setTeamThreads(1);
  const Array one = run(product, a, b, {});
  setTeamThreads(3);
  const Array three = run(product, a, b, {});
  setTeamThreads(team);
  EXPECT_EQ(one.data, three.data);
}

}  // namespace
}  // namespace nodegrad::testing
