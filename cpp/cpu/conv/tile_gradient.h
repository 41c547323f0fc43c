#pragma once
#include <memory>

#include "cpu/conv/conv.h"

namespace nodegrad {

struct TileKernels;

// Whether the gradient of the filters can be made on tiles of bfloat16 (AMX): of images in bfloat16 without
// groups.
bool tileGradientTakes(const Convolution& conv);

// The images in the layouts that they have, where channels come in runs, else row-major; the filters in
// theirs, unless it is padded.
LayoutChoice tileGradientLayouts(const KernelSpec& spec, const Convolution& conv);
bool hasTileGradientLayouts(const Convolution& conv);

// Expects those layouts. kernels: of AMX, or the plain ones of tests.
std::unique_ptr<Kernel> makeTileGradient(const Convolution& conv, const TileKernels& kernels);

}  // namespace nodegrad
