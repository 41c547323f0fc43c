#pragma once
#include <memory>

#include "cpu/conv/conv.h"
#include "cpu/conv/samples_kernels.h"

namespace nodegrad {

// Whether a convolution can be computed over images in blocks of samples: float32 pictures whose batch fills
// vectors, which any number of channels does not have to, without groups and residual.
bool sampleConvTakes(const KernelSpec& spec, const Convolution& conv);

// Whether an image is in such blocks.
bool isInSamples(const TensorType& type, const LayoutPtr& layout, const ImageAxes& axes);

// Images in blocks of as many samples as a vector holds; filters row-major.
LayoutChoice sampleConvLayouts(const KernelSpec& spec, const Convolution& conv);
bool hasSampleConvLayouts(const Convolution& conv);

// Expects those layouts.
std::unique_ptr<Kernel> makeSampleConv(const KernelSpec& spec, const Convolution& conv);

}  // namespace nodegrad
