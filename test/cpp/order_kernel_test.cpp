#include <algorithm>
#include <numeric>

#include "graph/op.h"
#include "host/parallel.h"
#include "support/kernel_test.h"

namespace nodegrad::testing {
namespace {

Array runOp(const std::string& op, const std::vector<Array>& inputs, const Attrs& attrs = {}) {
  std::vector<TensorType> types;
  for (const Array& input : inputs) types.push_back(input.type);
  const OpDef& def = findOp(op);
  const Attrs all = checkAttrs(def, attrs);
  return run({op, inputs, def.infer({def.name, types, all}), all})[0];
}

using Numbers = std::vector<double>;

TEST(OrderKernel, EqualNumbersStayInTheirOrderAndNanComesLast) {
  const Array x = array({8}, {2, NAN, -0.0, 2, INFINITY, 0, -INFINITY, NAN});
  EXPECT_EQ(runOp("argsort", {x}).data, (Numbers{6, 2, 5, 0, 3, 4, 1, 7}));
  EXPECT_EQ(runOp("argsort", {x}, {{"descending", true}}).data, (Numbers{1, 7, 4, 0, 3, 2, 5, 6}));
  EXPECT_EQ(runOp("argsort", {x}, {{"k", int64_t{3}}}).data, (Numbers{6, 2, 5}));
  EXPECT_EQ(runOp("argsort", {array({0}, {})}).data, Numbers{});
  EXPECT_EQ(runOp("argsort", {array({3, 0}, {})}).data, Numbers{});
  EXPECT_EQ(runOp("argsort", {array({2, 1}, {5, 4})}).data, (Numbers{0, 0}));
  EXPECT_EQ(runOp("argsort", {array({2, 2}, {5, 4, 1, 2})}, {{"k", int64_t{0}}}).data, Numbers{});
}

TEST(OrderKernel, SortsEveryDtype) {
  EXPECT_EQ(runOp("argsort", {array({4}, {7, -2147483648.0, 2147483647, -1}, DType::I32)}).data,
            (Numbers{1, 3, 0, 2}));
  EXPECT_EQ(runOp("argsort", {array({3}, {255, 0, 128}, DType::U8)}).data, (Numbers{1, 2, 0}));
  EXPECT_EQ(runOp("argsort", {array({4}, {1, 0, 1, 0}, DType::Bool)}).data, (Numbers{1, 3, 0, 2}));
  EXPECT_EQ(runOp("argsort", {array({3}, {1.5, -2, NAN}, DType::BF16)}).data, (Numbers{1, 0, 2}));
}

// Above and below the size from which digits are counted, and with digits that all numbers share.
TEST(OrderKernel, LongRowsAsTheReference) {
  for (int64_t n : {2047, 2048, 5000})
    for (double high : {1.0, 1e30}) {
      const Array x = randomNumbers({3, n}, 5, high == 1 ? 0.5 : -high, high);
      for (bool descending : {false, true})
        for (int64_t k : {int64_t{-1}, int64_t{10}, n}) {
          const Attrs attrs{{"descending", descending}, {"k", k}};
          EXPECT_EQ(runOp("argsort", {x}, attrs).data, reference::apply("argsort", {x}, attrs)[0].data) << n;
        }
    }
}

TEST(OrderKernel, TheSameForAnyNumberOfThreads) {
  const Array x = randomNumbers({37, 1001}, 4), a = randomNumbers({9, 500, 70}, 6);
  const Attrs axis{{"axis", int64_t{1}}};
  setTeamThreads(1);
  const Array places = runOp("argsort", {x}), sums = runOp("cumsum", {a}, axis);
  setTeamThreads(3);
  EXPECT_EQ(runOp("argsort", {x}).data, places.data);
  EXPECT_EQ(runOp("cumsum", {a}, axis).data, sums.data);
  setTeamThreads(availableThreads());
}

TEST(OrderKernel, FindsPlacesOnBothSides) {
  const Array sequence = array({5}, {-1, 0, 0, 3, NAN});
  const Array values = array({7}, {-2, -0.0, 3, 2, 4, INFINITY, NAN});
  EXPECT_EQ(runOp("searchSorted", {sequence, values}).data, (Numbers{0, 1, 3, 3, 4, 4, 4}));
  EXPECT_EQ(runOp("searchSorted", {sequence, values}, {{"right", true}}).data,
            (Numbers{0, 3, 4, 3, 4, 4, 5}));
  EXPECT_EQ(runOp("searchSorted", {array({0}, {}), array({1}, {1})}).data, (Numbers{0}));
}

TEST(CumulativeKernel, GivesWhatIsKnownByHand) {
  const Array x = array({2, 3}, {1, 2, 3, 4, 5, 6});
  const auto sum = [&](int64_t axis, bool reverse, bool exclusive) {
    return runOp("cumsum", {x}, {{"axis", axis}, {"reverse", reverse}, {"exclusive", exclusive}}).data;
  };
  EXPECT_EQ(sum(-1, false, false), (Numbers{1, 3, 6, 4, 9, 15}));
  EXPECT_EQ(sum(-1, true, false), (Numbers{6, 5, 3, 15, 11, 6}));
  EXPECT_EQ(sum(-1, false, true), (Numbers{0, 1, 3, 0, 4, 9}));
  EXPECT_EQ(sum(0, true, true), (Numbers{4, 5, 6, 0, 0, 0}));
  const Array zeros = array({2, 3}, Numbers(6, 0));
  const auto scan = [&](const Array& b, bool reverse, double initial) {
    return runOp("linearRecurrence", {x, b}, {{"reverse", reverse}, {"initial", initial}}).data;
  };
  EXPECT_EQ(scan(zeros, false, 1), (Numbers{1, 2, 6, 4, 20, 120}));
  EXPECT_EQ(scan(zeros, true, 1), (Numbers{6, 6, 3, 120, 30, 6}));
  EXPECT_EQ(scan(x, false, 0), (Numbers{1, 4, 15, 4, 25, 156}));
  // Nothing is before the first place, whatever its factor.
  EXPECT_EQ(runOp("linearRecurrence", {array({2}, {INFINITY, 2}), array({2}, {1, 3})}).data, (Numbers{1, 5}));
}

TEST(CumulativeKernel, WholeNumbersWrapAround) {
  const Array most = array({2}, {2147483647, 1}, DType::I32);
  EXPECT_EQ(runOp("cumsum", {most}).data, (Numbers{2147483647, -2147483648.0}));
}

// Ten million numbers, each of which float32 would round away beside the sum.
TEST(CumulativeKernel, LongSumsStayExact) {
  const int64_t n = 10000000;
  const Array y = runOp("cumsum", {array({n}, Numbers(static_cast<size_t>(n), 1.25))});
  for (int64_t i : {int64_t{0}, n / 2, n - 1})
    EXPECT_NEAR(y.data[static_cast<size_t>(i)] / (1.25 * static_cast<double>(i + 1)), 1, 0x1p-24);
}

TEST(SegmentKernel, GivesWhatIsKnownByHand) {
  const Array x = array({4, 2}, {1, 5, 3, NAN, -2, 7, 3, 1}), ids = array({4}, {2, 0, 2, 0}, DType::I32);
  const auto reduce = [&](const char* op) { return runOp(op, {x, ids}, {{"segments", int64_t{3}}}); };
  expectNear(reduce("segmentMax"), {3, NAN, -INFINITY, -INFINITY, 1, 7}, 0, 0);
  expectNear(reduce("segmentMin"), {3, NAN, INFINITY, INFINITY, -2, 5}, 0, 0);
  expectNear(reduce("segmentProd"), {9, NAN, 1, 1, -2, 35}, 0, 0);
  const Array whole = array({2}, {7, -3}, DType::I32);
  EXPECT_EQ(runOp("segmentMax", {whole, array({2}, {1, 1}, DType::I32)}, {{"segments", int64_t{2}}}).data,
            (Numbers{-2147483648.0, 7}));
  EXPECT_THROW(runOp("segmentMax", {whole, array({2}, {1, 2}, DType::I32)}, {{"segments", int64_t{2}}}),
               Error);
}

TEST(ViewKernel, KeepsTheBytes) {
  const auto as = [](const Array& x, const char* dtype) {
    return runOp("view", {x}, {{"dtype", std::string(dtype)}}).data;
  };
  EXPECT_EQ(as(array({2}, {1, -0.0}), "int32"), (Numbers{0x3f800000, -2147483648.0}));
  EXPECT_EQ(as(array({1}, {0x3f800000}, DType::I32), "uint8"), (Numbers{0, 0, 128, 63}));
  EXPECT_EQ(as(array({4}, {0, 0, 128, 63}, DType::U8), "float32"), (Numbers{1}));
  EXPECT_EQ(as(array({2}, {1, 0}, DType::Bool), "uint8"), (Numbers{1, 0}));
}

}  // namespace
}  // namespace nodegrad::testing
