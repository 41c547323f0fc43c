#include <limits>

#include "support/kernel_test.h"

namespace nodegrad::testing {
namespace {

constexpr DType kAll[] = {DType::F32, DType::I32, DType::U8, DType::BF16};

// from(place of the output) gives the place in x; {} means value.
void check(const Call& call, const std::function<Dims(const Dims&)>& from, double value = 0,
           const std::string& what = "") {
  std::vector<double> expected;
  reference::forEach(call.outputs[0].shape, [&](const Dims& at, int64_t) {
    const Dims place = from(at);
    const bool outside = place.empty() && !at.empty();
    expected.push_back(
        outside ? value : call.inputs[0].data[reference::broadcastPlace(call.inputs[0].type.shape, place)]);
  });
  expectNear(run(call)[0], expected, 0, 0, call.op + what);
}

TEST(Move, Constants) {
  for (DType dtype : kAll) {
    const Call call{"constant", {}, {{dtype, {70000}}}, {{"value", 3.0}}};
    expectNear(run(call)[0], std::vector<double>(70000, 3.0), 0, 0);
  }
  expectNear(run({"constant", {}, {{DType::Bool, {3}}}, {{"value", 1.0}}})[0], {1, 1, 1}, 0, 0);
}

TEST(Move, ReshapesInOrder) {
  const Array x = randomNumbers({3, 70, 100}, 1, 0, 200);
  expectNear(run({"reshape", {x}, {{DType::F32, {21000}}}})[0], x.data, 0, 0);
}

TEST(Move, TransposesByAnyPermutation) {
  for (DType dtype : kAll) {
    for (auto& [shape, perm] : std::vector<std::pair<Dims, Dims>>{{{5, 7}, {1, 0}},
                                                                  {{70, 130}, {1, 0}},
                                                                  {{2, 5, 33, 3}, {0, 3, 1, 2}},
                                                                  {{2, 3, 5, 33}, {0, 2, 3, 1}},
                                                                  {{4, 5, 6}, {2, 0, 1}},
                                                                  {{4, 5, 6}, {2, 1, 0}},
                                                                  {{4, 5, 6}, {1, 0, 2}},
                                                                  {{1, 300, 200}, {0, 2, 1}},
                                                                  {{9}, {0}},
                                                                  {{}, {}}}) {
      const Array x = randomNumbers(shape, 1, 0, 200, dtype);
      Dims out;
      for (int64_t axis : perm) out.push_back(shape[axis]);
      const Dims& p = perm;
      check(
          {"transpose", {x}, {{dtype, out}}, {{"perm", perm}}},
          [&](const Dims& at) {
            Dims place(at.size());
            for (size_t d = 0; d < at.size(); ++d) place[p[d]] = at[d];
            return place;
          },
          0, toString(shape) + toString(perm));
    }
  }
}

TEST(Move, BroadcastsToAShape) {
  for (DType dtype : kAll) {
    for (auto& [from, to] : std::vector<std::pair<Dims, Dims>>{{{}, {3, 5}},
                                                               {{5}, {3, 5}},
                                                               {{3, 1}, {3, 500}},
                                                               {{2, 1, 4}, {7, 2, 3, 4}},
                                                               {{1, 90000}, {2, 90000}}}) {
      const Array x = randomNumbers(from, 1, 0, 200, dtype);
      check({"broadcastTo", {x}, {{dtype, to}}}, [](const Dims& at) { return at; }, 0, toString(from));
    }
  }
}

TEST(Move, ConcatenatesAlongAnyAxis) {
  for (DType dtype : kAll) {
    for (int64_t axis : {0, 1, 2, -1}) {
      const size_t d = axis < 0 ? 2 : axis;
      std::vector<Array> parts;
      Dims shape = {3, 4, 5};
      int64_t total = 0;
      for (int64_t size : {2, 1, 30}) {
        shape[d] = size;
        parts.push_back(randomNumbers(shape, static_cast<unsigned>(size), 0, 200, dtype));
        total += size;
      }
      shape[d] = total;
      std::vector<double> expected;
      reference::forEach(shape, [&](Dims at, int64_t) {
        size_t i = 0;
        for (; at[d] >= parts[i].type.shape[d]; ++i) at[d] -= parts[i].type.shape[d];
        expected.push_back(parts[i].data[reference::broadcastPlace(parts[i].type.shape, at)]);
      });
      expectNear(run({"concatenate", parts, {{dtype, shape}}, {{"axis", axis}}})[0], expected, 0, 0);
    }
  }
}

TEST(Move, SlicesAndPutsBack) {
  const Array x = randomNumbers({6, 7, 9}, 1);
  const Attrs attrs{{"begin", Dims{1, -5, 0}},
                    {"end", Dims{6, -1, std::numeric_limits<int64_t>::max()}},
                    {"strides", Dims{2, 1, 4}}};
  const Dims out = {3, 4, 3};
  check({"slice", {x}, {{DType::F32, out}}, attrs},
        [](const Dims& at) { return Dims{1 + 2 * at[0], 2 + at[1], 4 * at[2]}; });

  const Array dy = randomNumbers(out, 2);
  check({"sliceBackward", {dy}, {x.type}, attrs}, [](const Dims& at) {
    const bool taken = at[0] % 2 == 1 && at[1] >= 2 && at[1] < 6 && at[2] % 4 == 0;
    return taken ? Dims{at[0] / 2, at[1] - 2, at[2] / 4} : Dims{};
  });
}

TEST(Move, SlicesBackwardsAndPutsBack) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max(), kLeast = std::numeric_limits<int64_t>::min();
  for (const bool inner : {true, false}) {
    const Array x = randomNumbers({6, 7, 9}, 1);
    const Attrs attrs{{"begin", Dims{kMost, -2, inner ? 8 : 0}},
                      {"end", Dims{kLeast, 0, inner ? kLeast : kMost}},
                      {"strides", Dims{-1, -2, inner ? -3 : 1}}};
    const Dims out = {6, 3, inner ? 3 : 9};
    check({"slice", {x}, {{DType::F32, out}}, attrs},
          [&](const Dims& at) { return Dims{5 - at[0], 5 - 2 * at[1], inner ? 8 - 3 * at[2] : at[2]}; });

    const Array dy = randomNumbers(out, 2);
    check({"sliceBackward", {dy}, {x.type}, attrs}, [&](const Dims& at) {
      const bool taken = at[1] % 2 == 1 && (!inner || at[2] % 3 == 2);
      return taken ? Dims{5 - at[0], (5 - at[1]) / 2, inner ? (8 - at[2]) / 3 : at[2]} : Dims{};
    });
  }
}

TEST(Move, PadsWithAValue) {
  const Array x = randomNumbers({3, 4, 5}, 1);
  check(
      {"pad", {x}, {{DType::F32, {6, 4, 8}}}, {{"paddings", Dims{1, 2, 0, 0, 3, 0}}, {"value", 0.5}}},
      [](const Dims& at) {
        return at[0] >= 1 && at[0] < 4 && at[2] >= 3 ? Dims{at[0] - 1, at[1], at[2] - 3} : Dims{};
      },
      0.5);
}

TEST(Move, EmptyTensors) {
  const Array nothing = array({0, 3}, {});
  EXPECT_TRUE(run({"transpose", {nothing}, {{DType::F32, {3, 0}}}, {{"perm", Dims{1, 0}}}})[0].data.empty());
  const Array one = array({1, 3}, {1, 2, 3});
  expectNear(run({"concatenate", {nothing, one}, {{DType::F32, {1, 3}}}, {{"axis", int64_t{0}}}})[0],
             one.data, 0, 0);
}

// Random images must not depend on the machine.
TEST(Warp, GivesTheSameBitsOnEachIsa) {
  SavedSettings saved;
  for (int64_t channels : {1, 2, 3, 4}) {
    const Array x = randomNumbers({2, 37, 141, channels}, 1);
    Array transforms = randomNumbers({2, 8}, 2, -1, 1);
    for (size_t i = 0; i < transforms.data.size(); ++i) {
      if (i % 8 == 0 || i % 8 == 4) transforms.data[i] += 1;
      if (i % 8 == 2 || i % 8 == 5) transforms.data[i] *= 40;
      if (i % 8 > 5) transforms.data[i] *= i < 8 ? 0 : 0.003;
    }
    for (bool isNearest : {false, true})
      for (const char* mode : {"constant", "nearest", "wrap", "mirror", "reflect"}) {
        const Call call{"warp",
                        {x, transforms},
                        {x.type},
                        {{"nearest", isNearest}, {"fillMode", std::string(mode)}, {"fillValue", 0.3}}};
        std::vector<double> first;
        for (const std::string& level : isaLevels()) {
          useIsa(level);
          const std::vector<double> made = run(call)[0].data;
          if (first.empty()) first = made;
          EXPECT_EQ(made, first) << level << " " << mode << " " << channels;
        }
      }
  }
}

}  // namespace
}  // namespace nodegrad::testing
