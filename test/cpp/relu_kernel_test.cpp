// ReLU after oneDNN's kernels: NaN stays, and the look through the operands sees all that might become NaN.
#include <cstring>
#include <limits>

#include "cpu/elementwise/kernels.h"
#include "support/kernel_test.h"

namespace nodegrad::testing {
namespace {

class ReluKernel : public OnEachIsa {};

uint16_t bfloat16(float v) {
  const BFloat16 inBf16(v);
  uint16_t bits;
  std::memcpy(&bits, &inBf16, sizeof bits);
  return bits;
}

TEST_P(ReluKernel, KeepsNanAndWhatIsPositive) {
  const float inf = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  const std::vector<float> given{1.5f, -1.5f, 0.0f, inf, -inf, nan, -nan, 1e-30f, -1e-30f};
  const std::vector<float> expected{1.5f, 0, 0, inf, 0, nan, nan, 1e-30f, 0};
  for (size_t offset = 0; offset < 40; ++offset) {
    std::vector<float> y(offset, -2.0f);
    y.insert(y.end(), given.begin(), given.end());
    std::vector<uint16_t> inBf16;
    for (float v : y) inBf16.push_back(bfloat16(v));
    isaKernels().relu.floats->relu(y.data(), static_cast<int64_t>(y.size()));
    isaKernels().relu.bfloat16->relu(inBf16.data(), static_cast<int64_t>(inBf16.size()));
    for (size_t i = 0; i < y.size(); ++i) {
      const float e = i < offset ? 0 : expected[i - offset];
      EXPECT_TRUE(std::isnan(e) ? std::isnan(y[i]) : y[i] == e) << i << " after " << offset;
      const bool isNan = (inBf16[i] & 0x7fff) > 0x7f80;
      EXPECT_TRUE(std::isnan(e) ? isNan : inBf16[i] == bfloat16(e)) << i << " after " << offset;
    }
  }
}

TEST_P(ReluKernel, SeesEveryNumberThatIsNotModerate) {
  const float inf = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
  const auto both = [](const std::vector<float>& x) {
    std::vector<uint16_t> inBf16;
    for (float v : x) inBf16.push_back(bfloat16(v));
    const bool full = isaKernels().relu.floats->isModerate(x.data(), static_cast<int64_t>(x.size()));
    EXPECT_EQ(isaKernels().relu.bfloat16->isModerate(inBf16.data(), static_cast<int64_t>(inBf16.size())),
              full);
    return full;
  };
  EXPECT_TRUE(both({}));
  for (size_t size : {1, 7, 16, 33, 100}) {
    EXPECT_TRUE(both(std::vector<float>(size, -9e14f)));
    for (float v : {inf, -inf, nan, -nan, 2e15f, -3e38f})
      for (size_t at = 0; at < size; ++at) {
        std::vector<float> x(size, 1.0f);
        x[at] = v;
        EXPECT_FALSE(both(x)) << v << " at " << at << " of " << size;
      }
  }
}
ON_EACH_ISA(ReluKernel);

}  // namespace
}  // namespace nodegrad::testing
