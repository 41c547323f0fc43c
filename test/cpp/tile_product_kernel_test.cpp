// Products on tiles of bfloat16, by AMX and by the plain stand-in.
#include "cpu/matmul/kernels.h"
#include "support/kernel_test.h"
#include "support/tiles.h"

namespace nodegrad::testing {
namespace {

struct Sizes {
  int64_t rows, depth, vectors;
};

// Less than a tile in each way, whole tiles, one more, more depth than is transposed at a time.
const std::vector<Sizes> kSizes = {{1, 2, 1},   {5, 6, 2},   {16, 32, 1},  {17, 34, 3},
                                   {32, 64, 2}, {33, 30, 5}, {50, 128, 4}, {40, 1030, 3}};

uint16_t bitsOf(double number) {
  const BFloat16 half(static_cast<float>(number));
  uint16_t bits;
  std::memcpy(&bits, &half, sizeof bits);
  return bits;
}

// A matrix as kernels pack it, in panels of columns with pairs of rows.
std::vector<uint16_t> packed(const ProductKernels<uint16_t>& kernels, const Array& matrix, int64_t vectors) {
  const int64_t depth = matrix.shape()[0], columns = matrix.shape()[1], lanes = kernels.lanes;
  std::vector<float> numbers(matrix.data.begin(), matrix.data.end());
  std::vector<uint16_t> to(matrix.data.size());
  for (int64_t v = 0; v < vectors; v += kernels.panel) {
    const int64_t some = std::min<int64_t>(kernels.panel, vectors - v);
    for (int64_t i = 0; i < some; ++i)
      kernels.pack(numbers.data() + (v + i) * lanes, columns, depth,
                   to.data() + v * lanes * depth + i * lanes * kernels.depth, some * lanes);
  }
  return to;
}

class TileProducts : public ::testing::TestWithParam<NamedTiles> {
 protected:
  const ProductKernels<uint16_t>& kernels_ = *GetParam().kernels->product;
};
INSTANTIATE_TEST_SUITE_P(Kernels, TileProducts, ::testing::ValuesIn(tileKernels()),
                         [](const auto& info) { return info.param.name; });

TEST_P(TileProducts, EqualTheReference) {
  for (const auto& [rows, depth, vectors] : kSizes)
    for (bool transposed : {false, true})
      for (bool adds : {false, true}) {
        const int64_t columns = vectors * kernels_.lanes, gap = 3;
        const Array x =
            randomNumbers(transposed ? Dims{depth, rows} : Dims{rows, depth}, 1, -1, 1, DType::BF16);
        const Array matrix = randomNumbers({depth, columns}, 2, -1, 1, DType::BF16);
        Array floatX = x, floatMatrix = matrix;
        floatX.type.dtype = floatMatrix.type.dtype = DType::F32;
        Array expected = reference::apply("matmul", {floatX, floatMatrix},
                                          {{"transposeA", transposed}, {"transposeB", false}})[0];
        const std::vector<uint16_t> b = packed(kernels_, matrix, vectors);
        // Rows with gaps between them; transposed, pairs of rows are interleaved.
        const int64_t width = transposed ? 2 * rows + gap : depth + gap;
        std::vector<uint16_t> a(static_cast<size_t>((transposed ? depth / 2 : rows) * width), bitsOf(NAN));
        for (int64_t i = 0; i < x.shape()[0]; ++i)
          for (int64_t j = 0; j < x.shape()[1]; ++j)
            a[static_cast<size_t>(transposed ? i / 2 * width + 2 * j + i % 2 : i * width + j)] =
                bitsOf(x.data[static_cast<size_t>(i * x.shape()[1] + j)]);
        const int64_t stride = columns + gap;
        std::vector<float> y(static_cast<size_t>(rows * stride), adds ? 0.5F : NAN);
        const auto multiply = transposed ? adds ? kernels_.addTransposed : kernels_.multiplyTransposed
                              : adds     ? kernels_.add
                                         : kernels_.multiply;
        multiply(a.data(), width, rows, depth, b.data(), vectors, y.data(), stride);
        Array actual{expected.type, {}};
        for (int64_t r = 0; r < rows; ++r)
          for (int64_t c = 0; c < stride; ++c) {
            const float v = y[static_cast<size_t>(r * stride + c)];
            if (c < columns)
              actual.data.push_back(v);
            else
              EXPECT_TRUE(adds ? v == 0.5F : std::isnan(v)) << "written after the columns";
          }
        for (double& v : expected.data) v += adds ? 0.5 : 0;
        expectClose(actual, expected, depth,
                    std::to_string(rows) + " x " + std::to_string(depth) + " x " + std::to_string(columns) +
                        (transposed ? " transposed" : ""));
      }
}

TEST_P(TileProducts, PackRoundedNumbers) {
  const int64_t lanes = kernels_.lanes;
  const std::vector<double> special = {1 + 0x1p-8, 1 + 0x1.8p-7, -1 - 0x1p-9, 1e38,
                                       INFINITY,   -INFINITY,    NAN,         0};
  std::vector<float> rows(static_cast<size_t>(lanes * lanes));
  for (size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<float>(special[i % 7 % special.size()]);
  std::vector<uint16_t> plain(rows.size()), turned(rows.size());
  kernels_.pack(rows.data(), lanes, lanes, plain.data(), lanes);
  kernels_.packTransposed(rows.data(), lanes, turned.data(), lanes);
  const auto same = [](uint16_t bits, float number) {
    return std::isnan(number) ? (bits & 0x7fff) > 0x7f80 : bits == bitsOf(number);
  };
  for (int64_t r = 0; r < lanes; ++r)
    for (int64_t c = 0; c < lanes; ++c) {
      const auto at = static_cast<size_t>(r / 2 * 2 * lanes + 2 * c + r % 2);
      EXPECT_TRUE(same(plain[at], rows[static_cast<size_t>(r * lanes + c)])) << r << ' ' << c;
      EXPECT_TRUE(same(turned[at], rows[static_cast<size_t>(c * lanes + r)])) << r << ' ' << c;
    }
}

TEST(TileProducts, TheStandInHasTheBitsOfTheInstruction) {
  if (tileKernels().size() < 2) GTEST_SKIP() << "no AMX here";
  const Array x = randomNumbers({20, 70}, 1), matrix = randomNumbers({70, 32}, 2);
  std::vector<uint16_t> a;
  for (double v : x.data) a.push_back(bitsOf(v));
  std::vector<std::vector<float>> results;
  for (const auto& [name, kernels] : tileKernels()) {
    const auto& product = *kernels->product;
    std::vector<float> y(20 * 32);
    product.multiply(a.data(), 70, 20, 70, packed(product, matrix, 2).data(), 2, y.data(), 32);
    results.push_back(y);
  }
  EXPECT_EQ(results[0], results[1]);
}

}  // namespace
}  // namespace nodegrad::testing
