#include "cpu/conv/image.h"

#include "cpu/memory/cpu_layout.h"
#include "cpu/memory/onednn.h"

namespace nodegrad {

std::optional<Image> imageOf(const TensorType& type, const LayoutPtr& layout, const ImageAxes& axes) {
  const Geometry g = geometry(type, layout);
  if (g.shape != type.shape || onednn::isPadded(g) || g.blocks.size() > 1 ||
      (g.blocks.size() == 1 && g.blocks[0].first != axes.c))
    return std::nullopt;
  const auto stride = [&](int axis) { return g.strides[static_cast<size_t>(axis)]; };
  const auto at = [&](int axis) { return type.shape[static_cast<size_t>(axis)]; };
  Image image{at(axes.c), {1, 1, 1}, stride(axes.n), {}, 1, stride(axes.c)};
  for (int axis = 0; axis < axes.spatial; ++axis) {
    image.sizes[kMostSpatial - axes.spatial + axis] = at(axes.first + axis);
    image.strides[kMostSpatial - axes.spatial + axis] = stride(axes.first + axis);
  }
  if (!g.blocks.empty())
    image.run = g.blocks[0].second;
  else if (image.runStride == 1)
    image.run = image.channels;
  return image;
}

}  // namespace nodegrad
