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

const char* const kFillModes[] = {"constant", "nearest", "wrap", "mirror", "reflect"};

Call warpCall(const Array& x, const Array& transforms, const std::string& mode, bool isNearest) {
  return {
      "warp", {x, transforms}, {x.type}, {{"nearest", isNearest}, {"fillMode", mode}, {"fillValue", 0.3}}};
}

// Random images must not depend on the machine.
TEST(Warp, GivesTheSameBitsOnEachIsa) {
  SavedSettings saved;
  for (int64_t channels : {1, 2, 3, 4}) {
    const Array x = randomNumbers({3, 37, 141, channels}, 1);
    Array transforms = randomNumbers({3, 8}, 2, -1, 1);
    for (size_t i = 0; i < transforms.data.size(); ++i) {
      const bool isScale = i % 8 == 0 || i % 8 == 4, isShift = i % 8 == 2 || i % 8 == 5;
      if (isScale) transforms.data[i] += 1;
      if (isShift) transforms.data[i] *= 40;
      if (i % 8 > 5) transforms.data[i] *= i < 8 ? 0 : 0.003;
      // The last one neither turns nor shears.
      if (i >= 16 && !isScale && !isShift) transforms.data[i] = 0;
    }
    for (bool isNearest : {false, true})
      for (const char* mode : kFillModes) {
        const Call call = warpCall(x, transforms, mode, isNearest);
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

// The pixel of a row of `size` that is shown at place i; -1 for the fill value.
int64_t pixelAt(const std::string& mode, int64_t i, int64_t size) {
  const auto modulo = [](int64_t a, int64_t b) { return (a % b + b) % b; };
  if (mode == "constant") return i < 0 || i >= size ? -1 : i;
  if (mode == "nearest") return std::clamp<int64_t>(i, 0, size - 1);
  if (mode == "wrap") return modulo(i, size);
  if (mode == "reflect") return std::min(modulo(i, 2 * size), 2 * size - 1 - modulo(i, 2 * size));
  const int64_t period = std::max<int64_t>(2 * size - 2, 1);
  return std::min(modulo(i, period), period - modulo(i, period));
}

TEST(Warp, ReadsBeyondTheBorderAsFarAsItGoes) {
  for (int64_t size : {1, 2, 5})
    for (int64_t channels : {1, 3})
      for (const char* mode : kFillModes)
        for (int64_t shift = -17; shift <= 17; ++shift)
          for (bool isNearest : {false, true})
            for (double shear : {0.0, 1e-30}) {  // two ways of reading
              const Array x = randomNumbers({1, size, size, channels}, 3);
              const double by = static_cast<double>(shift);
              const Array transform = array({1, 8}, {1, shear, by, shear, 1, by, 0, 0});
              const std::vector<double> made = run(warpCall(x, transform, mode, isNearest))[0].data;
              const auto at = [&](int64_t row, int64_t column, int64_t c) {
                return static_cast<size_t>((row * size + column) * channels + c);
              };
              for (int64_t row = 0; row < size; ++row)
                for (int64_t column = 0; column < size; ++column)
                  for (int64_t c = 0; c < channels; ++c) {
                    const int64_t y = pixelAt(mode, row + shift, size),
                                  z = pixelAt(mode, column + shift, size);
                    const double expected = y < 0 || z < 0 ? static_cast<double>(0.3f) : x.data[at(y, z, c)];
                    EXPECT_EQ(made[at(row, column, c)], expected) << mode << " " << shift;
                  }
            }
}

// Rows that are neither turned nor sheared have a way of their own.
TEST(Warp, StraightRowsAreMixedAsOthersAre) {
  for (int64_t channels : {1, 2, 3, 4})
    for (int64_t width : {1, 7, 64, 65, 141})
      for (const char* mode : kFillModes) {
        const Array x = randomNumbers({1, 19, width, channels}, 1);
        const Array straight = array({1, 8}, {0.83, 0, 5.3, 0, 1.21, -4.7, 0, 0});
        const Array turned = array({1, 8}, {0.83, 1e-30, 5.3, 1e-30, 1.21, -4.7, 0, 0});
        const std::vector<double> expected = run(warpCall(x, turned, mode, false))[0].data;
        // Sums of four products of numbers up to 1, whose factors are rounded before: eight roundings.
        expectNear(run(warpCall(x, straight, mode, false))[0], expected, 0, 8 * 0x1p-24);
      }
}

}  // namespace
}  // namespace nodegrad::testing
