#include "cpu/memory/onednn.h"
#include "support/kernel_test.h"

namespace nodegrad::testing {
namespace {

// The op on tensors in blocks of channels gives the numbers that it gives row-major, and blocks again.
void expectBlocked(const std::string& op, const std::vector<Dims>& shapes, const Dims& out,
                   const Attrs& attrs, const std::string& layout) {
  Call node{op, {}, {{DType::F32, out}}, attrs};
  for (const Dims& shape : shapes) node.inputs.push_back(randomNumbers(shape, 1));
  const PlannedResult plain = runPlanned(node);
  for (const Dims& shape : shapes) {
    const onednn::Desc desc({shape[0], shape[3], shape[1], shape[2]}, dnnl::memory::data_type::f32,
                            onednn::Tag::nChw16c);
    node.inputLayouts.push_back(onednn::layoutOf(desc.permute_axes({0, 3, 1, 2})));
  }
  const PlannedResult blocked = runPlanned(node);
  ASSERT_EQ(blocked.choice.outputs[0] ? blocked.choice.outputs[0]->name() : "row-major", layout) << op;
  EXPECT_EQ(blocked.outputs[0].data, plain.outputs[0].data) << op;
}

TEST(MoveLayout, KeepsBlocksWherePartsFillThem) {
  const std::string blocks = "aDbc16d";
  expectBlocked("concatenate", {{2, 3, 5, 32}, {2, 3, 5, 16}}, {2, 3, 5, 48}, {{"axis", int64_t{-1}}},
                blocks);
  expectBlocked("concatenate", {{2, 3, 5, 32}, {2, 1, 5, 32}}, {2, 4, 5, 32}, {{"axis", int64_t{1}}}, blocks);
  const Attrs channels{
      {"begin", Dims{0, 0, 0, 16}}, {"end", Dims{2, 3, 5, 48}}, {"strides", Dims{1, 1, 1, 1}}};
  expectBlocked("slice", {{2, 3, 5, 64}}, {2, 3, 5, 32}, channels, blocks);
  expectBlocked("sliceBackward", {{2, 3, 5, 32}}, {2, 3, 5, 64}, channels, blocks);
  const Attrs rows{{"begin", Dims{0, 1, 0, 0}}, {"end", Dims{2, 5, 5, 32}}, {"strides", Dims{1, 2, 1, 1}}};
  expectBlocked("slice", {{2, 6, 5, 32}}, {2, 2, 5, 32}, rows, blocks);
  expectBlocked("sliceBackward", {{2, 2, 5, 32}}, {2, 6, 5, 32}, rows, blocks);
  expectBlocked("pad", {{2, 3, 5, 32}}, {2, 4, 8, 32},
                {{"paddings", Dims{0, 0, 1, 0, 1, 2, 0, 0}}, {"value", 0.5}}, blocks);
}

// What a padding makes is what a convolution of any stride may read.
TEST(MoveLayout, GivesConvolutionsWhatTheyCanRead) {
  const Array x = randomNumbers({2, 6, 6, 32}, 1), w = randomNumbers({3, 3, 32, 32}, 2);
  Call pad{"pad",
           {x},
           {{DType::F32, {2, 8, 8, 32}}},
           {{"paddings", Dims{0, 0, 1, 1, 1, 1, 0, 0}}, {"value", 0.0}}};
  const onednn::Desc desc({2, 32, 6, 6}, dnnl::memory::data_type::f32, onednn::Tag::nChw16c);
  pad.inputLayouts = {onednn::layoutOf(desc.permute_axes({0, 3, 1, 2}))};
  const PlannedResult padded = runPlanned(pad);
  ASSERT_TRUE(padded.choice.outputs[0]);
  const Attrs attrs = checkAttrs(findOp("conv"), {{"strides", Dims{2, 2}}});
  Call conv{"conv", {padded.outputs[0], w}, {{DType::F32, {2, 3, 3, 32}}}, attrs};
  conv.inputLayouts = {padded.choice.outputs[0], nullptr};
  expectClose(runPlanned(conv).outputs[0], reference::apply("conv", {padded.outputs[0], w}, attrs)[0], 9 * 32,
              "strided");
}

TEST(MoveLayout, GivesBlocksUpWherePartsBreakThem) {
  expectBlocked("concatenate", {{2, 3, 5, 32}, {2, 3, 5, 16}, {2, 3, 5, 8}}, {2, 3, 5, 56},
                {{"axis", int64_t{-1}}}, "row-major");
  const Attrs within{{"begin", Dims{0, 0, 0, 8}}, {"end", Dims{2, 3, 5, 24}}, {"strides", Dims{1, 1, 1, 1}}};
  expectBlocked("slice", {{2, 3, 5, 32}}, {2, 3, 5, 16}, within, "row-major");
  expectBlocked("sliceBackward", {{2, 3, 5, 16}}, {2, 3, 5, 32}, within, "row-major");
  const Attrs every{{"begin", Dims{0, 0, 0, 0}}, {"end", Dims{2, 3, 5, 64}}, {"strides", Dims{1, 1, 1, 2}}};
  expectBlocked("slice", {{2, 3, 5, 64}}, {2, 3, 5, 32}, every, "row-major");
  expectBlocked("pad", {{2, 3, 5, 32}}, {2, 3, 5, 48},
                {{"paddings", Dims{0, 0, 0, 0, 0, 0, 8, 8}}, {"value", 0.0}}, "row-major");
}

}  // namespace
}  // namespace nodegrad::testing
