#pragma once
#include <memory>

#include "cpu/conv/conv.h"
#include "cpu/conv/samples_kernels.h"

namespace nodegrad {

// Whether a convolution is to be computed over images in blocks of samples: few channels on either side, that
// do not fill vectors, and a batch that does. It starts such a layout where the images are row-major, and
// takes it from the convolution before; images in blocks of channels are left to oneDNN.
bool sampleConvSuits(const KernelSpec& spec, const Convolution& conv);

// Images in blocks of as many samples as a vector holds; filters row-major.
LayoutChoice sampleConvLayouts(const KernelSpec& spec, const Convolution& conv);
bool hasSampleConvLayouts(const Convolution& conv);

// Expects those layouts.
std::unique_ptr<Kernel> makeSampleConv(const KernelSpec& spec, const Convolution& conv);

}  // namespace nodegrad
