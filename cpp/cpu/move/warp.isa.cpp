#include "cpu/isa/tables.h"
#include "cpu/isa/vector.h"
#include "cpu/move/kernels.h"

// Compiled without fused multiplication and addition, and each number is made by the same operations at every
// level: the pictures are the same on all machines.
namespace nodegrad::NODEGRAD_ISA_NAMESPACE {
namespace {

// Pixels whose sources are computed together.
constexpr int64_t kRun = 64;
static_assert(kRun % kLanes == 0);
constexpr float kRowsAhead = 8, kMostAhead = 1 << 10;

// Four channels, of which the last may belong to the next pixel.
typedef float Pixel __attribute__((vector_size(16)));
typedef float LoosePixel __attribute__((vector_size(16), aligned(4), may_alias));

inline Floats modulo(Floats x, float m) { return x - floorOf(x / m) * m; }

// A wave of triangles, of the whole numbers from 0 to size - 1 and back.
inline Floats mirrored(Floats index, float size) {
  return size == 1 ? index * 0.0f : absolute(modulo(index + (size - 1), 2 * size - 2) - (size - 1));
}

// The nearest whole number, of two as near the even one.
inline Floats nearestOf(Floats v) {
  // From 2²³ on all are whole.
  const Floats size = absolute(v);
  return size < 0x1p23f ? withSign((size + 0x1p23f) - 0x1p23f, v) : v;
}

// One step back from beyond the border; what is further away, and NaN, may still be outside.
inline Floats foldedOnce(Floats index, float size, WarpFill fill) {
  Floats low, high;
  switch (fill) {
    case WarpFill::Wrap: low = index + size, high = index - size; break;
    case WarpFill::Mirror: low = -index, high = (2 * size - 2) - index; break;
    case WarpFill::Reflect: low = -1.0f - index, high = (2 * size - 1) - index; break;
    default: low = all(0.0f), high = all(size - 1); break;
  }
  return index < 0.0f ? low : index >= size ? high : index;
}

// The indices along an axis that whole numbers stand for; NaN stands for the first. Where what is beyond the
// border is a constant, -1 is there.
inline Ints pixelIndices(Floats index, int64_t length, WarpFill fill) {
  const auto size = static_cast<float>(length);
  const Ints isInside = (index >= 0.0f) & (index < size);
  if (!any(~isInside)) return truncate(index);
  const auto result = [&](Floats inside) {
    const Ints indices = truncate(inside);
    return fill == WarpFill::Constant ? (isInside ? indices : all(-1)) : indices;
  };
  Floats inside = foldedOnce(index, size, fill);
  if (!any(~((inside >= 0.0f) & (inside < size)))) return result(inside);
  if (fill == WarpFill::Wrap) inside = modulo(index, size);
  if (fill == WarpFill::Mirror) inside = mirrored(index, size);
  if (fill == WarpFill::Reflect)
    inside = floorOf((mirrored(index * 2.0f + 1.0f, 2 * size + 1) - 1.0f) * 0.5f);
  inside = inside > 0.0f ? inside : all(0.0f);
  inside = inside < size - 1 ? inside : all(size - 1);
  return result(isInside ? index : inside);
}

// Where the pixels of a run are read: each one pixel, or four with a weight of each.
struct Sources {
  int32_t rows[2][kRun], columns[2][kRun];
  float weights[4][kRun];
  // How many bytes further rows of the result that come later read, about: a turned image is read across its
  // rows, where processors do not see what comes next.
  int64_t ahead;
};

// Makes pixels from begin to end of a run. channels: how many there are; 0: any number. isWide: whether
// pixels are read and written four floats at a time, of which some may belong to the next pixel.
template <int channels, bool isNearest, bool isConstant, bool isWide>
inline void mix(const WarpImage& image, const Sources& sources, int64_t begin, int64_t end, float* out) {
  const int64_t c = channels == 0 ? image.channels : channels, stride = image.width * c;
  const auto pixel = [&](int row, int column, int64_t i) {
    const int32_t y = sources.rows[row][i], x = sources.columns[column][i];
    if (isConstant && (y | x) < 0) return image.fill;
    return image.pixels + (y * stride + x * c);
  };
  for (int64_t i = begin; i < end; ++i) {
    float* to = out + i * c;
    const float* a = pixel(0, 0, i);
    if constexpr (isNearest) {
      if constexpr (isWide)
        *reinterpret_cast<LoosePixel*>(to) = *reinterpret_cast<const LoosePixel*>(a);
      else
        __builtin_memcpy(to, a, static_cast<size_t>(c) * sizeof(float));
    } else {
      const float *b = pixel(0, 1, i), *d = pixel(1, 0, i), *e = pixel(1, 1, i);
      __builtin_prefetch(reinterpret_cast<const void*>(reinterpret_cast<uintptr_t>(d) +
                                                       static_cast<uintptr_t>(sources.ahead)));
      const auto& w = sources.weights;
      const auto sum = [&](auto p, auto q, auto r, auto s) {
        return ((p * w[0][i] + q * w[1][i]) + r * w[2][i]) + s * w[3][i];
      };
      if constexpr (isWide) {
        const auto four = [](const float* p) -> Pixel { return *reinterpret_cast<const LoosePixel*>(p); };
        *reinterpret_cast<LoosePixel*>(to) = sum(four(a), four(b), four(d), four(e));
      } else {
        for (int64_t k = 0; k < c; ++k) to[k] = sum(a[k], b[k], d[k], e[k]);
      }
    }
  }
}

// readsLast: whether a pixel may be the last of all images, after which nothing can be read.
template <int channels, bool isNearest, bool isConstant>
inline void mixRun(const WarpImage& image, const Sources& sources, int64_t length, bool readsLast,
                   float* to) {
  // The last pixel of a run has no next one that is written after it.
  const int64_t wide = channels == 4 ? length : channels == 3 && !readsLast ? length - 1 : 0;
  if constexpr (channels == 3 || channels == 4)
    mix<channels, isNearest, isConstant, true>(image, sources, 0, wide, to);
  mix<channels, isNearest, isConstant, false>(image, sources, wide, length, to);
}

template <int channels, bool isNearest>
void warpRow(const WarpImage& image, const float* t, float row, float* to) {
  const WarpFill fill = image.fillMode;
  const auto height = static_cast<float>(image.height);
  Floats steps;
  for (int lane = 0; lane < kLanes; ++lane) steps[lane] = static_cast<float>(lane);
  Sources sources;
  const auto ahead = [](float step) {
    return step > -kMostAhead && step < kMostAhead ? static_cast<int64_t>(kRowsAhead * step) : 0;
  };
  sources.ahead =
      (ahead(t[4]) * image.width + ahead(t[1])) * image.channels * static_cast<int64_t>(sizeof(float));
  for (int64_t start = 0; start < image.width; start += kRun) {
    const int64_t length = image.width - start < kRun ? image.width - start : kRun;
    Ints lowest = all(0), last = all(0);  // below 0: there is a pixel beyond the border; in the last row
    for (int64_t i = 0; i < length; i += kLanes) {
      const Floats x = steps + static_cast<float>(start + i);
      Floats column = (x * t[0] + t[1] * row) + t[2], at = (x * t[3] + t[4] * row) + t[5];
      if (t[6] != 0 || t[7] != 0) {
        const Floats scale = (x * t[6] + t[7] * row) + 1.0f;
        column /= scale;
        at /= scale;
      }
      const auto storeSource = [&](int side, Floats rows, Floats columns) {
        const Ints y = pixelIndices(rows, image.height, fill), z = pixelIndices(columns, image.width, fill);
        store(sources.rows[side] + i, y);
        store(sources.columns[side] + i, z);
        lowest |= y | z;
        last |= toFloats(y) >= height - 1;
      };
      if constexpr (isNearest) {
        storeSource(0, nearestOf(at), nearestOf(column));
      } else {
        const Floats left = floorOf(column), top = floorOf(at);
        const Floats aside = column - left, below = at - top;
        store(sources.weights[0] + i, (1.0f - below) * (1.0f - aside));
        store(sources.weights[1] + i, (1.0f - below) * aside);
        store(sources.weights[2] + i, below * (1.0f - aside));
        store(sources.weights[3] + i, below * aside);
        storeSource(0, top, left);
        storeSource(1, top + 1.0f, left + 1.0f);
      }
    }
    const bool readsLast = image.isLast && any(last);
    if (any(lowest < 0))
      mixRun<channels, isNearest, true>(image, sources, length, readsLast, to);
    else
      mixRun<channels, isNearest, false>(image, sources, length, readsLast, to);
    to += length * image.channels;
  }
}

// The row of the image between its rows `at` and the next, in image.line.
inline void mixRows(const WarpImage& image, float at) {
  const float top = __builtin_floorf(at), below = at - top;
  const auto source = [&](float row) -> const float* {
    const int32_t y = pixelIndices(all(row), image.height, image.fillMode)[0];
    return y < 0 ? nullptr : image.pixels + y * image.width * image.channels;
  };
  const float *a = source(top), *b = source(top + 1.0f);
  const int64_t n = image.width * image.channels, whole = n / kLanes * kLanes;
  const float fill = image.fill[0];
  for (int64_t i = 0; i < whole; i += kLanes) {
    const Floats p = a ? load(a + i) : all(fill), q = b ? load(b + i) : all(fill);
    store(image.line + i, p * (1.0f - below) + q * below);
  }
  for (int64_t i = whole; i < n; ++i)
    image.line[i] = (a ? a[i] : fill) * (1.0f - below) + (b ? b[i] : fill) * below;
}

// A row of a result that is neither turned nor sheared: all its pixels are between the same two rows.
template <int channels>
void straightRow(const WarpImage& image, const float* t, float row, float* to) {
  const int64_t c = channels == 0 ? image.channels : channels;
  mixRows(image, t[4] * row + t[5]);
  Floats steps;
  for (int lane = 0; lane < kLanes; ++lane) steps[lane] = static_cast<float>(lane);
  int32_t columns[2][kRun];
  float asides[kRun];
  for (int64_t start = 0; start < image.width; start += kRun) {
    const int64_t length = image.width - start < kRun ? image.width - start : kRun;
    for (int64_t i = 0; i < length; i += kLanes) {
      const Floats x = steps + static_cast<float>(start + i);
      const Floats column = (x * t[0] + t[1] * row) + t[2], left = floorOf(column);
      store(asides + i, column - left);
      store(columns[0] + i, pixelIndices(left, image.width, image.fillMode));
      store(columns[1] + i, pixelIndices(left + 1.0f, image.width, image.fillMode));
    }
    for (int64_t i = 0; i < length; ++i, to += c) {
      const auto pixel = [&](int32_t x) { return x < 0 ? image.fill : image.line + x * c; };
      const float *p = pixel(columns[0][i]), *q = pixel(columns[1][i]), aside = asides[i];
      // The last pixel of a row has no next one that is written after it.
      if ((channels == 3 && start + i + 1 < image.width) || channels == 4) {
        const auto four = [](const float* from) -> Pixel {
          return *reinterpret_cast<const LoosePixel*>(from);
        };
        *reinterpret_cast<LoosePixel*>(to) = four(p) * (1.0f - aside) + four(q) * aside;
      } else {
        for (int64_t k = 0; k < c; ++k) to[k] = p[k] * (1.0f - aside) + q[k] * aside;
      }
    }
  }
}

template <int channels>
void warp(const WarpImage& image, const float* t, float row, float* to) {
  if (image.isNearest)
    warpRow<channels, true>(image, t, row, to);
  else if (t[1] == 0 && t[3] == 0 && t[6] == 0 && t[7] == 0)
    straightRow<channels>(image, t, row, to);
  else
    warpRow<channels, false>(image, t, row, to);
}

void row(const WarpImage& image, const float* transform, int64_t y, float* to) {
  const auto at = static_cast<float>(y);
  switch (image.channels) {
    case 1: return warp<1>(image, transform, at, to);
    case 3: return warp<3>(image, transform, at, to);
    case 4: return warp<4>(image, transform, at, to);
    default: return warp<0>(image, transform, at, to);
  }
}

}  // namespace

const WarpKernels warpKernels = {row};

}  // namespace nodegrad::NODEGRAD_ISA_NAMESPACE
