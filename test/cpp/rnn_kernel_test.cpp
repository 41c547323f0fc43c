#include <optional>

#include "cpu/isa.h"
#include "graph/op.h"
#include "support/kernel_test.h"

namespace nodegrad::testing {
namespace {

struct RnnCase {
  const char* name;
  int64_t n, steps, units;
  bool state, backwards, sequences, masked = false, stepMask = false, zeroOutput = false;
};

const RnnCase kCases[] = {
    {"one", 1, 1, 1, false, false, false},
    {"oneOfOddUnits", 1, 3, 5, true, false, true},
    {"wholeVectors", 4, 5, 16, false, false, false},
    {"odd", 17, 4, 33, true, false, true},
    {"backwards", 17, 4, 7, true, true, true},
    {"backwardsLast", 9, 5, 24, false, true, false},
    {"manyParts", 131, 2, 20, false, false, true},
    {"wide", 19, 3, 130, true, false, false},
    {"noSteps", 3, 0, 5, true, false, true},
    {"noSamples", 0, 3, 5, false, false, true},
    {"maskedOne", 1, 2, 1, false, false, false, true},
    {"masked", 17, 4, 33, true, true, true, true},
    {"maskedVectors", 37, 3, 16, true, false, false, true},
    {"padded", 37, 6, 16, false, false, false, false, true},
    {"paddedStates", 17, 5, 33, true, false, true, false, true},
    {"paddedBackwards", 17, 5, 7, true, true, true, true, true},
    {"paddedZeros", 9, 5, 24, true, false, true, false, true, true},
    {"paddedOne", 1, 3, 1, true, true, true, false, true, true},
    {"paddedMasked", 131, 3, 20, false, false, true, true, true, true},
};

class RnnKernel : public ::testing::TestWithParam<std::tuple<std::string, RnnCase>> {
 protected:
  void SetUp() override { useIsa(std::get<0>(GetParam())); }
  SavedSettings saved_;

  const RnnCase& c() const { return std::get<1>(GetParam()); }

  // Errors grow along the sequence: a step passes those before it on and adds the rounding of sums of as many
  // terms as units (or, on the way back, gates).
  // keeps: how many last outputs are there for the gradient, without which all else is the same.
  void expectEqual(const char* op, std::vector<Array> inputs, int64_t gates, size_t keeps = 0,
                   std::optional<bool> resetAfter = {}) const {
    Attrs attrs{{"goBackwards", c().backwards},
                {"returnSequences", c().sequences},
                {"masked", c().masked},
                {"stepMask", c().stepMask},
                {"zeroOutput", c().zeroOutput}};
    if (c().masked) inputs.push_back(randomNumbers({c().n, gates * c().units}, 8));
    if (c().stepMask) inputs.push_back(countedSteps());
    if (resetAfter) attrs.set("resetAfter", *resetAfter);
    const std::vector<Array> expected = reference::apply(op, inputs, attrs);
    std::vector<TensorType> types;
    for (const Array& array : expected) types.push_back(array.type);
    const PlannedResult result = runPlanned({op, inputs, types, checkAttrs(findOp(op), attrs)});
    EXPECT_EQ(result.implementation, c().n == 0 ? "nothing" : std::string("own:") + isaKernels().name);
    for (size_t o = 0; o < types.size(); ++o)
      expectClose(result.outputs[o], expected[o], c().steps * gates * c().units,
                  std::string(op) + " output " + std::to_string(o));
    if (keeps == 0) return;
    types.resize(types.size() - keeps);
    const PlannedResult fewer = runPlanned({op, inputs, types, checkAttrs(findOp(op), attrs)});
    for (size_t o = 0; o < types.size(); ++o)
      EXPECT_EQ(fewer.outputs[o].data, result.outputs[o].data)
          << op << " without what it keeps, output " << o;
  }

  // Samples of all lengths, none and all steps among them; every third has gaps instead.
  Array countedSteps() const {
    Array made{{DType::Bool, {c().n, c().steps}}, {}};
    for (int64_t s = 0; s < c().n; ++s)
      for (int64_t place = 0; place < c().steps; ++place) {
        const bool counts = s % 3 == 2 ? (s + place) % 2 == 0 : place < (s * 2) % (c().steps + 1);
        made.data.push_back(counts ? 1 : 0);
      }
    return made;
  }

  // What gates may be.
  static Array shares(const Dims& shape) {
    Array made = randomNumbers(shape, 1);
    for (double& v : made.data) v = static_cast<float>(0.5 + 0.5 * v);
    return made;
  }

  // Recurrent kernels as they are trained: rows of about length 1, so that states neither grow nor die out.
  Array kernel(int64_t gates) const {
    Array made = randomNumbers({c().units, gates * c().units}, 2);
    for (double& v : made.data) v = static_cast<float>(v * std::sqrt(3.0 / static_cast<double>(c().units)));
    return made;
  }
};

TEST_P(RnnKernel, Lstm) {
  const Dims rows{c().n, c().units};
  std::vector<Array> inputs{randomNumbers({c().n, c().steps, 4 * c().units}, 1), kernel(4)};
  if (c().state) inputs.insert(inputs.end(), {randomNumbers(rows, 3), randomNumbers(rows, 4)});
  expectEqual("lstm", inputs, 4, 3);
}

TEST_P(RnnKernel, LstmBackward) {
  const Dims rows{c().n, c().units}, sequence{c().n, c().steps, c().units};
  std::vector<Array> inputs{shares({c().n, c().steps, 4 * c().units}), randomNumbers(sequence, 3), kernel(4),
                            randomNumbers(rows, 4), randomNumbers(rows, 5)};
  if (c().sequences) inputs.push_back(randomNumbers(sequence, 6));
  if (c().state) inputs.push_back(randomNumbers(rows, 7));
  expectEqual("lstmBackward", inputs, 4);
}

TEST_P(RnnKernel, Gru) {
  std::vector<Array> inputs{randomNumbers({c().n, c().steps, 3 * c().units}, 1), kernel(3)};
  if (c().state) inputs.push_back(randomNumbers({c().n, c().units}, 3));
  expectEqual("gru", inputs, 3, 3, false);
  inputs.insert(inputs.begin() + 2, randomNumbers({3 * c().units}, 4));
  expectEqual("gru", inputs, 3, 3, true);
}

TEST_P(RnnKernel, GruBackward) {
  const Dims sequence{c().n, c().steps, c().units};
  std::vector<Array> inputs{shares({c().n, c().steps, 3 * c().units}), randomNumbers(sequence, 3), kernel(3),
                            randomNumbers({c().n, c().units}, 4)};
  if (c().sequences) inputs.push_back(randomNumbers(sequence, 6));
  expectEqual("gruBackward", inputs, 3, 0, false);
  inputs.insert(inputs.begin() + 4, randomNumbers(sequence, 5));
  expectEqual("gruBackward", inputs, 3, 0, true);
}

TEST_P(RnnKernel, SimpleRnn) {
  std::vector<Array> inputs{randomNumbers({c().n, c().steps, c().units}, 1), kernel(1)};
  if (c().state) inputs.push_back(randomNumbers({c().n, c().units}, 3));
  expectEqual("simpleRnn", inputs, 1, 2);
}

TEST_P(RnnKernel, SimpleRnnBackward) {
  const Dims sequence{c().n, c().steps, c().units};
  std::vector<Array> inputs{randomNumbers(sequence, 1), kernel(1), randomNumbers({c().n, c().units}, 4)};
  if (c().sequences) inputs.push_back(randomNumbers(sequence, 6));
  expectEqual("simpleRnnBackward", inputs, 1);
}

INSTANTIATE_TEST_SUITE_P(Shapes, RnnKernel,
                         ::testing::Combine(::testing::ValuesIn(isaLevels()), ::testing::ValuesIn(kCases)),
                         [](const auto& info) {
                           return std::get<0>(info.param) + "_" + std::get<1>(info.param).name;
                         });

}  // namespace
}  // namespace nodegrad::testing
