#include "cpu/isa.h"
#include "cpu/matmul/kernels.h"
#include "cpu/matmul/matrix_product.h"
#include "support/kernel_test.h"

namespace nodegrad::testing {
namespace {

struct Sizes {
  int64_t rows, depth, vectors;
};

// One row and tiles that are not full, more rows, depth and columns than are packed at a time.
const std::vector<Sizes> kSizes = {{1, 1, 1},     {5, 3, 1},     {7, 9, 2},    {13, 255, 3}, {50, 256, 4},
                                   {129, 257, 5}, {260, 700, 7}, {97, 33, 65}, {300, 2, 9}};

class MatrixProducts : public OnEachIsa {
 protected:
  // Calls check(product, a, b, bias) for each size and each of what may come with it.
  template <class Check>
  void forAll(const Check& check) {
    for (const auto& [rows, depth, vectors] : kSizes)
      for (bool transposeA : {false, true})
        for (bool bias : {false, true})
          for (bool sums : {false, true}) {
            const int64_t columns = vectors * isaKernels().product->lanes;
            check(MatrixProduct{rows, depth, columns, transposeA, bias, sums},
                  randomNumbers(transposeA ? Dims{depth, rows} : Dims{rows, depth}, 1),
                  randomNumbers({depth, columns}, 2), randomNumbers({columns}, 3));
          }
  }

  static std::vector<Array> run(const MatrixProduct& product, const Array& a, const Array& b,
                                const Array& bias) {
    std::vector<TensorType> outputs{{DType::F32, {product.rows, product.columns}}};
    if (product.sums) outputs.push_back(bias.type);
    return testing::run(*makeMatrixProduct(product),
                        {"matmul", product.bias ? std::vector{a, b, bias} : std::vector{a, b}, outputs, {}});
  }
};
ON_EACH_ISA(MatrixProducts);

TEST_P(MatrixProducts, EqualTheReference) {
  forAll([](const MatrixProduct& product, const Array& a, const Array& b, const Array& bias) {
    const std::string what = std::to_string(product.rows) + " x " + std::to_string(product.depth) + " x " +
                             std::to_string(product.columns) + (product.transposeA ? " transposed" : "");
    Array y =
        reference::apply("matmul", {a, b}, {{"transposeA", product.transposeA}, {"transposeB", false}})[0];
    const size_t columns = bias.data.size();
    for (size_t i = 0; product.bias && i < y.data.size(); ++i) y.data[i] += bias.data[i % columns];
    const std::vector<Array> result = run(product, a, b, bias);
    expectClose(result[0], y, product.depth + 1, what);
    if (!product.sums) return;
    Array sums{bias.type, std::vector<double>(columns)};
    for (size_t i = 0; i < b.data.size(); ++i) sums.data[i % columns] += b.data[i];
    expectClose(result[1], sums, product.depth, what + ", sums");
  });
}

TEST_P(MatrixProducts, DoNotDependOnTheThreads) {
  const int team = teamThreads();
  forAll([&](const MatrixProduct& product, const Array& a, const Array& b, const Array& bias) {
    setTeamThreads(1);
    const std::vector<Array> one = run(product, a, b, bias);
    setTeamThreads(3);
    const std::vector<Array> three = run(product, a, b, bias);
    setTeamThreads(team);
    for (size_t i = 0; i < one.size(); ++i) EXPECT_EQ(one[i].data, three[i].data);
  });
}

TEST(MatrixProductRule, GivesDenseLayersTheOwnKernelWhereItIsFaster) {
  if (isaKernels().name != std::string("avx2")) GTEST_SKIP() << "measured with AVX2 alone";
  const auto implementation = [](Call call) { return runPlanned(std::move(call)).implementation; };
  const Array x = randomNumbers({64, 70}, 1), w = randomNumbers({70, 512}, 2),
              dy = randomNumbers({64, 512}, 3);
  EXPECT_EQ(implementation({"innerProduct", {x, w}, {dy.type}, {}}), "own:avx2");
  EXPECT_EQ(implementation({"innerProductBackwardWeights", {x, dy}, {w.type}, {}}), "own:avx2");
  const Attrs plain{{"transposeA", false}, {"transposeB", false}};
  EXPECT_EQ(implementation({"matmul", {x, w}, {dy.type}, plain}), "own:avx2");
  // Few rows do not pay for the packing of the weights.
  const Array few = randomNumbers({8, 70}, 1);
  EXPECT_NE(implementation({"innerProduct", {few, w}, {{DType::F32, {8, 512}}}, {}}), "own:avx2");
}

}  // namespace
}  // namespace nodegrad::testing
