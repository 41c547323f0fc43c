#pragma once
#include "cpu/isa/isa_kernels.h"

// The table of each family, which its *.tiles.cpp defines.
namespace nodegrad::NODEGRAD_ISA_NAMESPACE {

extern const TileGradientKernels tileGradientKernels;
extern const TileNarrowKernels tileNarrowKernels;
extern const ProductKernels<uint16_t> tileProductKernels;
extern const SplitProductKernels splitProductKernels;

}  // namespace nodegrad::NODEGRAD_ISA_NAMESPACE
