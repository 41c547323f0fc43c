#include "support/kernel_test.h"

namespace nodegrad::testing {
namespace {

struct MatmulCase {
  std::string name;
  Dims a, b;  // before the transposes
};

std::vector<MatmulCase> matmulCases() {
  return {
      {"square", {16, 16}, {16, 16}},
      {"odd", {17, 5}, {5, 3}},
      {"dot", {1, 33}, {33, 1}},
      {"outer", {7, 1}, {1, 9}},
      {"large", {65, 130}, {130, 70}},
      {"stack", {3, 4, 5}, {3, 5, 6}},
      {"oneRightMatrix", {3, 2, 4, 5}, {5, 6}},
      {"oneLeftMatrix", {4, 5}, {2, 3, 5, 6}},
      {"crossedBroadcast", {3, 1, 4, 5}, {2, 5, 6}},
      {"batchOf17", {17, 1, 8}, {17, 8, 3}},
      {"sevenDimensions", {2, 1, 2, 1, 3, 4, 5}, {1, 2, 1, 2, 3, 5, 2}},
      {"noRows", {0, 5}, {5, 3}},
      {"noColumns", {4, 5}, {5, 0}},
      {"sumOverNothing", {4, 0}, {0, 3}},
      {"emptyStack", {0, 4, 5}, {5, 3}},
  };
}

Array transposed(const Array& array) {
  Array result = array;
  Dims& shape = result.type.shape;
  const size_t rank = shape.size();
  std::swap(shape[rank - 1], shape[rank - 2]);
  reference::forEach(array.shape(), [&](Dims index, int64_t place) {
    std::swap(index[rank - 1], index[rank - 2]);
    result.data[static_cast<size_t>(reference::placeOf(shape, index))] =
        array.data[static_cast<size_t>(place)];
  });
  return result;
}

class MatmulKernel : public ::testing::TestWithParam<MatmulCase> {};

TEST_P(MatmulKernel, EqualsThePlainSums) {
  const Array a = randomNumbers(GetParam().a, 1), b = randomNumbers(GetParam().b, 2);
  const Array expected = reference::apply("matmul", {a, b})[0];
  for (bool transposeA : {false, true})
    for (bool transposeB : {false, true}) {
      const Attrs attrs{{"transposeA", transposeA}, {"transposeB", transposeB}};
      const PlannedResult result =
          runPlanned({"matmul",
                      {transposeA ? transposed(a) : a, transposeB ? transposed(b) : b},
                      {expected.type},
                      attrs});
      expectClose(result.outputs[0], expected, a.shape().back(),
                  std::string(transposeA ? "aT " : "a ") + (transposeB ? "bT" : "b"));
    }
}

INSTANTIATE_TEST_SUITE_P(Shapes, MatmulKernel, ::testing::ValuesIn(matmulCases()),
                         [](const auto& info) { return info.param.name; });

TEST(MatmulKernels, RefuseMoreDimensionsThanOneDnnHas) {
  const Array a = randomNumbers(Dims(13, 1), 1);
  try {
    runPlanned({"matmul", {a, a}, {a.type}, {{"transposeA", false}, {"transposeB", false}}});
    FAIL() << "expected an error";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::Device);
    EXPECT_NE(
        std::string(error.what()).find("[matmul] expected inputs of at most 12 dimensions, received 13"),
        std::string::npos);
  }
}

}  // namespace
}  // namespace nodegrad::testing
