// Activations fused into oneDNN's convolutions and products: NaN stays NaN, whatever its sign.
#include <limits>

#include "support/kernel_test.h"

namespace nodegrad::testing {
namespace {

struct Case {
  std::string op;
  Dims x, w;
  int64_t groups = 1;
  Dims strides = {1, 1}, dilations = {1, 1};
};

// Implementations of all kinds that oneDNN has: generated code for blocks of channels that are full and for
// others, depthwise, pointwise, products of unfolded images, and its reference.
const Case kCases[] = {
    {"innerProduct", {4, 16}, {16, 16}},
    {"innerProduct", {32, 64}, {64, 33}},
    {"innerProduct", {1, 5}, {5, 3}},
    {"conv", {2, 8, 8, 16}, {3, 3, 16, 16}},
    {"conv", {2, 8, 8, 16}, {5, 5, 16, 32}},
    {"conv", {2, 8, 8, 16}, {1, 1, 16, 32}},
    {"conv", {2, 8, 8, 16}, {1, 1, 16, 32}, 1, {2, 2}},
    {"conv", {2, 8, 8, 3}, {3, 3, 3, 16}},
    {"conv", {2, 8, 8, 16}, {3, 3, 1, 16}, 16},
    {"conv", {2, 8, 8, 12}, {3, 3, 1, 12}, 12},
    {"conv", {1, 4, 7, 9}, {3, 7, 9, 2}},
    {"conv", {2, 3, 4, 15}, {1, 1, 15, 6}},
    {"conv", {2, 8, 8, 8}, {3, 3, 4, 8}, 2},
    {"conv", {3, 9, 12, 18}, {5, 5, 6, 12}, 3, {1, 1}, {2, 2}},
    {"conv", {2, 12, 8, 33}, {5, 6, 33, 1}, 1, {1, 1}, {3, 1}},
};

class FusedActivations : public OnEachIsa {};

// The op's result without its activation, of inputs in float32.
Array linear(const Case& c, const Attrs& attrs, Array x, Array w) {
  x.type.dtype = w.type.dtype = DType::F32;
  if (c.op == "conv") return reference::apply("conv", {x, w}, attrs)[0];
  return reference::apply("matmul", {x, w}, checkAttrs(findOp("matmul"), {}))[0];
}

// As a plan lays them out, and row-major, where oneDNN takes other implementations.
void expectNan(const Case& c, const std::string& activation, DType dtype, double nan) {
  Array x = randomNumbers(c.x, 1, -1, 1, dtype);
  const Array w = randomNumbers(c.w, 2, -1, 1, dtype);
  x.data[x.data.size() / 2] = nan;
  Attrs attrs;
  if (c.op == "conv")
    attrs = checkAttrs(findOp("conv"), {{"strides", c.strides},
                                        {"dilations", c.dilations},
                                        {"groups", c.groups},
                                        {"padding", std::string("same")}});
  const Array expected = linear(c, attrs, x, w);
  attrs.set("activation", activation);
  const Call call{c.op, {x, w}, {{dtype, expected.shape()}}, attrs};
  for (const Call& laidOut : {call, inPlannedLayouts(call)}) {
    const auto kernel = cpuBackend().kernel(laidOut.spec());
    const Array actual = run(*kernel, laidOut)[0];
    for (size_t i = 0; i < expected.data.size(); ++i)
      if (std::isnan(expected.data[i])) {
        ASSERT_TRUE(std::isnan(actual.data[i]))
            << activation << " " << toString(x.type) << " " << kernel->implementation();
      }
  }
}

TEST_P(FusedActivations, KeepNan) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const Case& c : kCases)
    for (const char* activation : {"relu", "tanh", "sigmoid", "elu", "gelu"})
      for (DType dtype : {DType::F32, DType::BF16}) {
        if (dtype == DType::BF16 && (!cpuBackend().hasBfloat16() || GetParam() != isaLevels().back()))
          continue;
        expectNan(c, activation, dtype, nan);
        expectNan(c, activation, dtype, -nan);
      }
}
ON_EACH_ISA(FusedActivations);

}  // namespace
}  // namespace nodegrad::testing
