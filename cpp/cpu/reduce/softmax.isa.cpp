#include "cpu/isa/lanes.h"
#include "cpu/isa/tables.h"
#include "cpu/isa/vector_math.h"
#include "cpu/reduce/kernels.h"

namespace nodegrad::NODEGRAD_ISA_NAMESPACE {
namespace {

inline Floats readRow(const float* x, int64_t i, int64_t n, float rest) {
  return n - i >= kLanes ? load(x + i) : loadPart(x + i, n - i, all(rest));
}

inline void writeRow(float* y, int64_t i, int64_t n, Floats v) {
  n - i >= kLanes ? store(y + i, v) : storePart(y + i, v, n - i);
}

inline float largest(const float* x, int64_t n) {
  Floats best = all(-kInfinity);
  for (int64_t i = 0; i < n; i += kLanes) best = larger(best, readRow(x, i, n, -kInfinity));
  return largestLane(best);
}

inline float sumOfExp(const float* x, int64_t n, float shift) {
  Floats sum = {};
  for (int64_t i = 0; i < n; i += kLanes) sum += expOf(readRow(x, i, n, -kInfinity) - shift);
  return sumOfLanes(sum);
}

inline float logOfOne(float x) { return logOf(all(x))[0]; }

void softmaxRow(float* y, const float* x, int64_t n) {
  const float shift = largest(x, n);
  Floats sums = {};
  for (int64_t i = 0; i < n; i += kLanes) {
    const Floats e = expOf(readRow(x, i, n, -kInfinity) - shift);
    sums += e;
    writeRow(y, i, n, e);
  }
  const float scale = 1.0f / sumOfLanes(sums);
  for (int64_t i = 0; i < n; i += kLanes) writeRow(y, i, n, readRow(y, i, n, 0) * scale);
}

void logSoftmaxRow(float* y, const float* x, int64_t n) {
  const float shift = largest(x, n);
  const float log = logOfOne(sumOfExp(x, n, shift));
  // First the difference, which is exact for neighbours, then the small one.
  for (int64_t i = 0; i < n; i += kLanes) writeRow(y, i, n, (readRow(x, i, n, 0) - shift) - log);
}

float crossEntropyRow(const float* x, const float* labels, int64_t n) {
  const float shift = largest(x, n);
  const float log = logOfOne(sumOfExp(x, n, shift));
  Floats loss = {};
  for (int64_t i = 0; i < n; i += kLanes) {
    const Floats label = readRow(labels, i, n, 0);
    // A class of probability 0 that is not expected costs nothing.
    loss += label == 0.0f ? Floats{} : label * (log - (readRow(x, i, n, 0) - shift));
  }
  return sumOfLanes(loss);
}

float sparseCrossEntropyRow(const float* x, int64_t label, int64_t n) {
  const float shift = largest(x, n);
  return logOfOne(sumOfExp(x, n, shift)) - (x[label] - shift);
}

template <bool logarithm>
void columns(float* y, const float* x, int64_t n, int64_t stride, int64_t columns) {
  for (int64_t c = 0; c < columns; c += kLanes) {
    const auto read = [&](const float* from, int64_t i) { return readRow(from + i * stride, c, columns, 0); };
    Floats shift = read(x, 0), sum = {};
    for (int64_t i = 1; i < n; ++i) shift = larger(shift, read(x, i));
    for (int64_t i = 0; i < n; ++i) {
      const Floats e = expOf(read(x, i) - shift);
      sum += e;
      if (!logarithm) writeRow(y + i * stride, c, columns, e);
    }
    const Floats last = logarithm ? logOf(sum) : 1.0f / sum;
    for (int64_t i = 0; i < n; ++i) {
      writeRow(y + i * stride, c, columns, logarithm ? (read(x, i) - shift) - last : read(y, i) * last);
    }
  }
}

}  // namespace

const SoftmaxKernels softmaxKernels = {
    .softmaxRow = softmaxRow,
    .logSoftmaxRow = logSoftmaxRow,
    .softmaxColumns = columns<false>,
    .logSoftmaxColumns = columns<true>,
    .crossEntropyRow = crossEntropyRow,
    .sparseCrossEntropyRow = sparseCrossEntropyRow,
};

}  // namespace nodegrad::NODEGRAD_ISA_NAMESPACE
