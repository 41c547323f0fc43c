#pragma once
#include <memory>

#include "cpu/conv/conv.h"

namespace nodegrad {

struct TileKernels;

// Whether a convolution of an image of few channels, as a net's first one, can be made on tiles of bfloat16
// (AMX): pictures with channels last, whose row of taps holds at most 32 numbers, to whole blocks of 16
// channels, with or without a ReLU.
bool tileNarrowTakes(const KernelSpec& spec, const Convolution& conv);

// All row-major.
LayoutChoice tileNarrowLayouts(const KernelSpec& spec, const Convolution& conv);
bool hasTileNarrowLayouts(const Convolution& conv);

// Expects those layouts. kernels: of AMX, or the plain ones of tests.
std::unique_ptr<Kernel> makeTileNarrow(const KernelSpec& spec, const Convolution& conv,
                                       const TileKernels& kernels);

}  // namespace nodegrad
