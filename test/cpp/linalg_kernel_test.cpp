#include <gtest/gtest.h>

#include "host/parallel.h"
#include "support/kernel_test.h"

namespace nodegrad::testing {
namespace {

std::vector<Array> runOp(const std::string& op, const std::vector<Array>& inputs, const Attrs& attrs = {}) {
  std::vector<TensorType> types;
  for (const Array& input : inputs) types.push_back(input.type);
  const OpDef& def = findOp(op);
  const Attrs all = checkAttrs(def, attrs);
  return run({op, inputs, def.infer({def.name, types, all}), all});
}

std::string refusal(const std::string& op, const std::vector<Array>& inputs) {
  try {
    runOp(op, inputs);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::Argument);
    return error.what();
  }
  return "";
}

TEST(LinalgKernel, GivesWhatIsKnownByHand) {
  const Array a = array({2, 2}, {4, 2, 2, 2});
  expectNear(runOp("cholesky", {a})[0], {2, 0, 1, 1}, 0, 0);
  expectNear(runOp("inverse", {a})[0], {.5, -.5, -.5, 1}, 1e-7, 0);
  expectNear(runOp("solve", {a, array({2, 1}, {6, 4})})[0], {1, 1}, 1e-7, 0);
  expectNear(runOp("slogdet", {array({2, 2}, {0, 1, 2, 0})})[2], {-2}, 0, 0);
  const std::vector<Array> lu = runOp("luFactor", {array({2, 2}, {1, 2, 4, 4})});
  expectNear(lu[0], {4, 4, .25, 1}, 0, 0);
  expectNear(lu[1], {1, 1}, 0, 0);
  expectNear(lu[2], {1, 0}, 0, 0);
  expectNear(runOp("eigh", {array({2, 2}, {2, 0, 0, 1})})[0], {1, 2}, 1e-7, 0);
  expectNear(runOp("fft", {array({4}, {1, 2, 3, 4}), array({4}, {0, 0, 0, 0})})[1], {0, 2, 0, -2}, 1e-7,
             1e-7);
}

TEST(LinalgKernel, TransformsAnyLength) {
  for (int64_t n : {1, 2, 31, 37, 64, 74, 97, 120, 1009}) {
    const Array real = randomNumbers({2, n}, 3), imaginary = randomNumbers({2, n}, 4);
    for (bool inverse : {false, true}) {
      const Attrs attrs{{"inverse", inverse}};
      const std::vector<Array> y = runOp("fft", {real, imaginary}, attrs);
      const std::vector<Array> expected = reference::apply("fft", {real, imaginary}, attrs);
      // Rounded once; float64's own errors are far below.
      for (size_t part : {0, 1}) expectNear(y[part], expected[part].data, 0x1p-24, 1e-9, std::to_string(n));
    }
  }
}

TEST(LinalgKernel, RefusesWhatHasNoResult) {
  const Array singular = array({2, 2}, {1, 2, 2, 4});
  EXPECT_NE(refusal("inverse", {singular}).find("singular"), std::string::npos);
  EXPECT_NE(refusal("solve", {singular, singular}).find("singular"), std::string::npos);
  EXPECT_NE(refusal("triangularSolve", {array({2, 2}, {1, 2, 2, 0}), singular}).find("singular"),
            std::string::npos);
  EXPECT_NE(refusal("cholesky", {array({2, 2}, {1, 2, 2, 1})}).find("positive definite"), std::string::npos);
  for (const char* op : {"svd", "eigh", "pinv"})
    EXPECT_NE(refusal(op, {array({2, 2}, {1, NAN, 2, 1})}).find("finite"), std::string::npos) << op;
}

TEST(LinalgKernel, HasTheSameBitsOnAnyNumberOfThreads) {
  const int threads = teamThreads();
  const Array x = randomNumbers({40, 20, 20}, 9), y = randomNumbers({40, 20, 20}, 8);
  for (const char* op : {"inverse", "svd", "eigh", "qr", "fft"}) {
    const bool pair = std::string(op) == "fft";
    std::vector<std::vector<double>> results;
    for (int team : {1, 3}) {
      setTeamThreads(team);
      results.push_back(runOp(op, pair ? std::vector<Array>{x, y} : std::vector<Array>{x})[0].data);
    }
    setTeamThreads(threads);
    EXPECT_EQ(results[0], results[1]) << op;
  }
}

}  // namespace
}  // namespace nodegrad::testing
