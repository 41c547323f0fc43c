// Convolutions of images with few channels on tiles of bfloat16, by AMX and by the plain stand-in.
#include "cpu/conv/tile_narrow.h"
#include "cpu/cpu_backend.h"
#include "support/conv_shape.h"
#include "support/kernel_test.h"
#include "support/tiles.h"

namespace nodegrad::testing {
namespace {

std::vector<ConvShape> shapes() {
  const Attrs same{{"padding", std::string("same")}};
  return {
      {"grey", 3, {9, 21}, 1, {3, 3}, 32},
      {"grey_same", 2, {6, 16}, 1, {3, 3}, 16, same},
      {"colours", 2, {11, 40}, 3, {3, 3}, 48, same},
      {"colours_strided",
       2,
       {37, 39},
       3,
       {7, 7},
       64,
       {{"strides", Dims{2, 2}}, {"padding", std::string("same")}}},
      {"narrower_than_a_tile", 2, {5, 9}, 2, {2, 3}, 80},
      {"one_output_a_row", 2, {5, 3}, 4, {2, 3}, 16},
      {"dilated_rows",
       1,
       {9, 20},
       5,
       {3, 2},
       16,
       {{"dilations", Dims{2, 1}}, {"padding", std::string("same")}}},
      {"full_rows_of_taps", 1, {4, 24}, 8, {1, 4}, 16, {{"strides", Dims{1, 3}}}},
      {"wide_pads", 1, {2, 3}, 1, {3, 3}, 16, padded({4, 3, 5, 6})},
  };
}

class TileNarrowConvolutions : public ::testing::TestWithParam<std::tuple<NamedTiles, bool, ConvShape>> {};

TEST_P(TileNarrowConvolutions, EqualThePlainSums) {
  const auto& [tiles, relu, s] = GetParam();
  Attrs attrs = checkAttrs(findOp("conv"), s.attrs);
  Dims xShape = s.image, wShape = s.kernel;
  xShape.insert(xShape.begin(), s.n);
  xShape.push_back(s.in);
  wShape.insert(wShape.end(), {s.in, s.out});
  const Array x = randomNumbers(xShape, 1, -1, 1, DType::BF16),
              w = randomNumbers(wShape, 2, -1, 1, DType::BF16), bias = randomNumbers({s.out}, 3);
  Array floatX = x, floatW = w;
  floatX.type.dtype = floatW.type.dtype = DType::F32;
  Array y = reference::apply("conv", {floatX, floatW}, attrs)[0];
  if (relu) {
    for (size_t i = 0; i < y.data.size(); ++i) y.data[i] += bias.data[i % bias.data.size()];
    y = reference::apply("relu", {y}, {})[0];
    attrs.set("activation", std::string("relu"));
  }
  Call call{"conv", {x, w}, {{DType::BF16, y.shape()}}, attrs};
  if (relu) call.inputs.push_back(bias);
  const KernelSpec spec = call.spec();
  const Convolution conv(spec);
  ASSERT_TRUE(tileNarrowTakes(spec, conv));
  const int64_t terms = count(wShape) / s.out;
  const int team = teamThreads();
  for (int threads : {1, 3}) {
    setTeamThreads(threads);
    const Array result = run(*makeTileNarrow(spec, conv, *tiles.kernels), call)[0];
    // One rounding, after sums in float32.
    const double bound = 1e-6 * std::sqrt(static_cast<double>(terms) + 4);
    expectNear(result, y.data, 0x1p-8 + bound, bound, std::to_string(threads) + " threads");
  }
  setTeamThreads(team);
}

std::string nameOf(const ::testing::TestParamInfo<TileNarrowConvolutions::ParamType>& info) {
  const auto& [tiles, relu, shape] = info.param;
  return tiles.name + "_" + shape.name + (relu ? "_bias_relu" : "");
}

INSTANTIATE_TEST_SUITE_P(Shapes, TileNarrowConvolutions,
                         ::testing::Combine(::testing::ValuesIn(tileKernels()), ::testing::Bool(),
                                            ::testing::ValuesIn(shapes())),
                         nameOf);

Call callOf(int64_t channels, Attrs attrs = {}, int64_t n = 2) {
  attrs = checkAttrs(findOp("conv"), attrs);
  const int64_t groups = attrs.integer("groups");
  const Array x = randomNumbers({n, 7, 18, channels}, 1, -1, 1, DType::BF16),
              w = randomNumbers({3, 3, channels / groups, 32}, 2, -1, 1, DType::BF16);
  const Window window = convWindow("conv", attrs, {7, 18}, {3, 3});
  return {"conv", {x, w}, {{DType::BF16, {n, window.out[0], window.out[1], 32}}}, attrs};
}

TEST(TileNarrowRule, TakesFewChannelsToWholeBlocks) {
  const auto suits = [](const Call& call) {
    const KernelSpec spec = call.spec();
    return tileNarrowTakes(spec, Convolution(spec));
  };
  EXPECT_TRUE(suits(callOf(1)));
  EXPECT_TRUE(suits(callOf(10)));
  EXPECT_FALSE(suits(callOf(11))) << "more numbers than a tile holds";
  EXPECT_FALSE(suits(callOf(2, {{"groups", int64_t{2}}})));
  EXPECT_FALSE(suits(callOf(1, {{"dilations", Dims{1, 2}}}))) << "taps that are not neighbours";
  Call call = callOf(1);
  call.attrs.set("activation", std::string("tanh"));
  EXPECT_FALSE(suits(call));
  call = callOf(1);
  call.outputs[0].dtype = DType::F32;
  EXPECT_FALSE(suits(call));
}

TEST(TileNarrowRule, NanStaysNan) {
  Call call = callOf(2);
  call.attrs.set("activation", std::string("relu"));
  call.inputs[0].data[0] = NAN;
  const KernelSpec spec = call.spec();
  const Array y = run(*makeTileNarrow(spec, Convolution(spec), isa_tiles::tileKernels()), call)[0];
  for (size_t i = 0; i < y.data.size(); ++i) EXPECT_EQ(std::isnan(y.data[i]), i < 32) << i;
}

TEST(TileNarrowRule, TheBackendFollowsIt) {
  if (!cpuHasTiles()) GTEST_SKIP() << "no AMX here";
  EXPECT_EQ(runPlanned(callOf(3, {}, 64)).implementation, "own:amx");
  EXPECT_NE(runPlanned(callOf(32, {}, 64)).implementation, "own:amx");
}

}  // namespace
}  // namespace nodegrad::testing
