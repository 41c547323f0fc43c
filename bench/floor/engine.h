#pragma once
#include <cstdint>
#include <string>

#include "timing.h"

struct ConvolutionSizes {
  int64_t n, ic, ih, iw, oc, kh, kw, stride, pad;
};

// The time of nodegrad's kernel for one pass ("forward", "backward_data" or "backward_weights") of a
// convolution, with bias, in the layouts that it chooses itself.
Timed timeOwnConvolution(const ConvolutionSizes& sizes, const std::string& pass, int runs);
