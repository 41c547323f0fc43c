#include "support/kernel_test.h"

namespace nodegrad::testing {
namespace {

// exp(x) / Σ exp(x) or its logarithm, along an axis.
std::vector<double> reference(const Array& x, size_t axis, bool logarithm) {
  Dims kept = x.type.shape;
  kept[axis] = 1;
  std::vector<double> largest(count(kept), -INFINITY), sum(count(kept)), result;
  const auto each = [&](const std::function<void(double, size_t)>& body) {
    size_t i = 0;
    ::nodegrad::reference::forEach(x.type.shape, [&](const Dims& at, int64_t) {
      body(x.data[i++], ::nodegrad::reference::broadcastPlace(kept, at));
    });
  };
  each([&](double v, size_t o) { largest[o] = std::max(largest[o], v); });
  each([&](double v, size_t o) { sum[o] += std::exp(v - largest[o]); });
  each([&](double v, size_t o) {
    const double log = v - largest[o] - std::log(sum[o]);
    result.push_back(logarithm ? log : std::exp(log));
  });
  return result;
}

class Softmax : public OnEachIsa {};
ON_EACH_ISA(Softmax);

TEST_P(Softmax, AlongAnyAxis) {
  for (auto& [shape, axis] : std::vector<std::pair<Dims, int64_t>>{{{10}, 0},
                                                                   {{128, 10}, -1},
                                                                   {{3, 17}, 1},
                                                                   {{17, 3}, 0},
                                                                   {{2, 33, 7}, 1},
                                                                   {{5, 1}, 1},
                                                                   {{3, 1000}, 1},
                                                                   {{4, 9, 600}, 1}}) {
    const Array x = randomNumbers(shape, 5, -30, 90);
    const size_t at = axis < 0 ? shape.size() - 1 : axis;
    for (const std::vector<int>& reuse : {std::vector<int>{}, {0}}) {
      expectNear(run({"softmax", {x}, {x.type}, {{"axis", axis}}}, reuse)[0], reference(x, at, false), 4e-6,
                 1e-37, toString(shape));
      expectNear(run({"logSoftmax", {x}, {x.type}, {{"axis", axis}}}, reuse)[0], reference(x, at, true), 1e-6,
                 1e-6, toString(shape));
    }
  }
}

TEST_P(Softmax, CrossEntropies) {
  for (auto [rows, classes] : {std::pair<int64_t, int64_t>{1, 2}, {128, 10}, {7, 33}, {3, 1000}}) {
    const Array x = randomNumbers({rows, classes}, 5, -20, 20),
                labels = randomNumbers({rows, classes}, 6, 0, 1);
    const std::vector<double> log = reference(x, 1, true);
    std::vector<double> dense(rows), sparse(rows);
    Array chosen = randomNumbers({rows}, 7, 0, classes - 0.001, classes < 256 ? DType::U8 : DType::I32);
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t c = 0; c < classes; ++c) dense[r] -= labels.data[r * classes + c] * log[r * classes + c];
      sparse[r] = -log[r * classes + static_cast<int64_t>(chosen.data[r])];
    }
    const TensorType type{DType::F32, {rows}};
    expectNear(run({"softmaxCrossEntropy", {x, labels}, {type}})[0], dense, 2e-6, 1e-6);
    expectNear(run({"sparseSoftmaxCrossEntropy", {x, chosen}, {type}})[0], sparse, 1e-6, 2e-6);
  }
}

TEST_P(Softmax, AnImpossibleClassThatIsNotExpectedCostsNothing) {
  const Array x = array({1, 3}, {0, -INFINITY, 0}), labels = array({1, 3}, {1, 0, 0});
  EXPECT_NEAR(run({"softmaxCrossEntropy", {x, labels}, {{DType::F32, {1}}}})[0].data[0], std::log(2), 1e-6);
}

TEST_P(Softmax, RefusesLabelsOutOfRange) {
  for (double label : {-1.0, 10.0}) {
    const Array x = randomNumbers({4, 10}, 5), labels = array({4}, {0, 9, label, 3}, DType::I32);
    try {
      run({"sparseSoftmaxCrossEntropy", {x, labels}, {{DType::F32, {4}}}});
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::Argument);
      const std::string message = error.what();
      EXPECT_NE(message.find("from 0 to 9 for 10 classes"), std::string::npos) << message;
      EXPECT_NE(message.find(label < 0 ? "received -1 in row 2" : "received 10 in row 2"), std::string::npos)
          << message;
    }
  }
}

}  // namespace
}  // namespace nodegrad::testing
