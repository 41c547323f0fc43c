#pragma once
#include <memory>

#include "backend.h"

namespace nodegrad {

// A copy of row-major float32 filters [taps …, input channels, output channels] to bfloat16 in blocks whose
// innermost are pairs of input channels, as forward convolutions take them; null where a layout is none of
// those. It goes through the filters in the order in which they are in memory: oneDNN's copy goes through
// that of the blocks, and took 1.4 to 3.5 times as long for filters beyond the second-level cache (Granite
// Rapids).
std::unique_ptr<Kernel> makeFilterPairs(const TensorType& source, const LayoutPtr& from,
                                        const TensorType& target, const LayoutPtr& to);

}  // namespace nodegrad
