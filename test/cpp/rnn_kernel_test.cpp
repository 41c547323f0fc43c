#include "cpu/isa.h"
#include "graph/op.h"
#include "support/backend_run.h"

namespace nodegrad::testing {
namespace {

using reference::Array;

struct RnnCase {
  const char* name;
  int64_t n, steps, units;
  bool state, backwards, sequences;
};

const RnnCase kCases[] = {
    {"one", 1, 1, 1, false, false, false},           {"oneOfOddUnits", 1, 3, 5, true, false, true},
    {"wholeVectors", 4, 5, 16, false, false, false}, {"odd", 17, 4, 33, true, false, true},
    {"backwards", 17, 4, 7, true, true, true},       {"backwardsLast", 9, 5, 24, false, true, false},
    {"manyParts", 131, 2, 20, false, false, true},   {"wide", 19, 3, 130, true, false, false},
    {"noSteps", 3, 0, 5, true, false, true},         {"noSamples", 0, 3, 5, false, false, true},
};

class RnnKernel : public ::testing::TestWithParam<std::tuple<std::string, RnnCase>> {
 protected:
  void SetUp() override { useIsa(std::get<0>(GetParam())); }
  void TearDown() override { useIsa(isaLevels().back()); }

  const RnnCase& c() const { return std::get<1>(GetParam()); }
  Attrs attrs() const { return {{"goBackwards", c().backwards}, {"returnSequences", c().sequences}}; }

  // Errors grow along the sequence: a step passes those before it on and adds the rounding of sums of as many
  // terms as units (or, on the way back, gates).
  void expectEqual(const char* op, const std::vector<Array>& inputs, int64_t gates) const {
    const std::vector<Array> expected = reference::apply(op, inputs, attrs());
    std::vector<TensorType> types;
    for (const Array& array : expected) types.push_back(array.type);
    const NodeResult result = run({op, inputs, types, checkAttrs(findOp(op), attrs())});
    EXPECT_EQ(result.implementation, "own:" + std::get<0>(GetParam()));
    for (size_t o = 0; o < types.size(); ++o)
      expectClose(result.outputs[o], expected[o], c().steps * gates * c().units,
                  std::string(op) + " output " + std::to_string(o));
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
  expectEqual("lstm", inputs, 4);
}

TEST_P(RnnKernel, LstmBackward) {
  const Dims rows{c().n, c().units}, sequence{c().n, c().steps, c().units};
  Array gates = randomNumbers({c().n, c().steps, 4 * c().units}, 1);
  for (double& v : gates.data) v = static_cast<float>(0.5 + 0.5 * v);
  std::vector<Array> inputs{gates, randomNumbers(sequence, 3), kernel(4), randomNumbers(rows, 4),
                            randomNumbers(rows, 5)};
  if (c().sequences) inputs.push_back(randomNumbers(sequence, 6));
  if (c().state) inputs.push_back(randomNumbers(rows, 7));
  expectEqual("lstmBackward", inputs, 4);
}

INSTANTIATE_TEST_SUITE_P(Shapes, RnnKernel,
                         ::testing::Combine(::testing::ValuesIn(isaLevels()), ::testing::ValuesIn(kCases)),
                         [](const auto& info) {
                           return std::get<0>(info.param) + "_" + std::get<1>(info.param).name;
                         });

}  // namespace
}  // namespace nodegrad::testing
