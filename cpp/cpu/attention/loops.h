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

inline Ints laneNumbers() {
  Ints v = {};
  for (int lane = 0; lane < kLanes; ++lane) v[lane] = lane;
  return v;
}

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

template <class T, bool plain>
void softmaxOf(const ScoreRow& row, float scale, T* weights, float* largest, float* sum) {
  Floats best = all(-kInfinity), sums = {};
  for (int64_t j = 0; j < row.n; j += kLanes) {
    const Floats v = scoresAt<plain>(row, scale, j).value;
    store(row.products + j, v);
    best = larger(best, v);
  }
  *largest = largestLane(best);
  for (int64_t j = 0; j < row.n; j += kLanes) {
    const Floats e = expOf(load(row.products + j) - *largest);
    store(row.products + j, e);
    sums += e;
  }
  *sum = sumOfLanes(sums);
  const float inverse = 1.0f / *sum;
  for (int64_t j = 0; j < row.n; j += kLanes) store(weights + j, load(row.products + j) * inverse);
}

template <class T>
void softmax(const ScoreRow& row, float scale, T* weights, float* largest, float* sum) {
  return (isPlain(row) ? softmaxOf<T, true> : softmaxOf<T, false>)(row, scale, weights, largest, sum);
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
  for (int64_t j = 0; j < n; j += kLanes) sum += take(a + j, n - j) * take(b + j, n - j);
  return sumOfLanes(sum);
}

template <class T>
constexpr AttentionKernels<T> attentionKernelsFor() {
  return {.softmax = softmax<T>, .gradients = gradients<T>, .dot = dot<T>};
}

}  // namespace
}  // namespace nodegrad::NODEGRAD_ISA_NAMESPACE
