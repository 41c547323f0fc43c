#pragma once
#include <cstdint>

#include "cpu/pool/kernels.h"

// The inner loops of batch and layer normalization.
namespace nodegrad {

// Batch normalization goes over runs of neighbours in which the channels repeat: what belongs to the channels
// is repeated over `period` columns, a multiple of NormKernels::period and of the channels in a row.
struct NormMoments {
  double *count, *mean, *squares;  // squares: of the distances from the mean, added up
  float* scratch;                  // three periods
};
struct NormColumns {
  const float *mean, *scale, *shift;  // of (x - mean) · scale + shift
};
template <class T>
struct NormGradient {
  const T *dy, *x;
  const T* y;  // the output of the ReLU; null: the ReLU's mask comes from x
  NormColumns columns;
  bool relu;
  const T* more = nullptr;  // of the sums alone: another gradient, which is added to dy
};
// The numbers of tensors of the image's shape are float or the bits of bfloat16.
template <class T>
struct NormKernels {
  int64_t period;
  // Merges n numbers into the moments.
  void (*moments)(const NormMoments& into, const T* x, int64_t n, int64_t period);
  // y = (x - mean) · scale + shift, plus residual unless null, and ReLU; y may be x or residual.
  void (*normalize)(const NormColumns& columns, const T* x, const T* residual, bool relu, T* y, int64_t n,
                    int64_t period);
  // Adds dy and dy · (x - mean), masked by the ReLU, to the sums; masked, unless null, gets the masked dy.
  // scratch: two periods.
  void (*gradientSums)(const NormGradient<T>& in, T* masked, double* sum, double* product, float* scratch,
                       int64_t n, int64_t period);
  // dx = dy · scale - offset - (x - mean) · slope.
  void (*gradient)(const NormGradient<T>& in, const float* offset, const float* slope, T* dx, int64_t n,
                   int64_t period);
  // One row of a max-pooled y, the indices of the maxima, and their x.
  void (*maxPool)(const PoolShape& shape, const NormColumns& columns, const T* x, bool relu, T* y,
                  void* indices, T* largest, int64_t outRow);
  // One row of dx, from the whole pooled dy and x's row.
  void (*maxPoolGradient)(const PoolShape& shape, const NormGradient<T>& in, const void* indices,
                          const float* offset, const float* slope, T* dx, int64_t row);
};

// Layer normalization, a row of n numbers at a time, float or the bits of bfloat16.
struct LayerNormRow {
  int64_t n;
  float epsilon;  // added to the variance
};
template <class T>
struct LayerNormKernels {
  // Statistics and result; y may be x.
  void (*forward)(const LayerNormRow& row, const T* x, const float* gamma, const float* beta, T* y,
                  float* mean, float* variance);
  // dx, which may be dy or x; what the row gives to dgamma and dbeta is added to them.
  void (*backward)(const LayerNormRow& row, const T* dy, const T* x, const float* gamma, float mean,
                   float variance, T* dx, float* dgamma, float* dbeta);
};

}  // namespace nodegrad
