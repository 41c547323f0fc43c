// Convolutions and products on bfloat16 against float64. Of bfloat16 factors a product is exact in float32,
// so that the error is float32's of the sum and, where the result is bfloat16 too, one rounding.
#include "cpu/conv/samples_kernels.h"
#include "cpu/isa.h"
#include "support/graph_builder.h"
#include "support/kernel_test.h"

namespace nodegrad::testing {
namespace {

class Bfloat16Backend : public ::testing::Test {
 protected:
  void SetUp() override {
    useWinograd(false);  // not float32 by Winograd's algorithm
    if (!cpuBackend().hasBfloat16()) GTEST_SKIP() << "no bfloat16 here; NODEGRAD_BFLOAT16=emulate";
  }

 private:
  SavedSettings saved_;
};

Array halves(const Dims& shape, unsigned seed) {
  Array made = randomNumbers(shape, seed);
  made.type.dtype = DType::BF16;
  for (double& v : made.data) v = BFloat16(static_cast<float>(v));
  return made;
}

TensorType typed(const Array& array, DType dtype) { return {dtype, array.shape()}; }

// The same numbers with the dtype that the reference knows.
Array asFloats(Array array) {
  array.type.dtype = DType::F32;
  return array;
}

void expectRounded(const Array& actual, const Array& expected, int64_t terms, const std::string& what) {
  const double sum = 1e-6 * std::sqrt(static_cast<double>(terms) + 4) + 1e-6;
  const double rounding = actual.type.dtype == DType::BF16 ? 0x1p-8 : 0;
  for (size_t i = 0; i < expected.data.size(); ++i)
    ASSERT_LE(std::abs(actual.data[i] - expected.data[i]),
              sum * (1 + std::abs(expected.data[i])) + rounding * std::abs(expected.data[i]))
        << what << " at " << i << ": expected " << expected.data[i] << ", received " << actual.data[i];
}

bool wantsHalves(const std::string& op, const Attrs& attrs, const Array& a, const Array& b, const Array& y) {
  const TensorType first = typed(a, DType::F32), second = typed(b, DType::F32), out = typed(y, DType::F32);
  const KernelSpec spec{op, attrs, {first, second}, {out}, {nullptr, nullptr}, {nullptr}, nullptr};
  return cpuBackend().precisions(spec).inputs[0] == Precision::BFloat16;
}

struct Shape {
  std::string name;
  Dims x, w;
  Attrs attrs = {};
};

TEST_F(Bfloat16Backend, ConvolutionsInAllPasses) {
  const Attrs same{{"padding", std::string("same")}};
  const std::vector<Shape> shapes = {
      {"first layer", {5, 14, 14, 1}, {3, 3, 1, 32}},
      {"colours", {2, 15, 13, 3}, {5, 5, 3, 16}, same},
      {"whole blocks", {2, 12, 12, 32}, {3, 3, 32, 64}, same},
      {"few channels", {3, 14, 14, 6}, {5, 5, 6, 16}},
      {"odd channels", {1, 8, 9, 5}, {3, 2, 5, 7}, same},
      {"pointwise", {2, 7, 6, 32}, {1, 1, 32, 48}},
      {"one filter", {2, 7, 7, 16}, {1, 1, 16, 1}},
      {"stride", {2, 15, 16, 16}, {3, 3, 16, 32}, {{"strides", Dims{2, 2}}}},
      {"groups", {2, 8, 8, 32}, {3, 3, 16, 64}, {{"groups", int64_t{2}}}},
      {"channels first", {2, 32, 9, 8}, {3, 3, 32, 16}, {{"dataFormat", std::string("channelsFirst")}}},
  };
  int taken = 0;
  for (const Shape& s : shapes) {
    const Attrs attrs = checkAttrs(findOp("conv"), s.attrs);
    const Array x = halves(s.x, 1), w = halves(s.w, 2), bias = randomNumbers({s.w[3]}, 3);
    const Array y = reference::apply("conv", {asFloats(x), asFloats(w)}, attrs)[0];
    const Array dy = halves(y.shape(), 4);
    const int64_t terms = count(s.w) / s.w[3], all = count(y.shape()) / s.w[3];
    if (wantsHalves("conv", attrs, x, w, y)) {
      ++taken;
      Array biased = y;
      const size_t axis = attrs.text("dataFormat") == "channelsLast" ? 3 : 1;
      reference::forEach(y.shape(), [&](const Dims& index, int64_t place) {
        biased.data[static_cast<size_t>(place)] += bias.data[static_cast<size_t>(index[axis])];
      });
      for (DType out : {DType::BF16, DType::F32}) {
        const PlannedResult result = runPlanned({"conv", {x, w, bias}, {typed(y, out)}, attrs});
        expectRounded(result.outputs[0], biased, terms, s.name + " " + result.implementation);
      }
    }
    if (wantsHalves("convBackwardData", attrs, w, dy, x)) {
      ++taken;
      const Array dx =
          reference::apply("convBackwardData", {asFloats(w), asFloats(dy), asFloats(x)}, attrs)[0];
      for (DType out : {DType::BF16, DType::F32}) {
        const PlannedResult result = runPlanned({"convBackwardData", {w, dy}, {typed(x, out)}, attrs});
        expectRounded(result.outputs[0], dx, terms * s.w[3], s.name + " data " + result.implementation);
      }
    }
    if (wantsHalves("convBackwardFilter", attrs, x, dy, w)) {
      ++taken;
      const Array dw =
          reference::apply("convBackwardFilter", {asFloats(x), asFloats(dy), asFloats(w)}, attrs)[0];
      const PlannedResult result = runPlanned({"convBackwardFilter", {x, dy}, {dw.type, bias.type}, attrs});
      expectRounded(result.outputs[0], dw, all, s.name + " filter " + result.implementation);
    }
  }
  EXPECT_GE(taken, 22);  // of 30: oneDNN has no code of its own for a few odd ones, and some are slow
}

TEST_F(Bfloat16Backend, DenseLayersInAllPasses) {
  for (const Dims& image : {Dims{17, 33}, Dims{128, 300}, Dims{5, 4, 3, 32}}) {
    const int64_t n = image[0], k = count(image) / n, units = 24;
    const Array x = halves(image, 1), w = halves({k, units}, 2), bias = randomNumbers({units}, 3);
    const Array flat{{DType::F32, {n, k}}, x.data}, dy = halves({n, units}, 4);
    const auto product = [](const Array& a, bool ta, const Array& b, bool tb) {
      return reference::apply("matmul", {asFloats(a), asFloats(b)},
                              {{"transposeA", ta}, {"transposeB", tb}})[0];
    };
    Array y = product(flat, false, w, false);
    const Array dx = product(dy, false, w, true), dw = product(flat, true, dy, false);
    for (size_t i = 0; i < y.data.size(); ++i) y.data[i] += bias.data[i % static_cast<size_t>(units)];
    for (DType out : {DType::BF16, DType::F32}) {
      expectRounded(runPlanned({"innerProduct", {x, w, bias}, {typed(y, out)}, {}}).outputs[0], y, k,
                    "forward");
      expectRounded(runPlanned({"innerProductBackwardData", {w, dy}, {typed(x, out)}, {}}).outputs[0], dx,
                    units, "data");
    }
    const PlannedResult weights =
        runPlanned({"innerProductBackwardWeights", {x, dy}, {dw.type, bias.type}, {}});
    expectRounded(weights.outputs[0], dw, n, "weights");
  }
}

// A copy of the weights in each step is worth it for some rows only; one before the first step always is.
TEST_F(Bfloat16Backend, DenseLayersOfFewRowsCopyNoWeights) {
  for (int64_t rows : {1, 15, 16, 64})
    for (const bool invariant : {false, true}) {
      const auto wanted = [&](const char* op, const Dims& first, const Dims& second, const Dims& out) {
        const TensorType types[] = {{DType::F32, first}, {DType::F32, second}, {DType::F32, out}};
        KernelSpec spec{op, {}, {types[0], types[1]}, {types[2]}, {nullptr, nullptr}, {nullptr}, nullptr};
        const bool weightsFirst = std::string(op) == "innerProductBackwardData";
        spec.invariant = {invariant && weightsFirst, invariant && !weightsFirst};
        const PrecisionChoice choice = cpuBackend().precisions(spec);
        EXPECT_EQ(choice.inputs[0], choice.inputs[1]);
        return choice.inputs[0] == Precision::BFloat16;
      };
      const Dims x = {rows, 40}, w = {40, 24}, y = {rows, 24};
      EXPECT_EQ(wanted("innerProduct", x, w, y), invariant || rows >= 16);
      EXPECT_EQ(wanted("innerProductBackwardData", w, y, x), invariant || rows >= 16);
      EXPECT_EQ(wanted("innerProductBackwardWeights", x, y, w), rows >= 16);
    }
}

TEST_F(Bfloat16Backend, Matmul) {
  for (const bool transposed : {false, true}) {
    const Attrs attrs{{"transposeA", false}, {"transposeB", transposed}};
    const Array a = halves({3, 17, 20}, 1), b = halves(transposed ? Dims{3, 9, 20} : Dims{3, 20, 9}, 2);
    const Array y = reference::apply("matmul", {asFloats(a), asFloats(b)}, attrs)[0];
    for (DType out : {DType::BF16, DType::F32})
      expectRounded(runPlanned({"matmul", {a, b}, {typed(y, out)}, attrs}).outputs[0], y, 20, "matmul");
  }
}

// A convolution that follows images in blocks of samples does so with the policy too, as its float32 kernel
// is the faster one; by itself it is oneDNN's.
TEST_F(Bfloat16Backend, ConvolutionsInBlocksOfSamplesStayFloat32) {
  const int64_t images = 2 * isaKernels().sampleConv->lanes;
  for (const bool follows : {true, false}) {
    GraphBuilder t;
    Value y = t.feed({images, 12, 12, follows ? 1 : 6});
    if (follows) y = t.op("tanh", {t.op("conv", {y, t.variable({3, 3, 1, 6})})});
    const Value w = t.variable({3, 3, 6, 16});
    y = t.op("conv", {t.op("averagePool", {y}, {{"poolSize", Dims{2, 2}}, {"strides", Dims{2, 2}}}), w});
    t.fetches = gradients(t.graph, {t.op("sum", {t.op("square", {y})})}, {w});
    plan::Ir ir = t.ir();
    plan::simplify(ir);
    plan::fuseElementwise(ir);
    plan::choosePrecision(ir, cpuBackend());
    int halves = 0;
    for (const plan::IrNode& node : ir.nodes)
      halves += node.op.rfind("conv", 0) == 0 && ir.type(node.inputs[0]).dtype == DType::BF16;
    EXPECT_EQ(halves, follows ? 0 : 2);
  }
}

}  // namespace
}  // namespace nodegrad::testing
