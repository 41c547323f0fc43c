#include "cpu/pool/images.h"

#include <algorithm>

#include "cpu/memory/onednn.h"

namespace nodegrad {

namespace {

LayoutPtr channelBlocks(const TensorType& type, const ImageAxes& axes, int64_t block) {
  const std::vector<int> order = onednn::imageOrder(axes);
  Dims dims;
  for (int axis : order) dims.push_back(type.shape[axis]);
  const onednn::Desc desc(dims, onednn::dataType(type.dtype), onednn::channelBlocksTag(axes.rank(), block));
  return onednn::layoutOf(desc.permute_axes(order));
}

// The places of `in` that each window holds, and the windows that hold each place.
void spans(int64_t in, int64_t out, int64_t kernel, int64_t stride, int64_t pad, std::vector<Span>& held,
           std::vector<Span>& holders) {
  for (int64_t o = 0; o < out; ++o) {
    const int64_t first = o * stride - pad;
    held.push_back({static_cast<int32_t>(std::max<int64_t>(first, 0)),
                    static_cast<int32_t>(std::min(first + kernel, in))});
  }
  for (int64_t i = 0; i < in; ++i) {
    const int64_t before = i + pad - kernel;  // the last place of windows that end before i
    const int64_t begin = before < 0 ? 0 : before / stride + 1;
    holders.push_back({static_cast<int32_t>(std::min(begin, out)),
                       static_cast<int32_t>(std::min((i + pad) / stride + 1, out))});
  }
}

}  // namespace

Images Images::of(const Dims& shape, const ImageAxes& axes, Blocks blocks) {
  const int64_t n = shape[axes.n], c = shape[axes.c], h = shape[axes.h()], w = shape[axes.w()];
  if (blocks.of == Blocks::Channels) return {n * ((c + blocks.size - 1) / blocks.size), h, w, blocks.size};
  if (blocks.of == Blocks::Samples) return {n / blocks.size * c, h, w, blocks.size};
  if (axes.c != 1) return {n, h, w, c};
  return {n * c, h, w, 1};
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
    : outHeight_(window.out[0]) {
  spans(images.height, window.out[0], window.kernel[0], window.strides[0], window.pads[0], rows_, outRows_);
  spans(images.width, window.out[1], window.kernel[1], window.strides[1], window.pads[2], columns_,
        outColumns_);
  shape_ = {images.width,
            images.channels,
            window.out[1],
            window.kernel[1],
            {window.strides[0], window.strides[1]},
            {window.pads[0], window.pads[2]},
            rows_.data(),
            columns_.data(),
            outRows_.data(),
            outColumns_.data(),
            byteIndices,
            divide};
}

}  // namespace nodegrad
