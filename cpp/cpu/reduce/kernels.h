#pragma once
#include <cstddef>
#include <cstdint>

// The inner loops of reductions, softmax and cross-entropies.
namespace nodegrad {

// A reduction accumulates in doubles what it reduces in floats a few thousand elements at a time, so that
// long sums stay exact.
template <class T>  // float or the bits of bfloat16
struct ReduceLoops {
  void (*row)(double* total, const T* x, int64_t n);  // all of n neighbours into one
  // Each of n neighbouring columns on its own, over rows that are stride apart.
  void (*columns)(double* totals, const T* x, int64_t rows, int64_t stride, int64_t n);
};
struct ReduceRow {
  const char* op;
  double start;
  ReduceLoops<float> floats;
  ReduceLoops<uint16_t> bfloat16;
  void (*combine)(double* totals, const double* others, int64_t n);
};
struct ReduceKernels {
  const ReduceRow* rows;
  size_t count;
  // The index of the first largest (smallest) of n, that are stride apart, for each of `columns` neighbours.
  void (*argMax)(int32_t* out, const float* x, int64_t n, int64_t stride, int64_t columns);
  void (*argMin)(int32_t* out, const float* x, int64_t n, int64_t stride, int64_t columns);
};

// Along rows of n neighbours, or along n elements that are stride apart for each of `columns` neighbours. y
// may be x.
struct SoftmaxKernels {
  void (*softmaxRow)(float* y, const float* x, int64_t n);
  void (*logSoftmaxRow)(float* y, const float* x, int64_t n);
  void (*softmaxColumns)(float* y, const float* x, int64_t n, int64_t stride, int64_t columns);
  void (*logSoftmaxColumns)(float* y, const float* x, int64_t n, int64_t stride, int64_t columns);
  // -Σ labels · logSoftmax(x) and -logSoftmax(x)[label].
  float (*crossEntropyRow)(const float* x, const float* labels, int64_t n);
  float (*sparseCrossEntropyRow)(const float* x, int64_t label, int64_t n);
};

}  // namespace nodegrad
