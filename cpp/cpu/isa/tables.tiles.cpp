#include "cpu/isa/tile_tables.h"

namespace nodegrad::NODEGRAD_ISA_NAMESPACE {

const TileKernels& tileKernels() {
  static const TileKernels all = {.gradient = &tileGradientKernels,
                                  .narrow = &tileNarrowKernels,
                                  .product = &tileProductKernels,
                                  .splitProduct = &splitProductKernels};
  return all;
}

}  // namespace nodegrad::NODEGRAD_ISA_NAMESPACE
