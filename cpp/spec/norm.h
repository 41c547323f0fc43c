#pragma once
#include <optional>
#include <string>

#include "backend.h"

namespace nodegrad::spec {

// Batch normalization in the parts that a plan makes of it. What belongs to channels is [channels], the
// other tensors have x's shape or, after max-pooling, the pooled one.
//
// batchNormStatistics(x) → mean, (biased) variance
// batchNormNormalize(x, gamma, beta, mean, variance [, residual]) → y
//   y = activation((x - mean) · gamma / √(variance + epsilon) + beta + residual)
// batchNormMaxPool(x, gamma, beta, mean, variance) → maxima of y, their positions in the windows, x there
struct NormForward {
  static constexpr size_t x = 0, gamma = 1, beta = 2, mean = 3, variance = 4;  // among the inputs
  explicit NormForward(const KernelSpec& spec);

  double epsilon;
  bool relu;
  std::optional<size_t> residual;
};

// batchNormBackward(dy, x, gamma, mean, variance [, beta or y] [, more]) → dx, dgamma, dbeta [, masked]
//   with mask "x": dy is 0 where the normalized x, made with beta, is not positive; with mask "y": where y
//   is not. masked is that dy, and more another gradient that is added to dy first.
struct NormBackward {
  static constexpr size_t dy = 0, x = 1, gamma = 2, mean = 3, variance = 4;
  explicit NormBackward(const KernelSpec& spec);

  double epsilon;
  std::optional<size_t> beta, y, more;
  bool masked;  // output 3 is there
};

// batchNormMaxPoolBackward(dy, x, gamma, mean, variance, beta, argmax, x there) → dx, dgamma, dbeta
struct NormMaxPoolBackward {
  static constexpr size_t dy = 0, x = 1, gamma = 2, mean = 3, variance = 4, beta = 5, argmax = 6, pooledX = 7;
};

}  // namespace nodegrad::spec
