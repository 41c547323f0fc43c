// Recurrent kernels on bfloat16: products of rounded states with a rounded kernel, all else in float32.
#include "cpu/isa.h"
#include "graph/op.h"
#include "support/kernel_test.h"

namespace nodegrad::testing {
namespace {

constexpr int64_t kSteps = 80;
constexpr double kUnit = 0x1p-8;  // the largest relative rounding of bfloat16
// Of numbers that are spread evenly between two of bfloat16: the root mean square, relative to the number.
const double kRounding = kUnit / std::sqrt(3.0);

struct RnnOp {
  const char* name;
  int64_t gates;
  bool resetAfter = false, masked = false, stepMask = false;
};

std::vector<std::string> bfloat16Settings() {
  std::vector<std::string> all;
  if (isaKernels().name != std::string("avx512")) return all;
  all.push_back("emulate");
  if (cpuBackend().hasBfloat16()) all.push_back("on");
  return all;
}

// With the processor's instructions and without.
class RnnBfloat16 : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    useBfloat16(GetParam() == "emulate" ? Settings::Bfloat16::Emulate : Settings::Bfloat16::Native);
  }

 private:
  SavedSettings saved_;
};
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(RnnBfloat16);

Array rounded(Array array) {
  for (double& v : array.data) v = BFloat16(static_cast<float>(v));
  return array;
}

// Rows of about length 1, so that states neither grow nor die out.
Array kernelOf(int64_t units, int64_t gates) {
  Array made = randomNumbers({units, gates * units}, 2);
  for (double& v : made.data) v = static_cast<float>(v * std::sqrt(3.0 / static_cast<double>(units)));
  return made;
}

Attrs attrsOf(const RnnOp& op, bool sequences, bool backwards = false) {
  Attrs attrs{{"goBackwards", backwards},
              {"returnSequences", sequences},
              {"masked", op.masked},
              {"stepMask", op.stepMask}};
  if (op.gates == 3) attrs.set("resetAfter", op.resetAfter);
  return attrs;
}

// What the kernel makes of the inputs, those of `bf16Inputs` and the outputs of `bf16Outputs` in bfloat16.
std::vector<Array> runWith(const std::string& op, std::vector<Array> inputs, const Attrs& attrs,
                           const std::vector<size_t>& bf16Inputs, const std::vector<size_t>& bf16Outputs,
                           size_t dropped = 0) {
  std::vector<TensorType> types;
  for (const Array& array : reference::apply(op, inputs, attrs)) types.push_back(array.type);
  for (size_t i : bf16Inputs) inputs[i].type.dtype = DType::BF16;
  for (size_t o : bf16Outputs) types[o].dtype = DType::BF16;
  types.resize(types.size() - dropped);
  const PlannedResult result = runPlanned({op, inputs, types, checkAttrs(findOp(op), attrs)});
  if (!bf16Inputs.empty()) {
    EXPECT_EQ(result.implementation, std::string("own:") + bfloat16Kernels().name) << result.implementation;
  }
  return result.outputs;
}

double rms(const Array& array) {
  double squares = 0;
  for (double v : array.data) squares += v * v;
  return std::sqrt(squares / static_cast<double>(array.data.size()));
}
double rmsApart(const Array& a, const Array& b) {
  double squares = 0;
  for (size_t i = 0; i < a.data.size(); ++i) squares += std::pow(a.data[i] - b.data[i], 2);
  return std::sqrt(squares / static_cast<double>(a.data.size()));
}

std::vector<RnnOp> forwards() {
  std::vector<RnnOp> ops{{"lstm", 4}, {"gru", 3, true}, {"gru", 3, false}, {"simpleRnn", 1}};
  for (size_t i = 0; i < 4; ++i) {
    ops.push_back(ops[i]);
    ops.back().masked = true;
  }
  for (size_t i = 0; i < 4; ++i) {
    ops.push_back(ops[i]);
    ops.back().stepMask = true;
  }
  return ops;
}

// Numbers of at most 1, which round no more than states without a mask.
Array maskOf(const RnnOp& op, int64_t n, int64_t units) { return randomNumbers({n, op.gates * units}, 7); }

// All steps of a sample but one in seven.
Array countedSteps(int64_t n, int64_t steps) {
  Array made{{DType::Bool, {n, steps}}, {}};
  for (int64_t i = 0; i < n * steps; ++i) made.data.push_back(i % 7 == 3 ? 0 : 1);
  return made;
}

std::vector<Array> forwardInputs(const RnnOp& op, int64_t n, int64_t steps, int64_t units) {
  std::vector<Array> inputs{rounded(randomNumbers({n, steps, op.gates * units}, 1)),
                            kernelOf(units, op.gates)};
  if (op.resetAfter) inputs.push_back(randomNumbers({op.gates * units}, 3));
  for (int64_t s = 0; s < (op.gates == 4 ? 2 : 1); ++s) inputs.push_back(randomNumbers({n, units}, 5));
  if (op.masked) inputs.push_back(maskOf(op, n, units));
  if (op.stepMask) inputs.push_back(countedSteps(n, steps));
  return inputs;
}

// A step adds to a sum z the roundings of h and of the kernel, √2 · kRounding · rms(h) where the kernel's
// columns have length 1 (the candidate of a GRU takes two roundings of h more), and passes on what came
// before by a factor ρ below 1: the sigmoids' slopes are below 1/4, the forget gate and 1 - tanh² are about
// 0.6 in the root mean square. Adding up to 1 / (1 - ρ), with ρ ≤ 0.75, gives 4 such roundings; a rounding of
// the stored number comes on top.
TEST_P(RnnBfloat16, StaysWithinItsRoundingOverManySteps) {
  for (const RnnOp& op : forwards()) {
    const std::vector<Array> inputs = forwardInputs(op, 17, kSteps, 96);
    const Attrs attrs = attrsOf(op, true);
    const auto exact = runWith(op.name, inputs, attrs, {}, {});
    const auto inBf16 = runWith(op.name, inputs, attrs, {0}, {0});
    const double bound = (4 * std::sqrt(2.0) + 1) * kRounding * rms(exact[0]);
    EXPECT_LE(rmsApart(inBf16[0], exact[0]), bound) << op.name;
    EXPECT_GT(rmsApart(inBf16[0], exact[0]), 0.1 * kRounding * rms(exact[0]))
        << op.name << ": nothing is rounded";
  }
}

struct Backward {
  RnnOp op;
  std::vector<Array> inputs;
  std::vector<size_t> bf16Inputs;
};

Backward backwardOf(const RnnOp& op, int64_t n, int64_t steps, int64_t units) {
  const Dims sequence{n, steps, units}, rows{n, units};
  const auto shares = [](const Dims& shape, unsigned seed) {
    Array made = randomNumbers(shape, seed);
    for (double& v : made.data) v = 0.5 + 0.5 * v;
    return rounded(made);
  };
  Backward b{op, {shares({n, steps, op.gates * units}, 1)}, {0}};
  const auto add = [&](Array array) { b.inputs.push_back(std::move(array)); };
  if (op.gates == 4) add(randomNumbers(sequence, 2));
  if (op.gates == 3) add(shares(sequence, 2));
  add(kernelOf(units, op.gates));
  add(randomNumbers(rows, 3));
  if (op.gates == 4) add(randomNumbers(rows, 4));
  if (op.gates == 3) b.bf16Inputs.push_back(1);
  if (op.resetAfter) {
    add(shares(sequence, 5));
    b.bf16Inputs.push_back(4);
  }
  add(randomNumbers(sequence, 6));
  if (op.masked) add(maskOf(op, n, units));
  if (op.stepMask) add(countedSteps(n, steps));
  return b;
}

// A step rounds dz and the kernel, √2 · kRounding of the gradient, independently of the others: after k steps
// √k of them, and the rounding of what is stored.
TEST_P(RnnBfloat16, GradientsStayWithinItsRoundingOverManySteps) {
  for (const RnnOp& op : forwards()) {
    const Backward b = backwardOf(op, 17, kSteps, 96);
    const std::string name = std::string(op.name) + "Backward";
    const Attrs attrs = attrsOf(op, true);
    const auto exact = runWith(name, b.inputs, attrs, {}, {});
    const auto inBf16 = runWith(name, b.inputs, attrs, b.bf16Inputs, {0});
    EXPECT_LE(rmsApart(inBf16[0], exact[0]), (std::sqrt(2.0 * kSteps) + 1) * kRounding * rms(exact[0]))
        << name;
    EXPECT_GT(rmsApart(inBf16[0], exact[0]), 0.1 * kRounding * rms(exact[0]))
        << name << ": nothing is rounded";
  }
}

// Every output in either dtype says the same, and a kernel that keeps nothing gives the same states: odd
// sizes, one sample, backwards.
TEST_P(RnnBfloat16, WritesTheSameInEitherDtype) {
  for (const RnnOp& op : forwards()) {
    for (const auto& [n, units] : {std::pair<int64_t, int64_t>{1, 5}, {7, 33}, {40, 16}}) {
      const Attrs attrs = attrsOf(op, true, n == 7);
      const std::vector<Array> inputs = forwardInputs(op, n, 4, units);
      const auto floats = runWith(op.name, inputs, attrs, {0}, {});
      std::vector<size_t> all;
      for (size_t o = 0; o < floats.size(); ++o)
        if (op.gates != 4 || (o != 2 && o != 4)) all.push_back(o);  // cells stay float32
      const auto inBf16 = runWith(op.name, inputs, attrs, {0}, all);
      for (size_t o = 0; o < floats.size(); ++o) {
        const bool isBf16 = inBf16[o].type.dtype == DType::BF16;
        EXPECT_EQ(inBf16[o].data, isBf16 ? rounded(floats[o]).data : floats[o].data) << op.name << " " << o;
      }
      const auto kept = runWith(op.name, inputs, attrs, {0}, {}, op.gates == 1 ? 2 : 3);
      for (size_t o = 0; o < kept.size(); ++o) EXPECT_EQ(kept[o].data, floats[o].data) << op.name << " " << o;

      const Backward b = backwardOf(op, n, 4, units);
      const std::string name = std::string(op.name) + "Backward";
      const auto dFloats = runWith(name, b.inputs, attrs, b.bf16Inputs, {});
      const auto dInBf16 = runWith(name, b.inputs, attrs, b.bf16Inputs, {0});
      EXPECT_EQ(dInBf16[0].data, rounded(dFloats[0]).data) << name;
      for (size_t o = 1; o < dFloats.size(); ++o) EXPECT_EQ(dInBf16[o].data, dFloats[o].data) << name;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Settings, RnnBfloat16, ::testing::ValuesIn(bfloat16Settings()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace nodegrad::testing
