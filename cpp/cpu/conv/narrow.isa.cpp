#include "cpu/conv/narrow_kernels.h"
#include "cpu/isa/operands.h"
#include "cpu/isa/tables.h"

namespace nodegrad::NODEGRAD_ISA_NAMESPACE {
namespace {

constexpr int kResults = 4;
constexpr int kSums = 8;  // accumulators that hide the latency of a multiplication

// The sum of the lanes, which are added to those at half of the distance again and again.
template <int distance = kLanes / 2>
inline float total(Floats sums) {
  Ints other;
  NODEGRAD_UNROLL for (int lane = 0; lane < kLanes; ++lane) other[lane] = lane ^ distance;
  sums += __builtin_shuffle(sums, other);
  if constexpr (distance > 1)
    return total<distance / 2>(sums);
  else
    return sums[0];
}

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
        total(sums[p][o]) + (row.bias ? row.bias[o] : 0);
  }
}

template <int results>
void makeRow(const NarrowRow& row, const NarrowTap* taps, int64_t count, int64_t positions, float* y) {
  constexpr int kTogether = kSums / results;
  int64_t p = 0;
  for (; p + kTogether <= positions; p += kTogether) makeSome<kTogether, results>(row, taps, count, p, y);
  for (; p < positions; ++p) makeSome<1, results>(row, taps, count, p, y);
}

void makeAny(const NarrowRow& row, const NarrowTap* taps, int64_t count, int results, int64_t positions,
             float* y) {
  const auto make = results == 1   ? makeRow<1>
                    : results == 2 ? makeRow<2>
                    : results == 3 ? makeRow<3>
                                   : makeRow<kResults>;
  make(row, taps, count, positions, y);
}

}  // namespace

const NarrowConvKernels narrowConvKernels = {.lanes = kLanes, .results = kResults, .row = makeAny};

}  // namespace nodegrad::NODEGRAD_ISA_NAMESPACE
