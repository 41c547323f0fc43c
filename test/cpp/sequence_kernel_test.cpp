#include "core/window.h"
#include "graph/op.h"
#include "support/kernel_test.h"

// Windows over sequences are those over pictures of height 1: the same kernels, and the same bits.
namespace nodegrad::testing {
namespace {

struct Case {
  int64_t n, length, in, kernel, out, groups = 1, stride = 1;
};

Array withHeight(const Array& array, size_t axis) {
  Array picture = array;
  picture.type.shape.insert(picture.type.shape.begin() + static_cast<int64_t>(axis), 1);
  return picture;
}

void expectAlike(Call sequences, const std::vector<size_t>& axes, size_t outputAxis) {
  Call pictures = sequences;
  for (size_t i = 0; i < axes.size(); ++i) pictures.inputs[i] = withHeight(sequences.inputs[i], axes[i]);
  for (TensorType& type : pictures.outputs)
    type.shape.insert(type.shape.begin() + static_cast<int64_t>(outputAxis), 1);
  for (const char* name : {"strides", "dilations", "poolSize"}) {
    if (!pictures.attrs.has(name) || pictures.attrs.integers(name).empty()) continue;
    pictures.attrs.set(name, Dims{1, pictures.attrs.integers(name)[0]});
  }
  const PlannedResult ours = runPlanned(sequences), theirs = runPlanned(pictures);
  EXPECT_EQ(ours.implementation, theirs.implementation);
  ASSERT_EQ(ours.outputs.size(), theirs.outputs.size());
  for (size_t o = 0; o < ours.outputs.size(); ++o) EXPECT_EQ(ours.outputs[o].data, theirs.outputs[o].data);
  for (size_t i = 0; i < ours.choice.inputs.size(); ++i)
    EXPECT_EQ(!ours.choice.inputs[i], !theirs.choice.inputs[i]) << "input " << i;
}

TEST(SequenceKernels, ConvolveAsPicturesOfHeightOne) {
  const Case cases[] = {
      {2, 40, 16, 3, 32},     {1, 50, 32, 5, 16, 1, 2}, {2, 30, 3, 7, 20}, {1, 33, 17, 1, 5},
      {2, 24, 16, 3, 16, 16}, {1, 20, 8, 3, 8, 2},      {16, 20, 3, 3, 5},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(toString(Dims{c.n, c.length, c.in, c.kernel, c.out, c.groups, c.stride}));
    const Attrs attrs = checkAttrs(findOp("conv"), {{"strides", Dims{c.stride}}, {"groups", c.groups}});
    const Array x = randomNumbers({c.n, c.length, c.in}, 1),
                w = randomNumbers({c.kernel, c.in / c.groups, c.out}, 2);
    const int64_t out = convWindow("conv", attrs, {c.length}, {c.kernel}).out[0];
    const Array dy = randomNumbers({c.n, out, c.out}, 3);
    expectAlike({"conv", {x, w}, {dy.type}, attrs, {}, {}, {false, true}}, {1, 0}, 1);
    expectAlike({"convBackwardData", {w, dy}, {x.type}, attrs}, {0, 1}, 1);
    expectAlike({"convBackwardFilter", {x, dy}, {w.type}, attrs}, {1, 1}, 0);
  }
}

TEST(SequenceKernels, PoolAsPicturesOfHeightOne) {
  const Attrs attrs = checkAttrs(findOp("maxPool"), {{"poolSize", Dims{3}}, {"strides", Dims{2}}});
  const Array x = randomNumbers({2, 21, 20}, 1);
  const TensorType y{DType::F32, {2, 10, 20}}, indices{DType::U8, {2, 10, 20}};
  expectAlike({"maxPool", {x}, {y, indices}, attrs}, {1}, 1);
}

}  // namespace
}  // namespace nodegrad::testing
