#include "cpu/pool/images.h"

#include <algorithm>

#include "cpu/memory/onednn.h"
#include "cpu/pool/kernels.h"

namespace nodegrad {

namespace {

LayoutPtr channelBlocks(const TensorType& type, const ImageAxes& axes, int64_t block) {
  const std::vector<int> order = onednn::imageOrder(axes);
  Dims dims;
  for (int axis : order) dims.push_back(type.shape[axis]);
  const onednn::Desc desc(dims, onednn::dataType(type.dtype), onednn::channelBlocksTag(axes.rank(), block));
  return onednn::layoutOf(desc.permute_axes(order));
}

}  // namespace

Images Images::of(const Dims& shape, const ImageAxes& axes, Blocks blocks) {
  const int64_t n = shape[axes.n], c = shape[axes.c],
                d = axes.spatial == kMostSpatial ? shape[axes.first] : 1;
  const int64_t h = shape[axes.h()], w = shape[axes.w()];
  if (blocks.of == Blocks::Channels) return {n * ((c + blocks.size - 1) / blocks.size), d, h, w, blocks.size};
  if (blocks.of == Blocks::Samples) return {n / blocks.size * c, d, h, w, blocks.size};
  if (axes.c != 1) return {n, d, h, w, c};
  return {n * c, d, h, w, 1};
}

LayoutPtr blockedLayout(const TensorType& type, const ImageAxes& axes, Blocks blocks) {
  if (blocks.of == Blocks::Nothing) return nullptr;
  return blocks.of == Blocks::Channels ? channelBlocks(type, axes, blocks.size)
                                       : sampleBlocks(type, axes, blocks.size);
}

Blocks blocksOf(const TensorType& type, const LayoutPtr& layout, const ImageAxes& axes) {
  if (!layout) return {};
  for (int64_t size : {4, 8, 16}) {
    for (Blocks::Of of : {Blocks::Channels, Blocks::Samples}) {
      if (of == Blocks::Samples && type.shape[axes.n] % size != 0) continue;
      if (sameLayout(layout, blockedLayout(type, axes, {of, size}))) return {of, size};
    }
  }
  return {};
}

PoolGeometry::PoolGeometry(const Images& images, const Window& window, bool byteIndices, bool divide)
    : shape_{axis(window, 0, images.depth),
             axis(window, 1, images.height),
             axis(window, 2, images.width),
             images.channels,
             byteIndices,
             divide} {}

PoolAxis PoolGeometry::axis(const Window& window, int which, int64_t size) {
  const int i = which - (kMostSpatial - window.spatial);
  auto& [inputs, windows] = spans_[which];
  PoolAxis axis{size, 1, 1, 1, 0, nullptr, nullptr};
  if (i >= 0)
    axis = {size, window.out[i], window.kernel[i], window.strides[i], window.pads[2 * i], nullptr, nullptr};
  for (int64_t o = 0; o < axis.out; ++o) {
    const int64_t first = o * axis.stride - axis.pad;
    inputs.push_back({static_cast<int32_t>(std::max<int64_t>(first, 0)),
                      static_cast<int32_t>(std::min(first + axis.kernel, size))});
  }
  for (int64_t at = 0; at < size; ++at) {
    const int64_t before = at + axis.pad - axis.kernel;  // the last position of windows that end before it
    const int64_t begin = before < 0 ? 0 : before / axis.stride + 1;
    windows.push_back({static_cast<int32_t>(std::min(begin, axis.out)),
                       static_cast<int32_t>(std::min((at + axis.pad) / axis.stride + 1, axis.out))});
  }
  axis.inputs = inputs.data();
  axis.windows = windows.data();
  return axis;
}

}  // namespace nodegrad
