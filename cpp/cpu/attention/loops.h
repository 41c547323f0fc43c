#pragma once
#include "cpu/attention/kernels.h"
#include "cpu/isa/lanes.h"
#include "cpu/isa/rows.h"
#include "cpu/isa/vector_math.h"

// The kernels of attention for numbers T that are multiplied, float or the bits of bfloat16.
namespace nodegrad::NODEGRAD_ISA_NAMESPACE {
namespace {

// As in cpp/ops/attention.cpp: finite, so that a query that sees no key weights all of them alike.
constexpr float kMasked = -0.7f * 3.4028234663852886e38f;

inline Ints takeBytes(const uint8_t* p, int64_t n) {
  if (n >= kLanes) return loadBytes(p);
  uint8_t part[kLanes] = {};
  __builtin_memcpy(part, p, static_cast<size_t>(n));
  return loadBytes(part);
}

struct Scores {
  Floats value;
  Ints seen;
};

// The scores from number j on; -infinity after the row's end. plain: all are seen, and there is no bias.
template <bool plain>
inline Scores scoresAt(const ScoreRow& row, float scale, int64_t j) {
  Floats v = load(row.products + j) * scale;
  if constexpr (plain) {
    const Ints inside = laneNumbers() < static_cast<int32_t>(row.n - j < kLanes ? row.n - j : kLanes);
    return {inside ? v : all(-kInfinity), inside};
  }
  if (row.bias) v += take(row.bias + j, row.n - j);
  const Ints at = laneNumbers() + static_cast<int32_t>(j);
  Ints seen = at < static_cast<int32_t>(row.seen);
  if (row.mask) seen &= takeBytes(row.mask + j, row.n - j) != 0;
  v = seen ? v : all(kMasked);
  return {at < static_cast<int32_t>(row.n) ? v : all(-kInfinity), seen};
}

inline bool isPlain(const ScoreRow& row) { return !row.bias && !row.mask && row.seen == row.n; }

template <bool plain>
float scoresOf(const ScoreRow& row, float scale) {
  Floats best = all(-kInfinity);
  for (int64_t j = 0; j < row.n; j += kLanes) {
    const Floats v = scoresAt<plain>(row, scale, j).value;
    store(row.products + j, v);
    best = larger(best, v);
  }
  return largestLane(best);
}

float scores(const ScoreRow& row, float scale) {
  return (isPlain(row) ? scoresOf<true> : scoresOf<false>)(row, scale);
}

template <class T>
float exponentials(const float* scores, int64_t n, float largest, T* weights) {
  Floats sums = {};
  for (int64_t j = 0; j < n; j += kLanes) {
    const Floats e = expOf(load(scores + j) - largest);
    store(weights + j, e);
    sums += e;
  }
  return sumOfLanes(sums);
}

void scale(float* row, int64_t n, float factor) {
  for (int64_t j = 0; j < n; j += kLanes) store(row + j, load(row + j) * factor);
}

template <class T, bool plain>
void gradientsOf(const ScoreRow& row, float scale, float largest, float sum, const float* flow, float dot,
                 T* weights, T* gradients) {
  const float inverse = 1.0f / sum;
  for (int64_t j = 0; j < row.n; j += kLanes) {
    const Scores scores = scoresAt<plain>(row, scale, j);
    const Floats w = expOf(scores.value - largest) * inverse;
    store(weights + j, w);
    store(gradients + j, scores.seen ? w * (load(flow + j) - dot) * scale : Floats{});
  }
}

template <class T>
void gradients(const ScoreRow& row, float scale, float largest, float sum, const float* flow, float dot,
               T* weights, T* gradients) {
  return (isPlain(row) ? gradientsOf<T, true> : gradientsOf<T, false>)(row, scale, largest, sum, flow, dot,
                                                                       weights, gradients);
}

template <class T>
float dot(const T* a, const T* b, int64_t n) {
  Floats sum = {};
  int64_t j = 0;
  for (; j + kLanes <= n; j += kLanes) sum += load(a + j) * load(b + j);
  if (j < n) sum += take(a + j, n - j) * take(b + j, n - j);
  return sumOfLanes(sum);
}

template <class T>
constexpr AttentionKernels<T> attentionKernelsFor() {
  return {.scores = scores,
          .exponentials = exponentials<T>,
          .scale = scale,
          .gradients = gradients<T>,
          .dot = dot<T>};
}

}  // namespace
}  // namespace nodegrad::NODEGRAD_ISA_NAMESPACE
