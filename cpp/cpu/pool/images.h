#pragma once
#include <vector>

#include "backend.h"
#include "core/window.h"
#include "cpu/isa/isa_kernels.h"
#include "cpu/pool/kernels.h"

// What the kernels share that slide windows over images.
namespace nodegrad {

// In which blocks an image tensor is stored.
struct Blocks {
  enum Of { Nothing, Channels, Samples } of = Nothing;
  int64_t size = 0;
};

// An image tensor as the inner loops take it: images [depth, height, width, channels] one after another,
// pictures with a depth of 1. Blocked in channels or samples, each block is an image; channels first in
// row-major memory, each channel.
struct Images {
  int64_t count, depth, height, width, channels;

  static Images of(const Dims& shape, const ImageAxes& axes, Blocks blocks);
};

// The layout of such blocks: channels in blocks of 4, 8 or 16, those of a sample one after another, each
// position by position; or sampleBlocks. Null for none.
LayoutPtr blockedLayout(const TensorType& type, const ImageAxes& axes, Blocks blocks);
// The blocks of a layout; none of any other, and of row-major.
Blocks blocksOf(const TensorType& type, const LayoutPtr& layout, const ImageAxes& axes);

// The windows of a pooling over one image, for the inner loops.
class PoolGeometry {
 public:
  // divide: whether sums become averages.
  PoolGeometry(const Images& images, const Window& window, bool byteIndices, bool divide = true);
  PoolGeometry(const PoolGeometry&) = delete;
  PoolGeometry& operator=(const PoolGeometry&) = delete;

  const PoolShape& shape() const { return shape_; }
  // How many rows an image of the output has in all planes.
  int64_t outRows() const { return shape_.depth.out * shape_.height.out; }

 private:
  struct Spans {
    std::vector<Span> inputs, windows;
  };
  // Of one of depth, height and width, which are the last dimensions of the window.
  PoolAxis axis(const Window& window, int which, int64_t size);

  Spans spans_[kMostSpatial];
  PoolShape shape_;
};

}  // namespace nodegrad
