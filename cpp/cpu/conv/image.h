#pragma once
#include <optional>

#include "backend.h"
#include "core/window.h"

namespace nodegrad {

// Where the numbers of an image are. Channels are next to each other in runs: all of them, those of a block,
// or, where they are first, one.
struct Image {
  int64_t channels, sizes[kMostSpatial];  // depth, height, width
  int64_t sample, strides[kMostSpatial], run, runStride;

  const float* at(const float* sampleOf, int64_t d, int64_t h, int64_t w) const {
    return sampleOf + d * strides[0] + h * strides[1] + w * strides[2];
  }
};

// Nothing where a layout is none of those.
std::optional<Image> imageOf(const TensorType& type, const LayoutPtr& layout, const ImageAxes& axes);

}  // namespace nodegrad
