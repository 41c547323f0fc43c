#include <cmath>

#include "core/window.h"
#include "reference.h"

namespace nodegrad::reference {

namespace {

// A place in an image by its axes' names.
int64_t imagePlace(const Dims& shape, const ImageAxes& axes, int64_t n, int64_t h, int64_t w, int64_t c) {
  int64_t index[4];
  index[axes.n] = n;
  index[axes.h] = h;
  index[axes.w] = w;
  index[axes.c] = c;
  return ((index[0] * shape[1] + index[1]) * shape[2] + index[2]) * shape[3] + index[3];
}

// Calls body(n, c, oh, ow, ih, iw, place in the window) for every output place and every input place of its
// window; c runs over `channels`.
template <class Body>
void slide(const Window& window, int64_t batch, int64_t channels, int64_t height, int64_t width,
           const Body& body) {
  for (int64_t n = 0; n < batch; ++n)
    for (int64_t c = 0; c < channels; ++c)
      for (int64_t oh = 0; oh < window.outH; ++oh)
        for (int64_t ow = 0; ow < window.outW; ++ow)
          for (int64_t k = 0; k < window.kernel[0] * window.kernel[1]; ++k) {
            const int64_t ih =
                oh * window.strides[0] - window.pads[0] + (k / window.kernel[1]) * window.dilations[0];
            const int64_t iw =
                ow * window.strides[1] - window.pads[2] + (k % window.kernel[1]) * window.dilations[1];
            if (ih >= 0 && ih < height && iw >= 0 && iw < width) body(n, c, oh, ow, ih, iw, k);
          }
}

// Calls body(x place, w place, y place) for every product of a convolution.
template <class Body>
void convolve(const Attrs& attrs, const Dims& x, const Dims& w, const Dims& y, const Body& body) {
  const ImageAxes axes = imageAxes("reference", attrs);
  const auto at = [&](int axis) { return x[static_cast<size_t>(axis)]; };
  const Window window = convWindow("reference", attrs, at(axes.h), at(axes.w), w[0], w[1]);
  const int64_t filters = w[3], perGroup = filters / attrs.integer("groups");
  slide(window, at(axes.n), filters, at(axes.h), at(axes.w),
        [&](int64_t n, int64_t oc, int64_t oh, int64_t ow, int64_t ih, int64_t iw, int64_t k) {
          for (int64_t ic = 0; ic < w[2]; ++ic)
            body(static_cast<size_t>(imagePlace(x, axes, n, ih, iw, oc / perGroup * w[2] + ic)),
                 static_cast<size_t>((k * w[2] + ic) * filters + oc),
                 static_cast<size_t>(imagePlace(y, axes, n, oh, ow, oc)));
        });
}

// Calls body(x place, y place, place in the window) for every input of every pooling window.
template <class Body>
void pool(const Attrs& attrs, const Dims& x, const Dims& y, const Body& body) {
  const ImageAxes axes = imageAxes("reference", attrs);
  const auto at = [&](int axis) { return x[static_cast<size_t>(axis)]; };
  slide(poolWindow("reference", attrs, at(axes.h), at(axes.w)), at(axes.n), at(axes.c), at(axes.h),
        at(axes.w), [&](int64_t n, int64_t c, int64_t oh, int64_t ow, int64_t ih, int64_t iw, int64_t k) {
          body(static_cast<size_t>(imagePlace(x, axes, n, ih, iw, c)),
               static_cast<size_t>(imagePlace(y, axes, n, oh, ow, c)), k);
        });
}

// How many inputs each window holds, or 1 where a sum is not divided.
std::vector<double> windowSizes(const Attrs& attrs, const Array& x, const Array& y) {
  if (attrs.has("divide") && !attrs.boolean("divide")) return std::vector<double>(y.data.size(), 1);
  std::vector<double> sizes(y.data.size());
  pool(attrs, x.shape(), y.shape(), [&](size_t, size_t yi, int64_t) { sizes[yi] += 1; });
  return sizes;
}

}  // namespace

void addWindows(Table& table) {
  table["conv2d"] = [](const Call& call) {
    const Array &x = call.inputs[0], &w = call.inputs[1];
    Array& y = call.outputs[0];
    convolve(call.attrs, x.shape(), w.shape(), y.shape(),
             [&](size_t xi, size_t wi, size_t yi) { y.data[yi] += x.data[xi] * w.data[wi]; });
  };
  table["conv2dBackwardData"] = [](const Call& call) {
    const Array &w = call.inputs[0], &dy = call.inputs[1];
    Array& dx = call.outputs[0];
    convolve(call.attrs, dx.shape(), w.shape(), dy.shape(),
             [&](size_t xi, size_t wi, size_t yi) { dx.data[xi] += w.data[wi] * dy.data[yi]; });
  };
  table["conv2dBackwardFilter"] = [](const Call& call) {
    const Array &x = call.inputs[0], &dy = call.inputs[1];
    Array& dw = call.outputs[0];
    convolve(call.attrs, x.shape(), dw.shape(), dy.shape(),
             [&](size_t xi, size_t wi, size_t yi) { dw.data[wi] += x.data[xi] * dy.data[yi]; });
  };
  table["conv2dTranspose"] = [](const Call& call) {
    const Array &x = call.inputs[0], &w = call.inputs[1];
    Array& y = call.outputs[0];
    const Attrs conv =
        transposedWindow("reference", call.attrs, kDynamic, kDynamic, w.shape()[0], w.shape()[1]).conv;
    convolve(conv, y.shape(), w.shape(), x.shape(),
             [&](size_t yi, size_t wi, size_t xi) { y.data[yi] += x.data[xi] * w.data[wi]; });
  };
  table["maxPool2d"] = [](const Call& call) {
    const Array& x = call.inputs[0];
    Array &y = call.outputs[0], &indices = call.outputs[1];
    std::fill(indices.data.begin(), indices.data.end(), -1);
    pool(call.attrs, x.shape(), y.shape(), [&](size_t xi, size_t yi, int64_t k) {
      if (indices.data[yi] >= 0 && (x.data[xi] <= y.data[yi] || std::isnan(y.data[yi]))) return;
      y.data[yi] = x.data[xi];
      indices.data[yi] = static_cast<double>(k);
    });
  };
  table["maxPool2dBackward"] = [](const Call& call) {
    const Array &dy = call.inputs[0], &indices = call.inputs[1];
    Array& dx = call.outputs[0];
    pool(call.attrs, dx.shape(), dy.shape(), [&](size_t xi, size_t yi, int64_t k) {
      if (indices.data[yi] == static_cast<double>(k)) dx.data[xi] += dy.data[yi];
    });
  };
  table["maxPool2dGather"] = [](const Call& call) {
    const Array &g = call.inputs[0], &indices = call.inputs[1];
    Array& y = call.outputs[0];
    pool(call.attrs, g.shape(), y.shape(), [&](size_t xi, size_t yi, int64_t k) {
      if (indices.data[yi] == static_cast<double>(k)) y.data[yi] = g.data[xi];
    });
  };
  table["upSampling2d"] = [](const Call& call) {
    const Array& x = call.inputs[0];
    Array& y = call.outputs[0];
    pool(upsamplingPool("reference", call.attrs), y.shape(), x.shape(),
         [&](size_t yi, size_t xi, int64_t) { y.data[yi] = x.data[xi]; });
  };
  table["avgPool2d"] = [](const Call& call) {
    const Array& x = call.inputs[0];
    Array& y = call.outputs[0];
    const std::vector<double> sizes = windowSizes(call.attrs, x, y);
    pool(call.attrs, x.shape(), y.shape(),
         [&](size_t xi, size_t yi, int64_t) { y.data[yi] += x.data[xi] / sizes[yi]; });
  };
  table["avgPool2dBackward"] = [](const Call& call) {
    const Array& dy = call.inputs[0];
    Array& dx = call.outputs[0];
    const std::vector<double> sizes = windowSizes(call.attrs, dx, dy);
    pool(call.attrs, dx.shape(), dy.shape(),
         [&](size_t xi, size_t yi, int64_t) { dx.data[xi] += dy.data[yi] / sizes[yi]; });
  };
}

}  // namespace nodegrad::reference
