#pragma once
#include <cstdint>
#include <string>

#include "core/attrs.h"
#include "core/shape.h"

namespace nodegrad {

// Where an image tensor of rank 4 has its axes.
struct ImageAxes {
  int n = 0, h = 1, w = 2, c = 3;
};

// The axes by the attribute dataFormat: "channelsLast" [n, h, w, c] or "channelsFirst" [n, c, h, w]. Fails
// naming op.
ImageAxes imageAxes(const std::string& op, const Attrs& attrs);

// The geometry of a convolution or pooling over an image. A dimension of the output is kDynamic where the
// input's or the kernel's is; the pads of such a dimension mean nothing.
struct Window {
  int64_t kernel[2];  // h, w
  int64_t strides[2];
  int64_t dilations[2];  // 1: dense
  int64_t pads[4];       // top, bottom, left, right
  int64_t outH, outW;

  // The reach of the dilated kernel along h (0) or w (1).
  int64_t extent(int axis) const { return (kernel[axis] - 1) * dilations[axis] + 1; }
};

// Of a convolution: attributes strides, dilations, padding ("valid", "same" as TensorFlow's, "explicit" with
// pads [t, b, l, r]). Fails naming op where an attribute is out of range or the kernel is larger than the
// padded input.
Window convWindow(const std::string& op, const Attrs& attrs, int64_t height, int64_t width,
                  int64_t kernelHeight, int64_t kernelWidth);

// Of a pooling: the same with poolSize as the kernel; strides [] are those of poolSize. Every window holds
// some input.
Window poolWindow(const std::string& op, const Attrs& attrs, int64_t height, int64_t width);

// An upsampling by the attribute size repeats each element; its transpose sums over windows that do not
// overlap: the attributes of that pooling, which does not divide. Fails naming op where a size is out of
// range.
Attrs upsamplingPool(const std::string& op, const Attrs& attrs);

// Of a transposed convolution, which is the data gradient of a convolution: Keras's sizes, by strides,
// dilations, padding ("valid", "same") and outputPadding ([]: as many rows as a convolution of the same
// padding would shrink to the input). Fails naming op where an attribute is out of range.
struct TransposedWindow {
  int64_t outH, outW;
  Attrs conv;  // the attributes of that convolution
};
TransposedWindow transposedWindow(const std::string& op, const Attrs& attrs, int64_t height, int64_t width,
                                  int64_t kernelHeight, int64_t kernelWidth);

}  // namespace nodegrad
