#pragma once
#include <cstdint>
#include <string>

#include "core/attrs.h"
#include "core/shape.h"

namespace nodegrad {

// Images have 1 to 3 spatial dimensions: sequences [l], pictures [h, w], volumes [d, h, w].
constexpr int kMostSpatial = 3;

// Where an image tensor has its axes; the spatial ones follow one another.
struct ImageAxes {
  int n, c, first;  // first: of the spatial ones
  int spatial;      // how many of these

  size_t rank() const { return static_cast<size_t>(spatial) + 2; }
  // The last two spatial axes; of pictures and volumes.
  int h() const { return first + spatial - 2; }
  int w() const { return first + spatial - 1; }
  // The spatial dimensions of a shape.
  Dims spatialOf(const Dims& shape) const {
    return Dims(shape.begin() + first, shape.begin() + first + spatial);
  }
  void setSpatial(Dims& shape, const int64_t* sizes) const {
    for (int i = 0; i < spatial; ++i) shape[static_cast<size_t>(first + i)] = sizes[i];
  }
};

// The axes of tensors of a rank from 3 to 5: channels last [n, …, c] or first [n, c, …].
ImageAxes imageAxes(size_t rank, bool channelsLast);
// The same by the attribute dataFormat, "channelsLast" or "channelsFirst". Fails naming op.
ImageAxes imageAxes(const std::string& op, const Attrs& attrs, size_t rank);

// The geometry of a convolution or pooling over an image. A dimension of the output is kDynamic where the
// input's or the kernel's is; the pads of such a dimension mean nothing.
struct Window {
  int spatial;  // how many of the following count; the others are those of a size of 1
  int64_t kernel[kMostSpatial] = {1, 1, 1};
  int64_t strides[kMostSpatial] = {1, 1, 1};
  int64_t dilations[kMostSpatial] = {1, 1, 1};  // 1: dense
  int64_t pads[2 * kMostSpatial] = {};          // before and after along each axis: top, bottom, left, right
  int64_t out[kMostSpatial] = {1, 1, 1};

  // The reach of the dilated kernel along an axis.
  int64_t extent(int axis) const { return (kernel[axis] - 1) * dilations[axis] + 1; }
};

// Of a convolution, given the spatial dimensions of image and kernel: attributes strides and dilations ([]: 1
// for all), padding ("valid", "same" as TensorFlow's, "explicit" with pads, before and after along each
// axis). Fails naming op where an attribute is out of range or the kernel is larger than the padded input.
Window convWindow(const std::string& op, const Attrs& attrs, const Dims& image, const Dims& kernel);

// Of a pooling: the same with poolSize as the kernel; strides [] are those of poolSize. Every window holds
// some input.
Window poolWindow(const std::string& op, const Attrs& attrs, const Dims& image);

// An upsampling by the attribute size, a number for each of so many spatial dimensions, repeats each element;
// its transpose sums over windows that do not overlap: the attributes of that pooling, which does not divide.
// Fails naming op where a size is out of range.
Attrs upsamplingPool(const std::string& op, const Attrs& attrs, int spatial);

// Of a transposed convolution, which is the data gradient of a convolution: Keras's sizes, by strides,
// dilations, padding ("valid", "same") and outputPadding ([]: as many rows as a convolution of the same
// padding would shrink to the input). Fails naming op where an attribute is out of range.
struct TransposedWindow {
  int64_t out[kMostSpatial];
  Attrs conv;  // the attributes of that convolution
};
TransposedWindow transposedWindow(const std::string& op, const Attrs& attrs, const Dims& image,
                                  const Dims& kernel);
// The attributes of that convolution alone, which the image's size does not change.
Attrs transposedConv(const std::string& op, const Attrs& attrs, const Dims& kernel);

}  // namespace nodegrad
