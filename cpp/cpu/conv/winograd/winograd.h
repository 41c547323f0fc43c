#pragma once
#include <memory>

#include "cpu/conv/conv.h"

namespace nodegrad {

// Whether Winograd's F(4×4, 3×3) can compute a convolution: 3×3 filters with stride 1 between channels that
// fill whole blocks, float32 or on images in bfloat16. Never with NODEGRAD_CONV=direct.
bool winogradTakes(const KernelSpec& spec, const Convolution& conv);

// Whether it also does what the plan would fuse into it (the parts of Convolution that oneDNN has not).
bool winogradFuses(const Convolution& conv);

// Whether the filters are transformed before the steps.
bool winogradPreparesFilters(const KernelSpec& spec, const Convolution& conv);

// Images in blocks of as many channels as a vector holds. Filters are row-major and transformed in the step
// or, where they are the same in every step, before it.
LayoutChoice winogradLayouts(const KernelSpec& spec, const Convolution& conv);
bool hasWinogradLayouts(const KernelSpec& spec, const Convolution& conv);

// Expects those layouts.
std::unique_ptr<Kernel> makeWinograd(const KernelSpec& spec, const Convolution& conv);

}  // namespace nodegrad
