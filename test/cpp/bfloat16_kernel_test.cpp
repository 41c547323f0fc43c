// Kernels on bfloat16 in memory: they compute in float32 and round once, when they store.
#include <limits>

#include "cpu/cpu_backend.h"
#include "cpu/memory/onednn.h"
#include "support/kernel_test.h"

namespace nodegrad::testing {
namespace {

constexpr DType BF16 = DType::BF16, F32 = DType::F32;
constexpr double kRounding = 0x1p-8;  // half of the last of 8 significant bits

TEST(BFloat16, RoundsToNearestTiesToEvenAndKeepsNan) {
  const auto rounded = [](float v) { return static_cast<float>(BFloat16(v)); };
  EXPECT_EQ(rounded(1 + 0x1p-8f), 1);            // a tie, down to even
  EXPECT_EQ(rounded(1 + 0x3p-8f), 1 + 0x1p-6f);  // a tie, up to even
  EXPECT_EQ(rounded(1 + 0x1.1p-8f), 1 + 0x1p-7f);
  EXPECT_EQ(rounded(-2.5f), -2.5f);
  EXPECT_EQ(rounded(std::numeric_limits<float>::max()), std::numeric_limits<float>::infinity());
  EXPECT_EQ(rounded(-std::numeric_limits<float>::infinity()), -std::numeric_limits<float>::infinity());
  uint32_t word = 0x7f800001;  // a NaN whose upper half alone is infinity's
  float nan;
  std::memcpy(&nan, &word, sizeof nan);
  EXPECT_TRUE(std::isnan(rounded(nan)));
}

class Bfloat16 : public OnEachIsa {};
ON_EACH_ISA(Bfloat16);

// x · scale + bias, of which one output is bfloat16 and one float32.
Call scaled(const Dims& shape, DType x, DType bias) {
  auto program = std::make_shared<ElementwiseProgram>();
  program->inputs = 3;
  program->steps = {{"multiply", {0, 1}, {}, F32}, {"add", {3, 2}, {}, F32}};
  program->outputs = {4, 4, 3};
  return {"fusedElementwise",
          {randomNumbers(shape, 1, -2, 2, x), randomNumbers({}, 2, 1, 2),
           randomNumbers({shape.back()}, 3, -1, 1, bias)},
          {{BF16, shape}, {F32, shape}, {BF16, shape}},
          {},
          {},
          {},
          {},
          program};
}

TEST_P(Bfloat16, ChainsReadAndWriteIt) {
  for (const Dims& shape : {Dims{1}, Dims{7, 33}, Dims{40, 48}, Dims{3, 5, 1100}})
    for (DType x : {BF16, F32})
      for (DType bias : {BF16, F32}) {
        const Call call = scaled(shape, x, bias);
        const auto out = run(call);
        std::vector<double> sums, products;
        reference::forEach(shape, [&](const Dims& at, int64_t) {
          const double product =
              call.inputs[0].data[reference::broadcastPlace(shape, at)] * call.inputs[1].data[0];
          products.push_back(product);
          sums.push_back(product + call.inputs[2].data[reference::broadcastPlace({shape.back()}, at)]);
        });
        expectNear(out[1], sums, 2e-6, 2e-7, toString(shape));  // without a rounding
        expectNear(out[0], sums, kRounding, 2e-7, toString(shape));
        expectNear(out[2], products, kRounding, 2e-7, toString(shape));
        for (size_t i = 0; i < sums.size(); ++i)
          ASSERT_EQ(out[0].data[i], BFloat16(static_cast<float>(out[1].data[i])));
      }
}

// As where pixels are cast to float32 in front of a convolution.
TEST_P(Bfloat16, CastsFromEveryDtype) {
  for (DType from : {F32, DType::I32, DType::U8, DType::Bool}) {
    const Array x = randomNumbers({5, 33}, 1, 0, from == DType::Bool ? 1 : 200, from);
    const Array y = run({"cast", {x}, {{BF16, x.shape()}}, {{"dtype", std::string("float32")}}})[0];
    for (size_t i = 0; i < x.data.size(); ++i)
      EXPECT_EQ(y.data[i], BFloat16(static_cast<float>(x.data[i]))) << name(from);
  }
}

TEST_P(Bfloat16, ChainsFollowBlocksOfEitherDtype) {
  const auto blocked = [](const Dims& shape, DType dtype) {
    const onednn::Desc desc({shape[0], shape[3], shape[1], shape[2]}, onednn::dataType(dtype),
                            onednn::Tag::nChw16c);
    return onednn::layoutOf(desc.permute_axes({0, 3, 1, 2}));
  };
  for (const Dims& shape : {Dims{2, 5, 7, 32}, Dims{3, 4, 5, 20}}) {  // 20: padded blocks
    Call call = scaled(shape, BF16, F32);
    const auto plain = run(call);
    call.inputLayouts = {blocked(shape, BF16), nullptr, nullptr};
    const LayoutChoice choice = cpuBackend().layouts(call.spec(), {false, false, false});
    call.inputLayouts = choice.inputs;
    call.outputLayouts = choice.outputs;
    for (size_t o = 0; o < 3; ++o)
      ASSERT_TRUE(sameLayout(choice.outputs[o], blocked(shape, call.outputs[o].dtype)));
    const auto out = run(call);
    for (size_t o = 0; o < 3; ++o) EXPECT_EQ(out[o].data, plain[o].data);
  }
}

TEST_P(Bfloat16, ChainsKeepNan) {
  const Array x = array({3}, {1, NAN, -1}, BF16);
  EXPECT_TRUE(std::isnan(run({"abs", {x}, {{BF16, {3}}}})[0].data[1]));
}

// What pooling gives for bfloat16 is what it gives for the same numbers in float32, rounded.
TEST_P(Bfloat16, PoolingRoundsItsResult) {
  for (const Dims& poolSize : {Dims{2, 2}, Dims{3, 3}})
    for (int64_t channels : {5, 16, 35}) {
      const Dims x = {2, 9, 8, channels};
      const Attrs attrs{{"poolSize", poolSize},
                        {"strides", Dims{2, 2}},
                        {"padding", std::string("same")},
                        {"pads", Dims{0, 0, 0, 0}},
                        {"dataFormat", std::string("channelsLast")}};
      const Dims y = {2, 5, 4, channels};
      const auto expectRounded = [&](const std::string& op, Array first, std::vector<Array> more,
                                     const Dims& shape, bool indices) {
        std::vector<Array> inputs = {first};
        inputs.insert(inputs.end(), more.begin(), more.end());
        const auto types = [&](DType dtype) {
          std::vector<TensorType> made = {{dtype, shape}};
          if (indices) made.push_back({DType::U8, shape});
          return made;
        };
        const auto inBf16 = run({op, inputs, types(BF16), attrs});
        inputs[0].type.dtype = F32;
        auto full = run({op, inputs, types(F32), attrs});
        // Where windows overlap, gradients of averages are added in memory, with a rounding each.
        for (double& v : inputs[0].data) v = std::abs(v);
        const auto sizes = run({op, inputs, types(F32), attrs});
        const bool once = poolSize[0] == 2 || op != "averagePoolBackward";
        for (size_t i = 0; i < full[0].data.size(); ++i) {
          const double exact = full[0].data[i], rounded = BFloat16(static_cast<float>(exact));
          EXPECT_LE(std::abs(inBf16[0].data[i] - (once ? rounded : exact)),
                    once ? 0 : 4 * kRounding * sizes[0].data[i])
              << op;
        }
        if (indices) {
          EXPECT_EQ(inBf16[1].data, full[1].data) << op;
        }
        return inBf16;
      };
      const Array image = randomNumbers(x, 1, -4, 4, BF16), gradient = randomNumbers(y, 2, -1, 1, BF16);
      const auto pooled = expectRounded("maxPool", image, {}, y, true);
      expectRounded("maxPoolBackward", gradient, {pooled[1]}, x, false);
      expectRounded("maxPoolGather", image, {pooled[1]}, y, false);
      expectRounded("averagePool", image, {}, y, false);
      expectRounded("averagePoolBackward", gradient, {}, x, false);
    }
}

}  // namespace
}  // namespace nodegrad::testing
