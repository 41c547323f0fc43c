#include "support/kernel_test.h"

namespace nodegrad::testing {
namespace {

class OrthonormalRows : public OnEachIsa {};
ON_EACH_ISA(OrthonormalRows);

Call call(const Array& x) { return {"orthonormalRows", {x}, {x.type}, {}}; }

// Each rounding of a reflection moves a row by 2⁻²⁴ of its length, in random directions: m reflections there
// and m back give √(2m) of them, and four standard deviations are allowed.
double bound(int64_t rows) { return 4 * std::sqrt(2.0 * static_cast<double>(rows) + 4) * 0x1p-24; }

TEST_P(OrthonormalRows, ArePerpendicularUnitVectorsThatSpanTheRows) {
  for (const Dims& shape : {Dims{1, 1}, Dims{1, 9}, Dims{3, 3}, Dims{5, 31}, Dims{31, 40}, Dims{32, 32},
                            Dims{33, 64}, Dims{64, 65}, Dims{100, 257}, Dims{130, 130}}) {
    const Array x = randomNumbers(shape, 7);
    const Array q = run(call(x))[0];
    const int64_t rows = shape[0], columns = shape[1];
    const auto dot = [&](const Array& a, int64_t i, const Array& b, int64_t j) {
      double sum = 0;
      for (int64_t k = 0; k < columns; ++k) sum += a.data[i * columns + k] * b.data[j * columns + k];
      return sum;
    };
    for (int64_t i = 0; i < rows; ++i)
      for (int64_t j = 0; j <= i; ++j)
        ASSERT_NEAR(dot(q, i, q, j), i == j, bound(rows))
            << toString(x.type) << " rows " << i << " and " << j;
    // x = L Q: row i of x is perpendicular to the rows of Q behind it, and on the positive side of its own.
    for (int64_t i = 0; i < rows; ++i) {
      const double length = std::sqrt(dot(x, i, x, i));
      for (int64_t j = i + 1; j < rows; ++j)
        ASSERT_NEAR(dot(x, i, q, j), 0, bound(rows) * length) << toString(x.type);
      ASSERT_GT(dot(x, i, q, i), 0) << toString(x.type) << " row " << i;
    }
  }
}

TEST_P(OrthonormalRows, AreThoseOfGramAndSchmidt) {
  const Array x = array({2, 3}, {0, 3, 4, 1, 3, 4});
  expectNear(run(call(x))[0], {0, 0.6, 0.8, 1, 0, 0}, 0, bound(2));
}

// Rows that depend on others have any direction that is left.
TEST_P(OrthonormalRows, OfEqualRowsAndZerosAreOrthonormal) {
  Array x = array({3, 40}, std::vector<double>(120, 0.0));
  for (int k = 0; k < 40; ++k) x.data[k] = x.data[40 + k] = k - 20;
  const Array q = run(call(x))[0];
  for (int i = 0; i < 3; ++i)
    for (int j = 0; j <= i; ++j) {
      double sum = 0;
      for (int k = 0; k < 40; ++k) sum += q.data[i * 40 + k] * q.data[j * 40 + k];
      EXPECT_NEAR(sum, i == j, bound(3)) << i << ", " << j;
    }
}

TEST_P(OrthonormalRows, HaveTheSameBitsOnAnyNumberOfThreads) {
  const int threads = teamThreads();
  const Array x = randomNumbers({150, 200}, 9);
  std::vector<std::vector<double>> results;
  for (int team : {1, 2, 3}) {
    setTeamThreads(team);
    results.push_back(run(call(x))[0].data);
  }
  setTeamThreads(threads);
  EXPECT_EQ(results[0], results[1]);
  EXPECT_EQ(results[0], results[2]);
}

}  // namespace
}  // namespace nodegrad::testing
