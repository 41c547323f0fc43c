#pragma once
#include <memory>

#include "cpu/conv/conv.h"

namespace nodegrad {

// Convolutions to few channels, the gradient of their filters, and gradients of images of few channels: our
// own kernels can take float32 images of many channels, row-major or in blocks of channels, and row-major
// filters, without groups.
bool narrowConvTakes(const Convolution& conv);

LayoutChoice narrowConvLayouts(const KernelSpec& spec, const Convolution& conv);
bool hasNarrowConvLayouts(const Convolution& conv);

// Expects those layouts, and makes no activation.
std::unique_ptr<Kernel> makeNarrowConv(const Convolution& conv);

}  // namespace nodegrad
