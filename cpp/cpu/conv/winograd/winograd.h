#pragma once
#include <memory>

#include "cpu/conv/conv.h"

namespace nodegrad {

// Whether a convolution is to be computed by Winograd's F(4×4, 3×3): 3×3 filters with stride 1 between
// channels that fill whole blocks, where the arithmetic saved outweighs the transforms. Depends on the shapes
// and the instruction set alone; never with NODEGRAD_CONV=direct.
bool winogradSuits(const KernelSpec& spec, const Convolution& conv);

// Whether it is to be computed so on images in bfloat16, where all is float32 yet.
bool winogradTakesBfloat16(const KernelSpec& spec, const Convolution& conv);

// Whether it also does what the plan would fuse into it (the parts of Convolution that oneDNN has not).
bool winogradFuses(const KernelSpec& spec, const Convolution& conv);

// Images in blocks of as many channels as a vector holds. Filters are row-major and transformed in the step
// or, where they are the same in every step, before it.
LayoutChoice winogradLayouts(const KernelSpec& spec, const Convolution& conv);
bool hasWinogradLayouts(const KernelSpec& spec, const Convolution& conv);

// Expects those layouts.
std::unique_ptr<Kernel> makeWinograd(const KernelSpec& spec, const Convolution& conv);

}  // namespace nodegrad
