#include "cpu/conv/filter_gradient.h"
#include "cpu/cpu_backend.h"
#include "cpu/memory/onednn.h"
#include "cpu/pool/images.h"
#include "support/conv_shape.h"
#include "support/kernel_test.h"

namespace nodegrad::testing {
namespace {

std::vector<ConvShape> shapes() {
  const Attrs same{{"padding", std::string("same")}};
  return {
      {"volumes", 3, {4, 6, 7}, 16, {3, 3, 3}, 32, same},
      {"first_layer", 2, {5, 9, 11}, 1, {3, 3, 3}, 16, same},
      {"odd_channels", 2, {3, 5, 6}, 5, {2, 3, 1}, 7, same},
      {"many_channels", 1, {2, 4, 3}, 24, {2, 2, 3}, 88, same},
      {"one_filter", 2, {3, 4, 9}, 20, {3, 1, 3}, 1},
      {"pointwise", 2, {3, 4, 5}, 9, {1, 1, 1}, 16},
      {"strides",
       2,
       {7, 8, 9},
       3,
       {3, 2, 3},
       5,
       {{"strides", Dims{2, 3, 2}}, {"padding", std::string("same")}}},
      {"strides_over_the_kernel", 1, {7, 9, 8}, 8, {1, 2, 1}, 8, {{"strides", Dims{2, 3, 3}}}},
      {"dilations",
       1,
       {9, 8, 10},
       3,
       {3, 2, 3},
       5,
       {{"dilations", Dims{2, 3, 2}}, {"padding", std::string("same")}}},
      {"strides_and_dilations",
       2,
       {12, 13},
       8,
       {3, 3},
       9,
       {{"strides", Dims{2, 2}}, {"dilations", Dims{2, 3}}}},
      {"uneven_pads", 1, {4, 6, 5}, 8, {3, 3, 3}, 16, padded({0, 2, 1, 0, 2, 3})},
      {"pads_wider_than_the_kernel", 1, {3, 4, 3}, 3, {2, 2, 2}, 4, padded({3, 2, 2, 3, 4, 3})},
      {"larger_kernel_than_image", 1, {2, 3, 2}, 3, {5, 4, 5}, 8, padded({2, 2, 2, 1, 3, 2})},
      {"pictures", 2, {9, 14}, 6, {5, 5}, 16},
      {"a_wide_row", 1, {1, 1500}, 3, {1, 5}, 8, same},
      {"boxes_of_rows_and_columns", 1, {2, 5, 600}, 2, {1, 3, 2}, 3, same},
      {"several_boxes_of_planes", 1, {23, 7, 5}, 3, {3, 2, 3}, 8, same},
      {"many_small_samples", 70, {2, 3, 3}, 8, {2, 2, 2}, 24},
  };
}

// How images are in memory.
enum class Memory { Last, First, Blocks };

class FilterGradients : public ::testing::TestWithParam<std::tuple<std::string, Memory, bool, ConvShape>> {
 protected:
  void SetUp() override {
    useIsa(std::get<0>(GetParam()));
    const auto& [isa, memory, bias, s] = GetParam();
    Attrs attrs = s.attrs;
    attrs.set("dataFormat", std::string(memory == Memory::First ? "channelsFirst" : "channelsLast"));
    attrs_ = checkAttrs(findOp("conv"), attrs);
    axes_ = imageAxes("conv", attrs_, s.image.size() + 2);
    Dims x = s.image, w = s.kernel;
    x.insert(x.begin(), s.n);
    x.insert(x.begin() + axes_.c, s.in);
    w.insert(w.end(), {s.in, s.out});
    x_ = randomNumbers(x, 1);
    w_ = randomNumbers(w, 2);
    dy_ = randomNumbers(reference::apply("conv", {x_, w_}, attrs_)[0].shape(), 3);
  }

  // As a forward pass on such images has its filters.
  LayoutPtr filterLayout() const {
    if (std::get<1>(GetParam()) != Memory::Blocks) return nullptr;
    KernelSpec spec = Call{"conv", {x_, w_}, {dy_.type}, attrs_, {layoutOf(x_), nullptr}}.spec();
    const LayoutPtr layout = cpuBackend().layouts(spec, {false, true}).inputs[1];
    return layout && layout->bytes() == bytesOf(w_.type) ? layout : nullptr;
  }

  // In blocks of channels, where they fill some.
  LayoutPtr layoutOf(const Array& image) const {
    if (std::get<1>(GetParam()) != Memory::Blocks) return nullptr;
    for (int64_t size : {16, 8})
      if (image.shape()[static_cast<size_t>(axes_.c)] % size == 0)
        return blockedLayout(image.type, axes_, {Blocks::Channels, size});
    return nullptr;
  }

  SavedSettings saved_;
  Attrs attrs_;
  ImageAxes axes_{};
  Array x_, w_, dy_;
};

std::vector<Array> runOwn(const Call& call) {
  const KernelSpec spec = call.spec();
  const Convolution conv(spec);
  EXPECT_TRUE(hasFilterGradientLayouts(conv));
  return run(*makeFilterGradient(conv), call);
}

TEST_P(FilterGradients, EqualThePlainSums) {
  const bool withBias = std::get<2>(GetParam());
  const Array dw = reference::apply("convBackwardFilter", {x_, dy_, w_}, attrs_)[0];
  Array db{{DType::F32, {w_.shape().back()}}, std::vector<double>(static_cast<size_t>(w_.shape().back()))};
  reference::forEach(dy_.shape(), [&](const Dims& index, int64_t place) {
    db.data[static_cast<size_t>(index[static_cast<size_t>(axes_.c)])] += dy_.data[static_cast<size_t>(place)];
  });
  Call call{"convBackwardFilter", {x_, dy_}, {w_.type}, attrs_, {layoutOf(x_), layoutOf(dy_)}};
  if (withBias) call.outputs.push_back(db.type);
  call.outputLayouts = {filterLayout()};
  call.outputLayouts.resize(call.outputs.size());
  const int64_t terms = count(dy_.shape()) / w_.shape().back();
  const std::vector<Array> gradients = runOwn(call);
  expectClose(gradients[0], dw, terms, "filter");
  if (withBias) expectClose(gradients[1], db, terms, "bias");
}

std::string nameOf(const ::testing::TestParamInfo<FilterGradients::ParamType>& info) {
  const auto& [isa, memory, bias, shape] = info.param;
  const std::map<Memory, std::string> names = {
      {Memory::Last, ""}, {Memory::First, "_channels_first"}, {Memory::Blocks, "_blocks"}};
  return isa + "_" + shape.name + names.at(memory) + (bias ? "_bias" : "");
}

INSTANTIATE_TEST_SUITE_P(Shapes, FilterGradients,
                         ::testing::Combine(::testing::ValuesIn(isaLevels()),
                                            ::testing::Values(Memory::Last, Memory::First, Memory::Blocks),
                                            ::testing::Bool(), ::testing::ValuesIn(shapes())),
                         nameOf);

Call gradientOf(const Dims& x, const Dims& w, Attrs attrs = {}) {
  attrs = checkAttrs(findOp("conv"), attrs);
  const Array image = randomNumbers(x, 1), filters = randomNumbers(w, 2);
  const Array dy = randomNumbers(reference::apply("conv", {image, filters}, attrs)[0].shape(), 3);
  return {"convBackwardFilter", {image, dy}, {filters.type, {DType::F32, {w.back()}}}, attrs};
}

bool isOwn(const Call& call) { return runPlanned(call).implementation.rfind("own:", 0) == 0; }

TEST(FilterGradientRule, TakesWhatOneDnnIsSlowerAt) {
  const std::string isa = isaKernels().name;
  // oneDNN generates code for volumes in all passes for AVX-512 alone, and for dilated filters between
  // channels that fill no vector for none.
  const Attrs same{{"padding", std::string("same")}};
  EXPECT_EQ(isOwn(gradientOf({2, 4, 5, 6, 16}, {3, 3, 3, 16, 32}, same)), isa != "avx512");
  EXPECT_TRUE(isOwn(gradientOf({2, 6, 7, 8, 5}, {2, 2, 2, 5, 7}, {{"dilations", Dims{2, 2, 2}}})));
  EXPECT_EQ(isOwn(gradientOf({16, 33, 33, 16}, {3, 3, 16, 32}, {{"strides", Dims{2, 2}}})), isa != "avx512");
  EXPECT_EQ(isOwn(gradientOf({2, 17, 17, 16}, {1, 1, 16, 32})), isa == "base");
  EXPECT_FALSE(isOwn(gradientOf({2, 4, 5, 6, 8}, {3, 3, 3, 2, 8}, {{"groups", int64_t{4}}})));
}

TEST(FilterGradientRule, KeepsImagesInBlocksOfChannels) {
  Call call = gradientOf({16, 6, 7, 8, 16}, {2, 2, 2, 16, 8}, {{"dilations", Dims{3, 3, 3}}});
  const ImageAxes axes = imageAxes(5, true);
  call.inputLayouts = {blockedLayout(call.inputs[0].type, axes, {Blocks::Channels, 16}),
                       blockedLayout(call.inputs[1].type, axes, {Blocks::Channels, 8})};
  const KernelSpec spec = call.spec();
  if (directConvHasCode(spec, Convolution(spec))) GTEST_SKIP() << "oneDNN generates code for it";
  const PlannedResult result = runPlanned(call);
  EXPECT_EQ(result.implementation.rfind("own:", 0), 0u) << result.implementation;
  EXPECT_TRUE(sameLayout(result.choice.inputs[0], call.inputLayouts[0]));
  EXPECT_TRUE(sameLayout(result.choice.inputs[1], call.inputLayouts[1]));
}

TEST(FilterGradientRule, MakesProductsOfTransposedMatrices) {
  const Array x = randomNumbers({530, 70}, 1), z = randomNumbers({530, 60}, 2);
  const Attrs transposed{{"transposeA", true}, {"transposeB", false}};
  const Array y = reference::apply("matmul", {x, z}, transposed)[0];
  Array sums{{DType::F32, {60}}, std::vector<double>(60)};
  for (size_t i = 0; i < z.data.size(); ++i) sums.data[i % 60] += z.data[i];
  const PlannedResult dense = runPlanned({"innerProductBackwardWeights", {x, z}, {y.type, sums.type}, {}});
  expectClose(dense.outputs[0], y, 530, dense.implementation);
  expectClose(dense.outputs[1], sums, 530, dense.implementation);
  const PlannedResult product = runPlanned({"matmul", {x, z}, {y.type}, transposed});
  expectClose(product.outputs[0], y, 530, product.implementation);
  for (const PlannedResult* result : {&dense, &product})
    EXPECT_EQ(result->implementation == "own:avx2", std::string(cpuIsa()) == "avx2");
  for (bool withSums : {false, true}) {
    Call call{"innerProductBackwardWeights", {x, z}, {y.type}};
    if (withSums) call.outputs.push_back(sums.type);
    const std::vector<Array> own = run(*makeTransposedProduct(530, 70, 60, withSums, DType::F32), call);
    expectClose(own[0], y, 530, "own");
    if (withSums) expectClose(own[1], sums, 530, "own sums");
  }
}

TEST(FilterGradientRule, LeavesBfloat16ToOneDnn) {
  Call call = gradientOf({2, 6, 7, 8, 5}, {2, 2, 2, 5, 7}, {{"dilations", Dims{2, 2, 2}}});
  const KernelSpec floats = call.spec();
  ASSERT_TRUE(filterGradientTakes(Convolution(floats)));
  for (Array& image : call.inputs) image.type.dtype = DType::BF16;
  const KernelSpec spec = call.spec();
  EXPECT_FALSE(filterGradientTakes(Convolution(spec)));
}

// The threads share the boxes of positions or, where these are few, the rows of the gradient.
TEST(FilterGradientRule, GivesTheSameBitsEachTime) {
  for (int64_t n : {1, 40}) {
    const Call call = gradientOf({n, 5, 6, 7, 16}, {2, 2, 2, 16, 9}, {{"dilations", Dims{2, 2, 2}}});
    const std::vector<Array> first = runOwn(call), again = runOwn(call);
    for (size_t o : {0, 1}) EXPECT_EQ(first[o].data, again[o].data) << n << " samples";
  }
}

}  // namespace
}  // namespace nodegrad::testing
