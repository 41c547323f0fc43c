#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "timing.h"

struct ConvolutionSizes {
  std::vector<int64_t> source, weights;  // [n, ic, …], [oc, ic, …] with two or three spatial dimensions
  int64_t stride, pad;
};

// The time of nodegrad's kernel for one pass ("forward", "backward_data" or "backward_weights") of a
// convolution, with bias, in the layouts that it chooses itself.
Timed timeOwnConvolution(const ConvolutionSizes& sizes, const std::string& pass, int runs);
