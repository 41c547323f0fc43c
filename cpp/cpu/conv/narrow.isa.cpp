#include "cpu/conv/narrow_kernels.h"
#include "cpu/isa/lanes.h"
#include "cpu/isa/operands.h"
#include "cpu/isa/tables.h"

namespace nodegrad::NODEGRAD_ISA_NAMESPACE {
namespace {

constexpr int kResults = 4;
constexpr int kSums = 8;  // accumulators that hide the latency of a multiplication

// `positions` neighbours of `results` numbers.
template <int positions, int results>
void makeSome(const NarrowRow& row, const NarrowTap* taps, int64_t count, int64_t first, float* y) {
  using F = Operands<float>;
  Floats sums[positions][results] = {};
  const int64_t channels = row.runs * row.runVectors * kLanes;
  for (int64_t t = 0; t < count; ++t) {
    const float *x = taps[t].x + first * row.step, *w = taps[t].w;
    for (int64_t r = 0; r < row.runs; ++r, x += row.runStride) {
      for (int64_t v = 0; v < row.runVectors; ++v, w += kLanes) {
        Floats weights[results];
        NODEGRAD_UNROLL for (int o = 0; o < results; ++o) weights[o] = load(w + o * channels);
        NODEGRAD_UNROLL for (int p = 0; p < positions; ++p) {
          const Floats numbers = load(x + p * row.step + v * kLanes);
          NODEGRAD_UNROLL for (int o = 0; o < results; ++o) F::multiplyAdd(sums[p][o], numbers, weights[o]);
        }
      }
    }
  }
  NODEGRAD_UNROLL for (int p = 0; p < positions; ++p) {
    NODEGRAD_UNROLL for (int o = 0; o < results; ++o) y[(first + p) * row.yStep + o] =
        sumOfLanes(sums[p][o]) + (row.bias ? row.bias[o] : 0);
  }
}

template <int results>
void makeRow(const NarrowRow& row, const NarrowTap* taps, int64_t count, int64_t positions, float* y) {
  constexpr int kTogether = kSums / results;
  int64_t p = 0;
  for (; p + kTogether <= positions; p += kTogether) makeSome<kTogether, results>(row, taps, count, p, y);
  for (; p < positions; ++p) makeSome<1, results>(row, taps, count, p, y);
}

// `vectors` of the channels, `from` on.
template <int vectors, int results>
void addSome(const NarrowRow& row, const float* x, const float* dy, int64_t positions, int64_t from,
             float* sums) {
  using F = Operands<float>;
  const int64_t channels = row.runs * row.runVectors * kLanes;
  const float* at[vectors];
  Floats own[vectors][results];
  NODEGRAD_UNROLL for (int v = 0; v < vectors; ++v) {
    at[v] = x + (from + v) / row.runVectors * row.runStride + (from + v) % row.runVectors * kLanes;
    NODEGRAD_UNROLL for (int o = 0; o < results; ++o) own[v][o] =
        load(sums + o * channels + (from + v) * kLanes);
  }
  for (int64_t p = 0, step = 0; p < positions; ++p, step += row.step, dy += results) {
    Floats gradients[results];
    NODEGRAD_UNROLL for (int o = 0; o < results; ++o) gradients[o] = F::broadcast(dy + o);
    NODEGRAD_UNROLL for (int v = 0; v < vectors; ++v) {
      const Floats numbers = load(at[v] + step);
      NODEGRAD_UNROLL for (int o = 0; o < results; ++o) F::multiplyAdd(own[v][o], numbers, gradients[o]);
    }
  }
  NODEGRAD_UNROLL for (int v = 0; v < vectors; ++v) {
    NODEGRAD_UNROLL for (int o = 0; o < results; ++o)
        store(sums + o * channels + (from + v) * kLanes, own[v][o]);
  }
}

template <int results>
void addRow(const NarrowRow& row, const float* x, const float* dy, int64_t positions, float* sums) {
  constexpr int kTogether = kSums / results;
  const int64_t vectors = row.runs * row.runVectors;
  int64_t v = 0;
  for (; v + kTogether <= vectors; v += kTogether)
    addSome<kTogether, results>(row, x, dy, positions, v, sums);
  if constexpr (kTogether > 2)
    for (; v + kTogether / 2 <= vectors; v += kTogether / 2)
      addSome<kTogether / 2, results>(row, x, dy, positions, v, sums);
  for (; v < vectors; ++v) addSome<1, results>(row, x, dy, positions, v, sums);
}

// By the number of results.
constexpr decltype(makeRow<1>)* kMakeRow[] = {makeRow<1>, makeRow<2>, makeRow<3>, makeRow<kResults>};
constexpr decltype(addRow<1>)* kAddRow[] = {addRow<1>, addRow<2>, addRow<3>, addRow<kResults>};

void makeAny(const NarrowRow& row, const NarrowTap* taps, int64_t count, int results, int64_t positions,
             float* y) {
  kMakeRow[results - 1](row, taps, count, positions, y);
}

void addAny(const NarrowRow& row, const float* x, const float* dy, int results, int64_t positions,
            float* sums) {
  kAddRow[results - 1](row, x, dy, positions, sums);
}

}  // namespace

const NarrowConvKernels narrowConvKernels = {
    .lanes = kLanes, .results = kResults, .row = makeAny, .gradient = addAny};

}  // namespace nodegrad::NODEGRAD_ISA_NAMESPACE
