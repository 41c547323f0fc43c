#include <algorithm>
#include <cmath>
#include <numeric>

#include "core/slice.h"
#include "reference.h"

namespace nodegrad::reference {

namespace {

void matmul(const Call& call) {
  const Array &a = call.inputs[0], &b = call.inputs[1];
  const bool transposeA = call.attrs.boolean("transposeA"), transposeB = call.attrs.boolean("transposeB");
  const Dims& sa = a.shape();
  const int64_t inner = transposeA ? sa[sa.size() - 2] : sa.back();
  Array& y = call.outputs[0];
  // The place of a matrix's element for an output index whose leading axes broadcast.
  const auto at = [](const Array& x, Dims index, int64_t row, int64_t column) {
    index[index.size() - 2] = row;
    index.back() = column;
    Dims shape = x.shape();
    const Dims lead(shape.begin(), shape.end() - 2), leadIndex(index.begin(), index.end() - 2);
    const int64_t matrix = broadcastPlace(lead, leadIndex);
    return x.data[static_cast<size_t>((matrix * shape[shape.size() - 2] + row) * shape.back() + column)];
  };
  forEach(y.shape(), [&](const Dims& index, int64_t place) {
    const int64_t row = index[index.size() - 2], column = index.back();
    for (int64_t k = 0; k < inner; ++k)
      y.data[static_cast<size_t>(place)] += (transposeA ? at(a, index, k, row) : at(a, index, row, k)) *
                                            (transposeB ? at(b, index, column, k) : at(b, index, k, column));
  });
}

void concatenate(const Call& call) {
  Array& y = call.outputs[0];
  const auto axis =
      static_cast<size_t>(normalizeAxis("reference", call.attrs.integer("axis"), y.shape().size()));
  int64_t offset = 0;
  for (const Array& x : call.inputs) {
    forEach(x.shape(), [&](Dims index, int64_t place) {
      index[axis] += offset;
      y.data[static_cast<size_t>(placeOf(y.shape(), index))] = x.data[static_cast<size_t>(place)];
    });
    offset += x.shape()[axis];
  }
}

// Calls body(place in the slice, place in the whole).
void eachSliced(const Attrs& attrs, const Dims& whole, const Dims& part,
                const std::function<void(size_t, size_t)>& body) {
  const std::vector<SliceAxis> axes = sliceOf("reference", attrs, whole);
  forEach(part, [&](Dims index, int64_t place) {
    for (size_t i = 0; i < index.size(); ++i) index[i] = axes[i].begin + index[i] * axes[i].stride;
    body(static_cast<size_t>(place), static_cast<size_t>(placeOf(whole, index)));
  });
}

// Calls body(place in the gathered, place in x).
void eachGathered(const Attrs& attrs, const Array& indices, const Dims& x, const Dims& y,
                  const std::function<void(size_t, size_t)>& body) {
  const auto axis = static_cast<size_t>(normalizeAxis("reference", attrs.integer("axis"), x.size()));
  const auto batchDims = static_cast<size_t>(attrs.integer("batchDims"));
  const size_t own = indices.shape().size() - batchDims;
  forEach(y, [&](const Dims& index, int64_t place) {
    Dims which(index.begin(), index.begin() + static_cast<int64_t>(batchDims));
    which.insert(which.end(), index.begin() + static_cast<int64_t>(axis),
                 index.begin() + static_cast<int64_t>(axis + own));
    Dims source(index.begin(), index.begin() + static_cast<int64_t>(axis));
    source.push_back(
        static_cast<int64_t>(indices.data[static_cast<size_t>(placeOf(indices.shape(), which))]));
    source.insert(source.end(), index.begin() + static_cast<int64_t>(axis + own), index.end());
    body(static_cast<size_t>(place), static_cast<size_t>(placeOf(x, source)));
  });
}

double modulo(double x, double m) { return x - std::floor(x / m) * m; }

double mirrored(double index, double size) {
  return size == 1 ? 0 : std::abs(modulo(index + size - 1, 2 * size - 2) - (size - 1));
}

void warp(const Call& call) {
  const Array &x = call.inputs[0], &transforms = call.inputs[1];
  const int64_t h = x.shape()[1], w = x.shape()[2], c = x.shape()[3];
  const std::string mode = call.attrs.text("fillMode");
  const auto placeOf = [&](double index, double size) {
    if (mode == "wrap") index = modulo(index, size);
    if (mode == "mirror") index = mirrored(index, size);
    if (mode == "reflect") index = std::floor((mirrored(2 * index + 1, 2 * size + 1) - 1) / 2);
    return static_cast<int64_t>(std::min(std::max(index, 0.0), size - 1));
  };
  forEach(x.shape(), [&](const Dims& index, int64_t place) {
    const double* t = transforms.data.data() + (transforms.shape()[0] == 1 ? 0 : index[0] * 8);
    const auto row = static_cast<double>(index[1]), column = static_cast<double>(index[2]);
    const double scale = t[6] * column + t[7] * row + 1;
    const double at[2] = {(t[3] * column + t[4] * row + t[5]) / scale,
                          (t[0] * column + t[1] * row + t[2]) / scale};
    const auto pixel = [&](double i, double j) {
      const auto rows = static_cast<double>(h), columns = static_cast<double>(w);
      if (mode == "constant" && (i < 0 || j < 0 || i >= rows || j >= columns))
        return call.attrs.number("fillValue");
      return x.data[static_cast<size_t>(((index[0] * h + placeOf(i, rows)) * w + placeOf(j, columns)) * c +
                                        index[3])];
    };
    double& y = call.outputs[0].data[static_cast<size_t>(place)];
    if (call.attrs.boolean("nearest")) {
      y = pixel(std::nearbyint(at[0]), std::nearbyint(at[1]));
      return;
    }
    const double top = std::floor(at[0]), left = std::floor(at[1]), below = at[0] - top, aside = at[1] - left;
    y = (pixel(top, left) * (1 - aside) + pixel(top, left + 1) * aside) * (1 - below) +
        (pixel(top + 1, left) * (1 - aside) + pixel(top + 1, left + 1) * aside) * below;
  });
}

}  // namespace

void addMoves(Table& table) {
  const Kernel copy = [](const Call& call) { call.outputs[0].data = call.inputs[0].data; };
  const Kernel spread = [](const Call& call) {
    const Array& x = call.inputs[0];
    Array& y = call.outputs[0];
    forEach(y.shape(), [&](const Dims& index, int64_t place) {
      y.data[static_cast<size_t>(place)] = x.data[static_cast<size_t>(broadcastPlace(x.shape(), index))];
    });
  };
  table["constant"] = [](const Call& call) {
    std::fill(call.outputs[0].data.begin(), call.outputs[0].data.end(), call.attrs.number("value"));
  };
  table["reshape"] = table["reshapeLike"] = copy;
  table["broadcastTo"] = table["broadcastLike"] = spread;
  table["sumLike"] = [](const Call& call) {
    const Array& x = call.inputs[0];
    Array& y = call.outputs[0];
    forEach(x.shape(), [&](const Dims& index, int64_t place) {
      y.data[static_cast<size_t>(broadcastPlace(y.shape(), index))] += x.data[static_cast<size_t>(place)];
    });
  };
  table["sizeRatio"] = [](const Call& call) {
    call.outputs[0].data[0] =
        static_cast<double>(call.inputs[0].data.size()) / static_cast<double>(call.inputs[1].data.size());
  };
  table["transpose"] = [](const Call& call) {
    const Array& x = call.inputs[0];
    const std::vector<int64_t>& perm = call.attrs.integers("perm");
    Array& y = call.outputs[0];
    forEach(y.shape(), [&](const Dims& index, int64_t place) {
      Dims source(index.size());
      for (size_t i = 0; i < perm.size(); ++i) source[static_cast<size_t>(perm[i])] = index[i];
      y.data[static_cast<size_t>(place)] = x.data[static_cast<size_t>(placeOf(x.shape(), source))];
    });
  };
  table["matmul"] = matmul;
  table["concatenate"] = concatenate;
  table["slice"] = [](const Call& call) {
    const Array& x = call.inputs[0];
    Array& y = call.outputs[0];
    eachSliced(call.attrs, x.shape(), y.shape(),
               [&](size_t part, size_t whole) { y.data[part] = x.data[whole]; });
  };
  table["sliceLike"] = [](const Call& call) {
    const Array& x = call.inputs[0];
    Array& y = call.outputs[0];
    const auto axis =
        static_cast<size_t>(normalizeAxis("reference", call.attrs.integer("axis"), x.shape().size()));
    const int64_t first = call.attrs.boolean("after") ? call.inputs[1].shape()[axis] : 0;
    forEach(y.shape(), [&](Dims index, int64_t place) {
      index[axis] += first;
      y.data[static_cast<size_t>(place)] = x.data[static_cast<size_t>(placeOf(x.shape(), index))];
    });
  };
  table["sliceBackward"] = [](const Call& call) {
    const Array& dy = call.inputs[0];
    Array& dx = call.outputs[0];
    eachSliced(call.attrs, dx.shape(), dy.shape(),
               [&](size_t part, size_t whole) { dx.data[whole] = dy.data[part]; });
  };
  table["pad"] = [](const Call& call) {
    const Array& x = call.inputs[0];
    Array& y = call.outputs[0];
    std::fill(y.data.begin(), y.data.end(), call.attrs.number("value"));
    forEach(x.shape(), [&](Dims index, int64_t place) {
      for (size_t i = 0; i < index.size(); ++i) index[i] += call.attrs.integers("paddings")[2 * i];
      y.data[static_cast<size_t>(placeOf(y.shape(), index))] = x.data[static_cast<size_t>(place)];
    });
  };
  table["warp"] = warp;
  table["gather"] = [](const Call& call) {
    const Array& x = call.inputs[0];
    Array& y = call.outputs[0];
    eachGathered(call.attrs, call.inputs[1], x.shape(), y.shape(),
                 [&](size_t yi, size_t xi) { y.data[yi] = x.data[xi]; });
  };
  table["gatherBackward"] = [](const Call& call) {
    const Array& dy = call.inputs[0];
    Array& dx = call.outputs[0];
    eachGathered(call.attrs, call.inputs[1], dx.shape(), dy.shape(),
                 [&](size_t yi, size_t xi) { dx.data[xi] += dy.data[yi]; });
  };
  table["toIndices"] = [](const Call& call) {
    std::transform(call.inputs[0].data.begin(), call.inputs[0].data.end(), call.outputs[0].data.begin(),
                   [](double x) { return std::trunc(x); });
  };
  table["oneHot"] = [](const Call& call) {
    const auto depth = static_cast<size_t>(call.attrs.integer("depth"));
    std::vector<double>& y = call.outputs[0].data;
    for (size_t i = 0; i < y.size(); ++i)
      y[i] = call.attrs.number(call.inputs[0].data[i / depth] == static_cast<double>(i % depth) ? "onValue"
                                                                                                : "offValue");
  };
}

}  // namespace nodegrad::reference
