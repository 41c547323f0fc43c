#include <cmath>
#include <limits>

#include "support/kernel_test.h"

namespace nodegrad::testing {
namespace {

struct Case {
  Dims x, indices;
  int64_t axis, batchDims;
};

std::vector<Case> cases() {
  return {{{9}, {4}, 0, 0},
          {{9, 5}, {300}, 0, 0},
          {{9, 5}, {2, 3}, 1, 0},
          {{3, 9, 4}, {7}, 1, 0},
          {{3, 9, 4}, {3, 5}, 1, 1},
          {{2, 3, 9}, {2, 3, 6}, 2, 2},
          {{2, 3, 9, 4}, {2, 5}, 2, 1},
          {{200, 128}, {20, 80}, 0, 0},
          {{9, 5}, {}, 0, 0},
          {{3, 9}, {0}, 1, 0}};
}

Attrs attrsOf(const Case& c) { return {{"axis", c.axis}, {"batchDims", c.batchDims}}; }

Dims gatheredShape(const Case& c) {
  Dims shape(c.x.begin(), c.x.begin() + c.axis);
  shape.insert(shape.end(), c.indices.begin() + c.batchDims, c.indices.end());
  shape.insert(shape.end(), c.x.begin() + c.axis + 1, c.x.end());
  return shape;
}

// The place in x that a place of the result was gathered from.
Dims source(const Case& c, const Array& indices, const Dims& at) {
  Dims chosen(at.begin(), at.begin() + c.batchDims);
  const size_t middle = c.indices.size() - c.batchDims;
  chosen.insert(chosen.end(), at.begin() + c.axis, at.begin() + c.axis + middle);
  Dims place(at.begin(), at.begin() + c.axis);
  place.push_back(static_cast<int64_t>(indices.data[reference::broadcastPlace(c.indices, chosen)]));
  place.insert(place.end(), at.begin() + c.axis + middle, at.end());
  return place;
}

TEST(Gather, AnyAxisAndDtype) {
  for (const Case& c : cases()) {
    for (DType dtype : {DType::F32, DType::I32, DType::U8}) {
      for (DType indexType : {DType::I32, DType::U8}) {
        const Array x = randomNumbers(c.x, 1, 0, 200, dtype);
        const Array indices = randomNumbers(c.indices, 2, 0, c.x[c.axis] - 0.001, indexType);
        std::vector<double> expected;
        reference::forEach(gatheredShape(c), [&](const Dims& at, int64_t) {
          expected.push_back(x.data[reference::broadcastPlace(c.x, source(c, indices, at))]);
        });
        expectNear(run({"gather", {x, indices}, {{dtype, gatheredShape(c)}}, attrsOf(c)})[0], expected, 0, 0,
                   toString(c.x));
      }
    }
  }
}

class Scatter : public OnEachIsa {};
ON_EACH_ISA(Scatter);

TEST_P(Scatter, AddsWhatWasGathered) {
  for (const Case& c : cases()) {
    const Array dy = randomNumbers(gatheredShape(c), 1);
    const Array indices = randomNumbers(c.indices, 2, 0, c.x[c.axis] - 0.001, DType::I32);
    std::vector<double> expected(count(c.x));
    size_t i = 0;
    reference::forEach(gatheredShape(c), [&](const Dims& at, int64_t) {
      expected[reference::broadcastPlace(c.x, source(c, indices, at))] += dy.data[i++];
    });
    const Call call{"gatherBackward", {dy, indices}, {{DType::F32, c.x}}, attrsOf(c)};
    setTeamThreads(1);
    const Array one = run(call)[0];
    setTeamThreads(3);
    const Array three = run(call)[0];
    setTeamThreads(availableThreads());
    expectNear(one, expected, 1e-5, 1e-5, toString(c.x));
    EXPECT_EQ(one.data, three.data);
  }
}

// Rows of either dtype from a table of either, rounded where they become bfloat16; their gradients are added
// up as the floats that they are.
TEST_P(Scatter, RowsOfBfloat16) {
  for (const Case& c : cases()) {
    const Array indices = randomNumbers(c.indices, 2, 0, c.x[c.axis] - 0.001, DType::I32);
    const auto gathered = [&](DType from, DType to) {
      return run(
          {"gather", {randomNumbers(c.x, 1, -1, 1, from), indices}, {{to, gatheredShape(c)}}, attrsOf(c)})[0];
    };
    Array rounded = gathered(DType::F32, DType::F32);
    for (double& v : rounded.data) v = BFloat16(static_cast<float>(v));
    EXPECT_EQ(gathered(DType::F32, DType::BF16).data, rounded.data);
    EXPECT_EQ(gathered(DType::BF16, DType::BF16).data, rounded.data);
    EXPECT_EQ(gathered(DType::BF16, DType::F32).data, rounded.data);
    std::vector<Array> sums;
    for (DType dtype : {DType::F32, DType::BF16}) {
      rounded.type.dtype = dtype;
      sums.push_back(run({"gatherBackward", {rounded, indices}, {{DType::F32, c.x}}, attrsOf(c)})[0]);
    }
    EXPECT_EQ(sums[0].data, sums[1].data);
  }
}

TEST(Gather, RefusesIndicesOutOfRange) {
  for (double index : {-1.0, 5.0}) {
    const Array x = randomNumbers({5, 2}, 1, 0, 1), indices = array({3}, {4, index, 0}, DType::I32);
    for (const Call& call : {Call{"gather", {x, indices}, {{DType::F32, {3, 2}}}, attrsOf({{}, {}, 0, 0})},
                             Call{"gatherBackward",
                                  {randomNumbers({3, 2}, 1, 0, 1), indices},
                                  {{DType::F32, {5, 2}}},
                                  attrsOf({{}, {}, 0, 0})}}) {
      try {
        run(call);
        FAIL();
      } catch (const Error& error) {
        EXPECT_EQ(error.code(), ErrorCode::Argument);
        EXPECT_NE(
            std::string(error.what())
                .find("from 0 to 4, received " + std::to_string(static_cast<int>(index)) + " at index 1"),
            std::string::npos)
            << error.what();
      }
    }
  }
}

TEST(Gather, IndicesOfFloatsAreCutAtThePoint) {
  const auto out = run({"toIndices",
                        {array({5}, {0, 2.9, -2.9, -2147483648.0, 2147483520.0}, DType::F32)},
                        {{DType::I32, {5}}},
                        {}});
  EXPECT_EQ(out[0].data, (std::vector<double>{0, 2, -2, -2147483648.0, 2147483520.0}));
}

TEST(Gather, IndicesThatInt32DoesNotHoldAreShownAsTheyAre) {
  const double infinity = std::numeric_limits<double>::infinity();
  for (const auto& [value, text] : {std::pair(std::nan(""), "NaN"), std::pair(1e20, "1e+20"),
                                    std::pair(-infinity, "-inf"), std::pair(2147483648.0, "2.14748e+09")}) {
    // Enough for several threads, with a later one that is wrong, too.
    std::vector<double> numbers(100000, 1);
    numbers[70000] = value;
    numbers[99999] = -1e30;
    try {
      run({"toIndices", {array({100000}, numbers, DType::F32)}, {{DType::I32, {100000}}}, {}});
      FAIL();
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::Argument);
      EXPECT_EQ(
          std::string(error.what()),
          std::string("[toIndices] expected indices that int32 holds, received ") + text + " at index 70000");
    }
  }
}

TEST(Gather, OneHotLeavesRowsOutOfRangeOff) {
  const Array indices = array({2, 2}, {0, 3, -1, 2}, DType::I32);
  const auto out = run({"oneHot",
                        {indices},
                        {{DType::F32, {2, 2, 3}}},
                        {{"depth", int64_t{3}}, {"onValue", 5.0}, {"offValue", 0.5}}});
  expectNear(out[0], {5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 0.5, 5}, 0, 0);
}

}  // namespace
}  // namespace nodegrad::testing
