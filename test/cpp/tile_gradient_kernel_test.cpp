// The gradient of filters on tiles of bfloat16, by AMX and by the plain stand-in.
#include "cpu/conv/tile_gradient.h"
#include "cpu/cpu_backend.h"
#include "cpu/pool/images.h"
#include "support/conv_shape.h"
#include "support/kernel_test.h"
#include "support/tiles.h"

namespace nodegrad::testing {
namespace {

std::vector<ConvShape> shapes() {
  const Attrs same{{"padding", std::string("same")}};
  return {
      {"whole_blocks", 2, {6, 7}, 32, {3, 3}, 32, same},
      {"one_block", 2, {6, 7}, 16, {3, 3}, 16, same},
      {"many_channels", 1, {4, 3}, 48, {3, 3}, 80, same},
      {"odd_channels", 2, {5, 6}, 21, {3, 2}, 37},
      {"valid", 3, {7, 9}, 32, {3, 3}, 16},
      {"first_layer", 3, {9, 11}, 1, {3, 3}, 32},
      {"colours", 2, {15, 13}, 3, {7, 7}, 20, {{"strides", Dims{2, 2}}, {"padding", std::string("same")}}},
      {"joined_taps_of_two_blocks", 2, {6, 9}, 7, {2, 4}, 5, padded({1, 0, 2, 3})},
      {"joined_taps_with_wide_pads", 1, {3, 2}, 2, {2, 2}, 4, padded({2, 3, 5, 4})},
      {"one_filter", 2, {4, 9}, 20, {3, 1}, 1},
      {"pointwise", 2, {4, 5}, 37, {1, 1}, 50},
      {"pointwise_strided", 2, {7, 8}, 32, {1, 1}, 16, {{"strides", Dims{2, 2}}}},
      {"a_matrix", 75, {1, 1}, 32, {1, 1}, 48},
      {"strides", 2, {8, 9}, 17, {2, 3}, 16, {{"strides", Dims{3, 2}}, {"padding", std::string("same")}}},
      {"dilations",
       2,
       {10, 9},
       16,
       {3, 2},
       16,
       {{"dilations", Dims{2, 3}}, {"padding", std::string("same")}}},
      {"strides_and_dilations",
       2,
       {12, 13},
       16,
       {3, 3},
       9,
       {{"strides", Dims{2, 2}}, {"dilations", Dims{2, 3}}}},
      {"uneven_pads", 1, {6, 5}, 16, {3, 3}, 16, padded({1, 0, 2, 3})},
      {"pads_wider_than_the_kernel", 1, {4, 3}, 18, {2, 2}, 4, padded({3, 4, 4, 3})},
      {"larger_kernel_than_image", 1, {2, 3}, 16, {5, 4}, 8, padded({2, 2, 1, 2})},
      {"sequence", 3, {19}, 24, {5}, 16, same},
      {"volumes", 2, {4, 3, 5}, 16, {3, 2, 3}, 16, same},
      {"boxes_of_columns", 1, {1, 9000}, 16, {1, 3}, 16, same},
      {"boxes_of_rows",
       1,
       {90, 100},
       16,
       {3, 3},
       16,
       {{"strides", Dims{1, 2}}, {"padding", std::string("same")}}},
      {"boxes_of_planes", 1, {23, 20, 25}, 16, {3, 1, 2}, 16, same},
      {"boxes_of_samples", 300, {5, 6}, 16, {2, 2}, 16},
      {"large_sums", 2, {3, 3}, 192, {3, 3}, 208, same},
  };
}

class TileGradients : public ::testing::TestWithParam<std::tuple<NamedTiles, ConvShape>> {};

LayoutPtr blocksOf(const Array& image, const ImageAxes& axes) {
  return image.shape()[static_cast<size_t>(axes.c)] % 16 == 0
             ? blockedLayout(image.type, axes, {Blocks::Channels, 16})
             : nullptr;
}

// With channels last and in blocks, with the gradient of a bias and without, by teams of several sizes.
TEST_P(TileGradients, EqualThePlainSums) {
  const auto& [tiles, s] = GetParam();
  const Attrs attrs = checkAttrs(findOp("conv"), s.attrs);
  const ImageAxes axes = imageAxes("conv", attrs, s.image.size() + 2);
  Dims xShape = s.image, wShape = s.kernel, yShape;
  const Window window = convWindow("conv", attrs, s.image, s.kernel);
  yShape.push_back(s.n);
  for (int axis = 0; axis < window.spatial; ++axis) yShape.push_back(window.out[axis]);
  yShape.push_back(s.out);
  xShape.insert(xShape.begin(), s.n);
  xShape.push_back(s.in);
  wShape.insert(wShape.end(), {s.in, s.out});
  const Array x = randomNumbers(xShape, 1, -1, 1, DType::BF16), w = randomNumbers(wShape, 2),
              dy = randomNumbers(yShape, 3, -1, 1, DType::BF16);
  Array floatX = x, floatDy = dy;
  floatX.type.dtype = floatDy.type.dtype = DType::F32;
  const Array dw = reference::apply("convBackwardFilter", {floatX, floatDy, w}, attrs)[0];
  Array db{{DType::F32, {s.out}}, std::vector<double>(static_cast<size_t>(s.out))};
  for (size_t i = 0; i < dy.data.size(); ++i) db.data[i % db.data.size()] += dy.data[i];
  const int64_t terms = count(yShape) / s.out;
  const int team = teamThreads();
  for (const bool blocked : {false, true})
    for (const int threads : {1, 2, 5}) {
      Call call{"convBackwardFilter", {x, dy}, {w.type}, attrs};
      const bool bias = threads != 1 || blocked;
      if (bias) call.outputs.push_back(db.type);
      if (blocked) call.inputLayouts = {blocksOf(x, axes), blocksOf(dy, axes)};
      const KernelSpec spec = call.spec();
      const Convolution conv(spec);
      ASSERT_TRUE(tileGradientTakes(conv));
      ASSERT_TRUE(hasTileGradientLayouts(conv));
      setTeamThreads(threads);
      const std::vector<Array> gradients = run(*makeTileGradient(conv, *tiles.kernels), call);
      const std::string what = std::to_string(threads) + (blocked ? " threads, in blocks" : " threads");
      expectClose(gradients[0], dw, terms, what);
      if (bias) expectClose(gradients[1], db, terms, what + ", bias");
    }
  setTeamThreads(team);
}

std::string nameOf(const ::testing::TestParamInfo<TileGradients::ParamType>& info) {
  const auto& [tiles, shape] = info.param;
  return tiles.name + "_" + shape.name;
}

INSTANTIATE_TEST_SUITE_P(Shapes, TileGradients,
                         ::testing::Combine(::testing::ValuesIn(tileKernels()),
                                            ::testing::ValuesIn(shapes())),
                         nameOf);

// Filters in blocks, as a forward pass may have them.
TEST(TileGradientRule, WritesFiltersInTheirLayout) {
  const Attrs attrs = checkAttrs(findOp("conv"), {});
  const Array x = randomNumbers({2, 5, 6, 32}, 1, -1, 1, DType::BF16),
              dy = randomNumbers({2, 3, 4, 48}, 2, -1, 1, DType::BF16);
  const TensorType w{DType::F32, {3, 3, 32, 48}};
  Call call{"convBackwardFilter", {x, dy}, {w}, attrs};
  const Array plain = run(*makeTileGradient(Convolution(call.spec()), isa_tiles::tileKernels()), call)[0];
  for (const Dims& order : {Dims{3, 2, 0, 1}, Dims{2, 3, 0, 1}}) {
    Dims dims, strides(4);
    for (int64_t axis : order) dims.push_back(w.shape[static_cast<size_t>(axis)]);
    const Dims own = rowMajorStrides(dims);
    for (size_t i = 0; i < 4; ++i) strides[static_cast<size_t>(order[i])] = own[i];
    call.outputLayouts = {onednn::layoutOf(onednn::Desc(w.shape, onednn::dataType(DType::F32), strides))};
    const KernelSpec spec = call.spec();
    ASSERT_TRUE(hasTileGradientLayouts(Convolution(spec)));
    EXPECT_EQ(run(*makeTileGradient(Convolution(spec), isa_tiles::tileKernels()), call)[0].data, plain.data);
  }
}

TEST(TileGradientRule, TakesBfloat16WithoutGroups) {
  const auto suits = [](DType dtype, int64_t groups) {
    const Attrs attrs = checkAttrs(findOp("conv"), {{"groups", groups}});
    const KernelSpec spec{"convBackwardFilter",
                          attrs,
                          {{dtype, {2, 5, 6, 32}}, {dtype, {2, 3, 4, 32}}},
                          {{DType::F32, {3, 3, 32 / groups, 32}}},
                          {nullptr, nullptr},
                          {nullptr},
                          nullptr};
    return tileGradientTakes(Convolution(spec));
  };
  EXPECT_TRUE(suits(DType::BF16, 1));
  EXPECT_FALSE(suits(DType::F32, 1));
  EXPECT_FALSE(suits(DType::BF16, 2));
}

TEST(TileGradientRule, TheBackendFollowsIt) {
  if (!cpuHasTiles()) GTEST_SKIP() << "no AMX here";
  const Attrs attrs = checkAttrs(findOp("conv"), {});
  const Array x = randomNumbers({2, 5, 6, 32}, 1, -1, 1, DType::BF16),
              dy = randomNumbers({2, 3, 4, 48}, 2, -1, 1, DType::BF16);
  EXPECT_EQ(runPlanned({"convBackwardFilter", {x, dy}, {{DType::F32, {3, 3, 32, 48}}}, attrs}).implementation,
            "own:amx");
  const Array a = randomNumbers({700, 64}, 1, -1, 1, DType::BF16),
              b = randomNumbers({700, 80}, 2, -1, 1, DType::BF16);
  EXPECT_EQ(
      runPlanned({"innerProductBackwardWeights", {a, b}, {{DType::F32, {64, 80}}, {DType::F32, {80}}}, {}})
          .implementation,
      "own:amx");
}

}  // namespace
}  // namespace nodegrad::testing
