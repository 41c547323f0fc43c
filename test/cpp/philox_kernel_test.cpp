#include "core/philox.h"
#include "support/kernel_test.h"

namespace nodegrad::testing {
namespace {

// The known answers that come with Random123.
TEST(Philox, KnownAnswers) {
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}),
            (PhiloxCounter{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox4x32({0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}, {0xffffffff, 0xffffffff}),
            (PhiloxCounter{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (PhiloxCounter{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

constexpr uint32_t kSeed = 0x89abcdef, kStep = 70, kSalt = 5;
const Array key = array({2}, {static_cast<double>(static_cast<int32_t>(kSeed)), kStep}, DType::I32);

float uniformAt(int64_t i) { return philoxUniform(philoxBits(kSeed, kSalt, kStep, i)); }

class Random : public OnEachIsa {};
ON_EACH_ISA(Random);

TEST_P(Random, UniformIsTheScalarGenerator) {
  for (int64_t n : {1, 2, 5, 31, 33, 100003}) {
    const auto out = run({"randomUniform",
                          {key},
                          {{DType::F32, {n}}},
                          {{"shape", Dims{n}}, {"minval", 0.0}, {"maxval", 1.0}, {"salt", int64_t{kSalt}}}});
    for (int64_t i = 0; i < n; ++i) ASSERT_EQ(out[0].data[i], uniformAt(i)) << i;
  }
}

TEST_P(Random, DropoutKeepsWhereUniformReachesTheRate) {
  for (int64_t n : {1, 17, 512, 513, 50001}) {
    for (double rate : {0.0, 0.25, 0.9}) {
      const Array x = randomNumbers({n}, 3, 1, 2);
      const Attrs attrs{{"rate", rate}, {"salt", int64_t{kSalt}}};
      const auto out = run({"dropout", {x, key}, {x.type}, attrs});
      const float scale = 1.0f / (1.0f - static_cast<float>(rate));
      for (int64_t i = 0; i < n; ++i) {
        const float kept = static_cast<float>(x.data[i]) * scale;
        ASSERT_EQ(out[0].data[i], uniformAt(i) >= static_cast<float>(rate) ? kept : 0) << i;
      }
    }
  }
}

// Box and Muller in doubles, from the scalar generator.
double normalAt(int64_t i, uint32_t attempt = 0) {
  const int64_t even = i / 2 * 2;
  const double u = philoxUniform(philoxBits(kSeed, kSalt, kStep, even, attempt)) + 0x1p-24;
  const double v = philoxUniform(philoxBits(kSeed, kSalt, kStep, even + 1, attempt));
  return std::sqrt(-2 * std::log(u)) * (i == even ? std::cos(2 * M_PI * v) : std::sin(2 * M_PI * v));
}

TEST_P(Random, NormalIsBoxAndMuller) {
  const int64_t n = 50003;
  const auto out = run({"randomNormal",
                        {key},
                        {{DType::F32, {n}}},
                        {{"shape", Dims{n}}, {"mean", 2.0}, {"stddev", 3.0}, {"salt", int64_t{kSalt}}}});
  std::vector<double> expected;
  double sum = 0, squares = 0;
  for (int64_t i = 0; i < n; ++i) {
    expected.push_back(2 + 3 * normalAt(i));
    sum += out[0].data[i];
    squares += out[0].data[i] * out[0].data[i];
  }
  expectNear(out[0], expected, 2e-6, 4e-6);
  EXPECT_NEAR(sum / n, 2, 4 * 3 / std::sqrt(n));
  EXPECT_NEAR(std::sqrt(squares / n - sum / n * sum / n), 3, 0.05);
}

TEST_P(Random, TruncatedNormalDrawsAgain) {
  const int64_t n = 50003;
  const auto out = run({"truncatedNormal",
                        {key},
                        {{DType::F32, {n}}},
                        {{"shape", Dims{n}}, {"mean", 0.0}, {"stddev", 1.0}, {"salt", int64_t{kSalt}}}});
  std::vector<double> expected;
  for (int64_t i = 0; i < n; ++i) {
    uint32_t attempt = 0;
    while (std::abs(normalAt(i, attempt)) > 2) ++attempt;
    expected.push_back(normalAt(i, attempt));
  }
  expectNear(out[0], expected, 2e-6, 2e-6);
}

}  // namespace
}  // namespace nodegrad::testing
