#include <cmath>

#include "core/window.h"
#include "reference.h"

namespace nodegrad::reference {

namespace {

// Three coordinates; those of the missing axes, the first ones, are 0.
struct Point {
  int64_t at[kMostSpatial] = {};
};

// A place in an image of 1 to 3 spatial dimensions.
int64_t imagePlace(const Dims& shape, const ImageAxes& axes, int64_t n, const Point& point, int64_t c) {
  Dims index(shape.size());
  index[static_cast<size_t>(axes.n)] = n;
  axes.setSpatial(index, point.at);
  index[static_cast<size_t>(axes.c)] = c;
  int64_t place = 0;
  for (size_t i = 0; i < shape.size(); ++i) place = place * shape[i] + index[i];
  return place;
}

// The coordinates of a row-major place in a box.
Point pointAt(const int64_t* sides, int spatial, int64_t place) {
  Point point;
  for (int axis = spatial; axis-- > 0; place /= sides[axis]) point.at[axis] = place % sides[axis];
  return point;
}

// Calls body(n, c, output point, input point, place in the window) for every output place and every input
// place of its window; c runs over `channels`.
template <class Body>
void slide(const Window& window, int64_t batch, int64_t channels, const Dims& image, const Body& body) {
  int64_t outputs = 1, taps = 1;
  for (int axis = 0; axis < window.spatial; ++axis) {
    outputs *= window.out[axis];
    taps *= window.kernel[axis];
  }
  for (int64_t n = 0; n < batch; ++n)
    for (int64_t c = 0; c < channels; ++c)
      for (int64_t o = 0; o < outputs; ++o)
        for (int64_t k = 0; k < taps; ++k) {
          const Point out = pointAt(window.out, window.spatial, o);
          Point in = pointAt(window.kernel, window.spatial, k);
          bool inside = true;
          for (int axis = 0; axis < window.spatial; ++axis) {
            int64_t& at = in.at[axis];
            at = out.at[axis] * window.strides[axis] - window.pads[2 * axis] + at * window.dilations[axis];
            inside = inside && at >= 0 && at < image[static_cast<size_t>(axis)];
          }
          if (inside) body(n, c, out, in, k);
        }
}

// Calls body(x place, w place, y place) for every product of a convolution.
template <class Body>
void convolve(const Attrs& attrs, const Dims& x, const Dims& w, const Dims& y, const Body& body) {
  const ImageAxes axes = imageAxes("reference", attrs, x.size());
  const Dims image = axes.spatialOf(x);
  const Window window = convWindow("reference", attrs, image, Dims(w.begin(), w.end() - 2));
  const int64_t filters = w.back(), channels = w[w.size() - 2], perGroup = filters / attrs.integer("groups");
  slide(window, x[0], filters, image, [&](int64_t n, int64_t oc, const Point& o, const Point& i, int64_t k) {
    for (int64_t ic = 0; ic < channels; ++ic)
      body(static_cast<size_t>(imagePlace(x, axes, n, i, oc / perGroup * channels + ic)),
           static_cast<size_t>((k * channels + ic) * filters + oc),
           static_cast<size_t>(imagePlace(y, axes, n, o, oc)));
  });
}

// Calls body(x place, y place, place in the window) for every input of every pooling window.
template <class Body>
void pool(const Attrs& attrs, const Dims& x, const Dims& y, const Body& body) {
  const ImageAxes axes = imageAxes("reference", attrs, x.size());
  const Dims image = axes.spatialOf(x);
  slide(poolWindow("reference", attrs, image), x[0], x[static_cast<size_t>(axes.c)], image,
        [&](int64_t n, int64_t c, const Point& o, const Point& i, int64_t k) {
          body(static_cast<size_t>(imagePlace(x, axes, n, i, c)),
               static_cast<size_t>(imagePlace(y, axes, n, o, c)), k);
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
  table["conv"] = [](const Call& call) {
    const Array &x = call.inputs[0], &w = call.inputs[1];
    Array& y = call.outputs[0];
    convolve(call.attrs, x.shape(), w.shape(), y.shape(),
             [&](size_t xi, size_t wi, size_t yi) { y.data[yi] += x.data[xi] * w.data[wi]; });
  };
  table["convBackwardData"] = [](const Call& call) {
    const Array &w = call.inputs[0], &dy = call.inputs[1];
    Array& dx = call.outputs[0];
    convolve(call.attrs, dx.shape(), w.shape(), dy.shape(),
             [&](size_t xi, size_t wi, size_t yi) { dx.data[xi] += w.data[wi] * dy.data[yi]; });
  };
  table["convBackwardFilter"] = [](const Call& call) {
    const Array &x = call.inputs[0], &dy = call.inputs[1];
    Array& dw = call.outputs[0];
    convolve(call.attrs, x.shape(), dw.shape(), dy.shape(),
             [&](size_t xi, size_t wi, size_t yi) { dw.data[wi] += x.data[xi] * dy.data[yi]; });
  };
  table["convTranspose"] = [](const Call& call) {
    const Array &x = call.inputs[0], &w = call.inputs[1];
    Array& y = call.outputs[0];
    const Attrs conv = transposedConv("reference", call.attrs, Dims(w.shape().begin(), w.shape().end() - 2));
    convolve(conv, y.shape(), w.shape(), x.shape(),
             [&](size_t yi, size_t wi, size_t xi) { y.data[yi] += x.data[xi] * w.data[wi]; });
  };
  table["maxPool"] = [](const Call& call) {
    const Array& x = call.inputs[0];
    Array &y = call.outputs[0], &indices = call.outputs[1];
    std::fill(indices.data.begin(), indices.data.end(), -1);
    pool(call.attrs, x.shape(), y.shape(), [&](size_t xi, size_t yi, int64_t k) {
      if (indices.data[yi] >= 0 && (x.data[xi] <= y.data[yi] || std::isnan(y.data[yi]))) return;
      y.data[yi] = x.data[xi];
      indices.data[yi] = static_cast<double>(k);
    });
  };
  table["maxPoolBackward"] = [](const Call& call) {
    const Array &dy = call.inputs[0], &indices = call.inputs[1];
    Array& dx = call.outputs[0];
    pool(call.attrs, dx.shape(), dy.shape(), [&](size_t xi, size_t yi, int64_t k) {
      if (indices.data[yi] == static_cast<double>(k)) dx.data[xi] += dy.data[yi];
    });
  };
  table["maxPoolGather"] = [](const Call& call) {
    const Array &g = call.inputs[0], &indices = call.inputs[1];
    Array& y = call.outputs[0];
    pool(call.attrs, g.shape(), y.shape(), [&](size_t xi, size_t yi, int64_t k) {
      if (indices.data[yi] == static_cast<double>(k)) y.data[yi] = g.data[xi];
    });
  };
  table["upSampling"] = [](const Call& call) {
    const Array& x = call.inputs[0];
    Array& y = call.outputs[0];
    pool(upsamplingPool("reference", call.attrs, static_cast<int>(x.shape().size()) - 2), y.shape(),
         x.shape(), [&](size_t yi, size_t xi, int64_t) { y.data[yi] = x.data[xi]; });
  };
  table["averagePool"] = [](const Call& call) {
    const Array& x = call.inputs[0];
    Array& y = call.outputs[0];
    const std::vector<double> sizes = windowSizes(call.attrs, x, y);
    pool(call.attrs, x.shape(), y.shape(),
         [&](size_t xi, size_t yi, int64_t) { y.data[yi] += x.data[xi] / sizes[yi]; });
  };
  table["averagePoolBackward"] = [](const Call& call) {
    const Array& dy = call.inputs[0];
    Array& dx = call.outputs[0];
    const std::vector<double> sizes = windowSizes(call.attrs, dx, dy);
    pool(call.attrs, dx.shape(), dy.shape(),
         [&](size_t xi, size_t yi, int64_t) { dx.data[xi] += dy.data[yi] / sizes[yi]; });
  };
}

}  // namespace nodegrad::reference
