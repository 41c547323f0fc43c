#include "cpu/isa/rows.h"
#include "cpu/isa/tables.h"
#include "cpu/norm/kernels.h"

namespace nodegrad::NODEGRAD_ISA_NAMESPACE {
namespace {

// A sum of so many vectors in a few accumulators is taken to double precision: long rows stay exact.
constexpr int64_t kChunk = 64;

inline double sumOfLanes(Floats v) {
  Doubles sums = __builtin_convertvector(half(v, 0), Doubles) + __builtin_convertvector(half(v, 1), Doubles);
  // Pairwise: one long chain of additions would take longer than a short row.
  for (int width = kLanes / 4; width > 0; width /= 2)
    for (int lane = 0; lane < width; ++lane) sums[lane] += sums[lane + width];
  return sums[0];
}

// The sums of what term(offset, left) gives for the row's vectors, an array of `count` of them.
template <int count, class Term>
inline void sumRow(int64_t n, double* sums, const Term& term) {
  for (int s = 0; s < count; ++s) sums[s] = 0;
  for (int64_t begin = 0; begin < n; begin += kChunk * kLanes) {
    const int64_t end = n - begin < kChunk * kLanes ? n : begin + kChunk * kLanes;
    Floats even[count] = {}, odd[count] = {};
    int64_t i = begin;
    for (; i + 2 * kLanes <= end; i += 2 * kLanes) {
      term(i, n - i, even);
      term(i + kLanes, n - i - kLanes, odd);
    }
    for (; i < end; i += kLanes) term(i, n - i, even);
    for (int s = 0; s < count; ++s) sums[s] += sumOfLanes(even[s] + odd[s]);
  }
}

// Zero after the row's end, where take gives zeros from which no mean must be subtracted.
inline Floats within(Floats v, int64_t left) {
  if (left >= kLanes) return v;
  Floats part = {};
  __builtin_memcpy(&part, &v, left * sizeof(float));
  return part;
}

template <class T>
void forward(const LayerNormRow& row, const T* x, const float* gamma, const float* beta, T* y, float* mean,
             float* variance) {
  const int64_t n = row.n;
  double sum, squares;
  sumRow<1>(n, &sum, [&](int64_t i, int64_t left, Floats* to) { to[0] += take(x + i, left); });
  const auto center = static_cast<float>(sum / static_cast<double>(n));
  sumRow<1>(n, &squares, [&](int64_t i, int64_t left, Floats* to) {
    const Floats delta = within(take(x + i, left) - center, left);
    to[0] += delta * delta;
  });
  *mean = center;
  *variance = static_cast<float>(squares / static_cast<double>(n));
  const float scale = 1.0f / __builtin_sqrtf(*variance + row.epsilon);
  for (int64_t i = 0; i < n; i += kLanes) {
    const int64_t left = n - i;
    put(y + i, (take(x + i, left) - center) * scale * take(gamma + i, left) + take(beta + i, left), left);
  }
}

template <class T>
void backward(const LayerNormRow& row, const T* dy, const T* x, const float* gamma, float mean,
              float variance, T* dx, float* dgamma, float* dbeta) {
  const int64_t n = row.n;
  const float scale = 1.0f / __builtin_sqrtf(variance + row.epsilon);
  double sums[2];
  sumRow<2>(n, sums, [&](int64_t i, int64_t left, Floats* to) {
    const Floats flow = take(dy + i, left), normalized = (take(x + i, left) - mean) * scale,
                 product = flow * normalized, weight = take(gamma + i, left);
    put(dbeta + i, take(dbeta + i, left) + flow, left);
    put(dgamma + i, take(dgamma + i, left) + product, left);
    to[0] += flow * weight;
    to[1] += product * weight;
  });
  const auto offset = static_cast<float>(sums[0] / static_cast<double>(n));
  const auto slope = static_cast<float>(sums[1] / static_cast<double>(n));
  for (int64_t i = 0; i < n; i += kLanes) {
    const int64_t left = n - i;
    const Floats normalized = (take(x + i, left) - mean) * scale;
    put(dx + i, (take(dy + i, left) * take(gamma + i, left) - offset - normalized * slope) * scale, left);
  }
}

}  // namespace

const LayerNormKernels<float> layerNormKernels = {forward, backward};
const LayerNormKernels<uint16_t> layerNormKernelsBfloat16 = {forward, backward};

}  // namespace nodegrad::NODEGRAD_ISA_NAMESPACE
