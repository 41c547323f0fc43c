#include "core/window.h"
#include "cpu/memory/onednn.h"
#include "support/kernel_test.h"

namespace nodegrad::testing {
namespace {

struct Case {
  int64_t n, c, h, w;
  Dims poolSize, strides;
  std::string padding;
  Dims pads = {0, 0, 0, 0};
};

std::vector<Case> cases() {
  return {{2, 32, 8, 8, {2, 2}, {2, 2}, "valid"},    {1, 3, 7, 9, {2, 2}, {2, 2}, "valid"},
          {2, 20, 7, 9, {3, 2}, {2, 1}, "same"},     {3, 16, 6, 5, {3, 3}, {1, 1}, "same"},
          {1, 17, 9, 9, {2, 3}, {3, 4}, "valid"},    {2, 8, 5, 6, {5, 6}, {1, 1}, "valid"},
          {1, 10, 18, 18, {17, 17}, {3, 3}, "same"}, {1, 5, 6, 6, {3, 3}, {2, 2}, "explicit", {1, 0, 2, 1}},
          {2, 32, 24, 24, {2, 2}, {2, 2}, "valid"},  {16, 3, 7, 9, {2, 2}, {2, 2}, "valid"},
          {8, 5, 9, 8, {3, 3}, {2, 2}, "same"},      {8, 2, 9, 7, {2, 1}, {3, 2}, "valid"}};
}

// A case in one order of axes.
struct Problem {
  Case c;
  bool last;
  ImageAxes axes{};
  Attrs attrs;
  Dims x, y;
  Window window{};
  DType indexType;

  Problem(const Case& c, bool last) : c(c), last(last) {
    attrs = {{"poolSize", c.poolSize},
             {"strides", c.strides},
             {"padding", c.padding},
             {"pads", c.pads},
             {"dataFormat", std::string(last ? "channelsLast" : "channelsFirst")}};
    axes = imageAxes(4, last);
    x = dims(c.h, c.w);
    window = poolWindow("test", attrs, {c.h, c.w});
    y = dims(window.out[0], window.out[1]);
    indexType = c.poolSize[0] * c.poolSize[1] <= 256 ? DType::U8 : DType::I32;
  }
  Dims dims(int64_t h, int64_t w) const { return last ? Dims{c.n, h, w, c.c} : Dims{c.n, c.c, h, w}; }
  // Calls body(place of y, place of x, position in the window) for all that windows hold, windows in order.
  void each(const std::function<void(size_t, size_t, int64_t)>& body) const {
    reference::forEach(y, [&](const Dims& out, int64_t) {
      Dims in = out;
      for (int64_t i = 0; i < window.kernel[0]; ++i) {
        for (int64_t j = 0; j < window.kernel[1]; ++j) {
          in[axes.h()] = out[axes.h()] * window.strides[0] - window.pads[0] + i;
          in[axes.w()] = out[axes.w()] * window.strides[1] - window.pads[2] + j;
          if (in[axes.h()] < 0 || in[axes.h()] >= c.h || in[axes.w()] < 0 || in[axes.w()] >= c.w) continue;
          body(reference::broadcastPlace(y, out), reference::broadcastPlace(x, in), i * window.kernel[1] + j);
        }
      }
    });
  }
};

// The layout with channels in blocks, or samples where block is negative; null for block 0.
LayoutPtr layoutOf(const Problem& s, const TensorType& type, int64_t block) {
  if (!block) return nullptr;
  if (block < 0) return sampleBlocks(type, s.axes, -block);
  const Dims& d = type.shape;
  const onednn::Desc desc({d[s.axes.n], d[s.axes.c], d[s.axes.h()], d[s.axes.w()]},
                          onednn::dataType(type.dtype),
                          block == 8 ? onednn::Tag::nChw8c : onednn::Tag::nChw16c);
  return onednn::layoutOf(desc.permute_axes({s.axes.n, s.axes.c, s.axes.h(), s.axes.w()}));
}

class Pool : public OnEachIsa {};
ON_EACH_ISA(Pool);

// Every case in both orders, row-major and blocked.
void forAll(const std::function<void(const Problem&, int64_t block)>& body) {
  for (const Case& c : cases()) {
    for (const bool last : {true, false}) {
      for (int64_t block : {0, 8, 16}) body(Problem(c, last), block);
      for (int64_t block : {8, 16}) {
        if (c.n % block == 0) body(Problem(c, last), -block);
      }
    }
  }
}

Array images(const Problem& s, const Dims& shape, unsigned seed) {
  Array x = randomNumbers(shape, seed, -4, 4);
  if (s.c.c % 2) {
    for (double& v : x.data) v = std::floor(v);  // ties
  }
  return x;
}

// Runs with all tensors in the layout that the kernel chooses where the first input is in `block`s.
std::vector<Array> runIn(const Problem& s, Call call, int64_t block) {
  KernelSpec spec = call.spec();
  spec.inputLayouts[0] = layoutOf(s, spec.inputs[0], block);
  const LayoutChoice choice = cpuBackend().layouts(spec, std::vector<bool>(spec.inputs.size()));
  EXPECT_TRUE(sameLayout(choice.inputs[0], spec.inputLayouts[0])) << call.op;
  for (size_t o = 0; o < call.outputs.size(); ++o) {
    EXPECT_TRUE(sameLayout(choice.outputs[o], layoutOf(s, call.outputs[o], block))) << call.op;
  }
  call.inputLayouts = choice.inputs;
  call.outputLayouts = choice.outputs;
  return run(call);
}

TEST_P(Pool, MaxTakesTheFirstLargest) {
  forAll([](const Problem& s, int64_t block) {
    const Array x = images(s, s.x, 1);
    std::vector<double> expected(count(s.y), -INFINITY), indices(count(s.y));
    s.each([&](size_t out, size_t in, int64_t place) {
      if (x.data[in] <= expected[out]) return;
      expected[out] = x.data[in];
      indices[out] = static_cast<double>(place);
    });
    const auto result = runIn(s, {"maxPool", {x}, {{DType::F32, s.y}, {s.indexType, s.y}}, s.attrs}, block);
    expectNear(result[0], expected, 0, 0, toString(s.x));
    expectNear(result[1], indices, 0, 0, toString(s.x));
    // Without the indices, as in predictions.
    const auto alone = runIn(s, {"maxPool", {x}, {{DType::F32, s.y}}, s.attrs}, block);
    expectNear(alone[0], expected, 0, 0, toString(s.x));
  });
}

TEST_P(Pool, MaxBackwardAndItsInverse) {
  forAll([](const Problem& s, int64_t block) {
    const Array x = images(s, s.x, 1), dy = randomNumbers(s.y, 2), g = randomNumbers(s.x, 3);
    const auto forward = run({"maxPool", {x}, {{DType::F32, s.y}, {s.indexType, s.y}}, s.attrs});
    std::vector<double> dx(count(s.x)), gathered(count(s.y));
    s.each([&](size_t out, size_t in, int64_t place) {
      if (forward[1].data[out] != static_cast<double>(place)) return;
      dx[in] += dy.data[out];
      gathered[out] = g.data[in];
    });
    expectNear(runIn(s, {"maxPoolBackward", {dy, forward[1]}, {{DType::F32, s.x}}, s.attrs}, block)[0], dx,
               1e-6, 1e-6, toString(s.x));
    expectNear(runIn(s, {"maxPoolGather", {g, forward[1]}, {{DType::F32, s.y}}, s.attrs}, block)[0], gathered,
               0, 0, toString(s.x));
  });
}

TEST_P(Pool, AverageLeavesPaddingOut) {
  forAll([](const Problem& s, int64_t block) {
    const Array x = images(s, s.x, 1), dy = randomNumbers(s.y, 2);
    std::vector<double> held(count(s.y));
    s.each([&](size_t out, size_t, int64_t) { ++held[out]; });
    for (const bool divide : {true, false}) {
      Attrs attrs = s.attrs;
      attrs.set("divide", divide);
      std::vector<double> y(count(s.y)), dx(count(s.x));
      s.each([&](size_t out, size_t in, int64_t) {
        const double share = divide ? 1 / held[out] : 1;
        y[out] += x.data[in] * share;
        dx[in] += dy.data[out] * share;
      });
      // A sum errs by as many times more than a mean as it has terms.
      const double bound = divide ? 1e-6 : 1e-6 * s.window.kernel[0] * s.window.kernel[1];
      expectNear(runIn(s, {"averagePool", {x}, {{DType::F32, s.y}}, attrs}, block)[0], y, 1e-6, bound,
                 toString(s.x));
      expectNear(runIn(s, {"averagePoolBackward", {dy}, {{DType::F32, s.x}}, attrs}, block)[0], dx, 1e-6,
                 bound, toString(s.x));
    }
  });
}

TEST_P(Pool, NanWins) {
  Array x = array({1, 2, 2, 1}, {1, NAN, 7, NAN});
  Call call{"maxPool",
            {x},
            {{DType::F32, {1, 1, 1, 1}}, {DType::U8, {1, 1, 1, 1}}},
            Problem({1, 1, 2, 2, {2, 2}, {2, 2}, "valid"}, true).attrs};
  const auto out = run(call);
  EXPECT_TRUE(std::isnan(out[0].data[0]));
  EXPECT_EQ(out[1].data[0], 1);
  call.outputs.pop_back();
  EXPECT_TRUE(std::isnan(run(call)[0].data[0]));
}

}  // namespace
}  // namespace nodegrad::testing
