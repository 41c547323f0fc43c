#include "cpu/conv/winograd/filters.h"
#include "cpu/conv/winograd/kernels.h"
#include "cpu/memory/cpu_layout.h"
#include "cpu/memory/onednn.h"
#include "host/buffer.h"
#include "support/kernel_test.h"

namespace nodegrad::testing {
namespace {

using onednn::Desc;
using onednn::Tag;

LayoutPtr imageLayout(const Dims& nchw, Tag tag, const std::vector<int>& toTensor) {
  return onednn::layoutOf(Desc(nchw, dnnl::memory::data_type::f32, tag).permute_axes(toTensor));
}

const std::vector<int> kToChannelsLast = {0, 3, 1, 2}, kToChannelsFirst = {0, 1, 2, 3};

TEST(CpuLayout, RowMajorIsNull) {
  EXPECT_EQ(imageLayout({2, 8, 5, 4}, Tag::nhwc, kToChannelsLast), nullptr);
  EXPECT_EQ(imageLayout({2, 8, 5, 4}, Tag::nchw, kToChannelsFirst), nullptr);
  // One channel: both orders are the same memory.
  EXPECT_EQ(imageLayout({2, 1, 5, 4}, Tag::nchw, kToChannelsLast), nullptr);
  EXPECT_NE(imageLayout({2, 3, 5, 4}, Tag::nchw, kToChannelsLast), nullptr);
}

TEST(CpuLayout, TellsItsNameAndBytes) {
  const LayoutPtr last = imageLayout({2, 32, 5, 4}, Tag::nChw16c, kToChannelsLast);
  EXPECT_EQ(last->name(), "aDbc16d");
  EXPECT_EQ(last->bytes(), size_t{2 * 32 * 5 * 4 * 4});
  EXPECT_EQ(imageLayout({2, 32, 5, 4}, Tag::nChw8c, kToChannelsFirst)->name(), "aBcd8b");
  EXPECT_EQ(imageLayout({2, 3, 5, 4}, Tag::nchw, kToChannelsLast)->name(), "adbc");
  // A block that the channels do not fill.
  EXPECT_EQ(imageLayout({2, 20, 5, 4}, Tag::nChw16c, kToChannelsLast)->bytes(), size_t{2 * 32 * 5 * 4 * 4});
}

TEST(CpuLayout, EqualsWhatLiesTheSame) {
  const LayoutPtr layout = imageLayout({2, 32, 5, 4}, Tag::nChw16c, kToChannelsLast);
  EXPECT_TRUE(layout->equals(*imageLayout({2, 32, 5, 4}, Tag::nChw16c, kToChannelsLast)));
  EXPECT_FALSE(layout->equals(*imageLayout({2, 32, 5, 4}, Tag::nChw8c, kToChannelsLast)));
  EXPECT_FALSE(layout->equals(*imageLayout({2, 32, 4, 5}, Tag::nChw16c, kToChannelsLast)));
  EXPECT_FALSE(layout->equals(*withDtype(layout, DType::U8)));
  EXPECT_TRUE(withDtype(withDtype(layout, DType::I32), DType::F32)->equals(*layout));
  EXPECT_EQ(withDtype(layout, DType::U8)->bytes() * 4, layout->bytes());
  EXPECT_EQ(withDtype(nullptr, DType::U8), nullptr);
}

TEST(CpuLayout, GeometryOfRowMajorHasItsStrides) {
  const Geometry g = geometry({DType::F32, {2, 3, 4}}, nullptr);
  EXPECT_EQ(g.strides, (Dims{12, 4, 1}));
  EXPECT_EQ(g.elements, 24);
  EXPECT_TRUE(g.blocks.empty());
}

// Every element arrives where the geometry says, and comes back.
void expectRoundTrip(const TensorType& type, const LayoutPtr& layout) {
  dispatch(type.dtype, [&](auto sample) {
    using T = decltype(sample);
    std::vector<T> plain(static_cast<size_t>(count(type.shape)));
    for (size_t i = 0; i < plain.size(); ++i) plain[i] = static_cast<T>(i * 37 % 251);
    const auto memory = allocateHost(layout ? layout->bytes() : bytesOf(type));
    cpuBackend().fromRowMajor(type, layout, plain.data(), memory->data());
    const Geometry g = geometry(type, layout);
    reference::forEach(g.shape, [&](const Dims& index, int64_t place) {
      ASSERT_EQ(static_cast<const T*>(memory->data())[placeIn(g, index)], plain[static_cast<size_t>(place)]);
    });
    std::vector<T> back(plain.size());
    cpuBackend().toRowMajor(type, layout, memory->data(), back.data());
    EXPECT_EQ(back, plain);
  });
}

TEST(CpuLayout, NumbersLieWhereTheGeometrySays) {
  for (const auto& order : {kToChannelsLast, kToChannelsFirst})
    for (Tag tag : {Tag::nChw16c, Tag::nChw8c, Tag::nhwc, Tag::nchw})
      for (int64_t channels : {32, 48}) {
        const LayoutPtr layout = imageLayout({3, channels, 5, 4}, tag, order);
        const Dims shape = order == kToChannelsLast ? Dims{3, 5, 4, channels} : Dims{3, channels, 5, 4};
        for (DType dtype : {DType::F32, DType::I32, DType::U8, DType::Bool, DType::BF16})
          expectRoundTrip({dtype, shape}, withDtype(layout, dtype));
      }
  // Padded blocks, and two kinds of blocks in one: [kh, kw, i, o] of a kernel.
  const LayoutPtr padded = imageLayout({3, 20, 5, 4}, Tag::nChw16c, kToChannelsLast);
  expectRoundTrip({DType::F32, {3, 5, 4, 20}}, padded);
  const LayoutPtr kernel = onednn::layoutOf(
      Desc({32, 32, 3, 2}, dnnl::memory::data_type::f32, Tag::OIhw16i16o).permute_axes({3, 2, 0, 1}));
  EXPECT_EQ(kernel->name(), "DCab16c16d");
  expectRoundTrip({DType::F32, {3, 2, 32, 32}}, kernel);
  expectRoundTrip({DType::I32, {3, 2, 32, 32}}, withDtype(kernel, DType::I32));
}

TEST(CpuLayout, ScalarsAndEmptyTensorsAreRowMajor) {
  expectRoundTrip({DType::F32, {}}, nullptr);
  expectRoundTrip({DType::F32, {0, 3}}, nullptr);
}

TEST(Reorder, CopiesBetweenAnyTwoLayoutsAndRoundsToBfloat16) {
  const TensorType type{DType::F32, {3, 5, 4, 32}}, inBf16{DType::BF16, type.shape};
  const Array numbers = randomNumbers(type.shape, 1);
  const std::vector<LayoutPtr> layouts = {
      nullptr, imageLayout({3, 32, 5, 4}, Tag::nChw16c, kToChannelsLast),
      imageLayout({3, 32, 5, 4}, Tag::nChw8c, kToChannelsLast),
      imageLayout({3, 32, 5, 4}, Tag::nchw, kToChannelsLast),
      // A view with more dimensions: the channels in four parts, the parts first.
      onednn::layoutOf(DType::F32, {{60, 4, 8}, {60, 4, 8}, {8, 480, 1}, {}, 1920})};
  for (const LayoutPtr& from : layouts)
    for (const LayoutPtr& plain : layouts)
      for (const TensorType& result : {type, inBf16}) {
        const LayoutPtr to = withDtype(plain, result.dtype);
        std::vector<double> expected = numbers.data;
        if (result == inBf16)
          for (double& v : expected) v = BFloat16(static_cast<float>(v));
        EXPECT_EQ(run({"reorder", {numbers}, {result}, {}, {from}, {to}})[0].data, expected)
            << (from ? from->name() : "row-major") << " to " << (to ? to->name() : "row-major");
      }
}

TEST(Reorder, MakesWinogradFiltersOfWeightsInAnyLayoutAndNothingOfThem) {
  const SavedSettings saved;
  for (const std::string& isa : isaLevels()) {
    useIsa(isa);
    if (isaKernels().winograd->lanes == 0) continue;
    const Array weights = randomNumbers({3, 3, 32, 48}, 1);
    const auto weightLayout = [](Tag tag) {
      return onednn::layoutOf(
          Desc({48, 32, 3, 3}, dnnl::memory::data_type::f32, tag).permute_axes({3, 2, 0, 1}));
    };
    for (DType operandType : {DType::F32, DType::BF16}) {
      if (operandType == DType::BF16 && !cpuBackend().hasBfloat16()) continue;
      const LayoutPtr filters = winograd::filterLayout(weights.type.shape, operandType);
      // What the transform makes of the same numbers in row-major order.
      const auto bytesFrom = [&](const Array& numbers, const LayoutPtr& from) {
        const auto kernel =
            onednn::reorderKernel(numbers.type, from, {DType::F32, numbers.type.shape}, filters);
        std::vector<char> given = laidOut(numbers, from), made(filters->bytes());
        const auto scratch = allocateHost(kernel->scratchBytes());
        void* input = given.data();
        void* output = made.data();
        kernel->run(&input, &output, scratch->data());
        return made;
      };
      const std::vector<char> expected = bytesFrom(weights, nullptr);
      for (Tag tag : {Tag::OIhw16i16o, Tag::OIhw8i8o, Tag::oihw, Tag::hwio, Tag::Oihw16o})
        EXPECT_TRUE(bytesFrom(weights, weightLayout(tag)) == expected) << isa << " " << static_cast<int>(tag);
      const Array inBf16 = randomNumbers(weights.type.shape, 1, -1, 1, DType::BF16);
      const Array widened{weights.type, inBf16.data};
      EXPECT_TRUE(bytesFrom(inBf16, nullptr) == bytesFrom(widened, nullptr));
      for (const LayoutPtr& to : {LayoutPtr(), weightLayout(Tag::OIhw16i16o)})
        EXPECT_THROW(onednn::reorderKernel(weights.type, filters, weights.type, to), Error);
      EXPECT_THROW(geometry(weights.type, filters), Error);
    }
  }
}

}  // namespace
}  // namespace nodegrad::testing
