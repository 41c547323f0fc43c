#include "cpu/isa/channel_loop.h"
#include "cpu/isa/tables.h"
#include "cpu/pool/kernels.h"

namespace nodegrad::NODEGRAD_ISA_NAMESPACE {
namespace {

inline int32_t size(Span span) { return span.end - span.begin; }

// A row of the input or of the output, counted through all planes.
struct Row {
  int64_t plane, row;
};
inline Row outputRow(const PoolShape& s, int64_t row) { return {row / s.height.out, row % s.height.out}; }
inline Row inputRow(const PoolShape& s, int64_t row) { return {row / s.height.size, row % s.height.size}; }

// The first column of a row, in elements.
inline int64_t inputAt(const PoolShape& s, int64_t plane, int64_t row) {
  return (plane * s.height.size + row) * s.width.size * s.channels;
}
inline int64_t outputAt(const PoolShape& s, int64_t plane, int64_t row) {
  return (plane * s.height.out + row) * s.width.out * s.channels;
}
// The index in the window of output (outPlane, outRow) of a row's element that is in the window's first
// column.
inline int64_t indexOf(const PoolShape& s, Row row, int64_t outPlane, int64_t outRow) {
  const int64_t plane = row.plane + s.depth.pad - outPlane * s.depth.stride;
  return (plane * s.height.kernel + row.row + s.height.pad - outRow * s.height.stride) * s.width.kernel;
}

// The largest of a window's planes · rows · columns elements from x on, and, if indexed, its index in the
// window, counted from first.
template <class K, bool indexed, class T, class Planes, class Count>
inline void maxOf(const PoolShape& s, const T* x, Planes planes, Count rows, Count columns, int32_t first,
                  typename K::Real& best, typename K::Index& at) {
  best = K::read(x);
  at = typename K::Index{} + first;
  for (int32_t p = 0; p < planes; ++p) {
    for (int32_t i = 0; i < rows; ++i) {
      for (int32_t j = 0; j < columns; ++j) {
        const typename K::Real v = K::read(x + ((p * s.height.size + i) * s.width.size + j) * s.channels);
        const auto index = static_cast<int32_t>((p * s.height.kernel + i) * s.width.kernel) + j;
        // NaN beats every number.
        const auto better = ((v <= best) == 0) & (best == best);
        best = better ? v : best;
        if constexpr (indexed) at = better ? typename K::Index{} + (first + index) : at;
      }
    }
  }
}

// I: of the indices, or void for none.
template <class T, class I>
inline void maxRow(const PoolShape& s, const T* x, T* y, I* indices, int64_t outRow) {
  constexpr bool indexed = !__is_same(I, void);
  const Row out = outputRow(s, outRow);
  const Span planes = s.depth.inputs[out.plane], rows = s.height.inputs[out.row];
  const int64_t channels = s.channels;
  const int64_t corner = indexOf(s, {planes.begin, rows.begin}, out.plane, out.row);
  for (int64_t ow = 0; ow < s.width.out; ++ow) {
    const Span columns = s.width.inputs[ow];
    const int64_t left = ow * s.width.stride - s.width.pad;
    const int32_t first = static_cast<int32_t>(corner + columns.begin - left);
    const T* window = x + inputAt(s, planes.begin, rows.begin) + columns.begin * channels;
    const int32_t square = size(planes) == 1 && size(rows) == size(columns) ? size(rows) : 0;
    forChannels(channels, [&](auto kind, int64_t c) {
      using K = decltype(kind);
      typename K::Real best;
      typename K::Index at;
      if (square == 2) {
        maxOf<K, indexed>(s, window + c, One{}, Two{}, Two{}, first, best, at);
      } else if (square == 3) {
        maxOf<K, indexed>(s, window + c, One{}, Three{}, Three{}, first, best, at);
      } else {
        maxOf<K, indexed>(s, window + c, size(planes), size(rows), size(columns), first, best, at);
      }
      K::write(y + ow * channels + c, best);
      if constexpr (indexed) K::write(indices + ow * channels + c, at);
    });
  }
}

// Whether no two windows hold an element of a row, so that it has at most one gradient.
inline bool isApart(const PoolShape& s, Span outPlanes, Span outRows) {
  return size(outPlanes) <= 1 && size(outRows) <= 1 && s.width.kernel <= s.width.stride;
}

// Of windows that do not overlap: calls body(output column, its position in y, its columns) for those that
// hold a row's elements, and fills what none holds with zeros.
template <class T, class Body>
inline void forApart(const PoolShape& s, Span outPlanes, Span outRows, T* dx, const Body& body) {
  const int64_t channels = s.channels;
  const bool hasOutput = size(outPlanes) > 0 && size(outRows) > 0;
  int64_t done = 0;
  for (int64_t ow = 0; ow < (hasOutput ? s.width.out : 0); ++ow) {
    const Span columns = s.width.inputs[ow];
    for (int64_t i = done * channels; i < columns.begin * channels; ++i) dx[i] = 0;
    body(ow, outputAt(s, outPlanes.begin, outRows.begin) + ow * channels, columns);
    done = columns.end;
  }
  for (int64_t i = done * channels; i < s.width.size * channels; ++i) dx[i] = 0;
}

// Each element gets the gradients of those windows that hold it in which it is the largest.
template <class T, class I>
inline void maxBackwardRow(const PoolShape& s, const T* dy, const I* indices, T* dx, int64_t row) {
  const Row in = inputRow(s, row);
  const Span outPlanes = s.depth.windows[in.plane], outRows = s.height.windows[in.row];
  const int64_t channels = s.channels;
  if (isApart(s, outPlanes, outRows)) {
    return forApart(s, outPlanes, outRows, dx, [&](int64_t ow, int64_t at, Span columns) {
      const int64_t corner = indexOf(s, in, outPlanes.begin, outRows.begin);
      const auto first = static_cast<int32_t>(corner + columns.begin + s.width.pad - ow * s.width.stride);
      forChannels(channels, [&](auto kind, int64_t c) {
        using K = decltype(kind);
        const typename K::Real gradient = K::read(dy + at + c), none = {};
        const typename K::Index index = K::read(indices + at + c);
        for (int32_t j = 0; j < size(columns); ++j) {
          K::write(dx + (columns.begin + j) * channels + c, index == first + j ? gradient : none);
        }
      });
    });
  }
  for (int64_t w = 0; w < s.width.size; ++w) {
    const Span outColumns = s.width.windows[w];
    forChannels(channels, [&](auto kind, int64_t c) {
      using K = decltype(kind);
      typename K::Real sum = {};
      for (int64_t op = outPlanes.begin; op < outPlanes.end; ++op) {
        for (int64_t oh = outRows.begin; oh < outRows.end; ++oh) {
          const int64_t corner = indexOf(s, in, op, oh) + w + s.width.pad;
          for (int64_t ow = outColumns.begin; ow < outColumns.end; ++ow) {
            const auto index = static_cast<int32_t>(corner - ow * s.width.stride);
            const int64_t at = outputAt(s, op, oh) + ow * channels + c;
            const typename K::Real none = {};
            sum += K::read(indices + at) == index ? K::read(dy + at) : none;
          }
        }
      }
      K::write(dx + w * channels + c, sum);
    });
  }
}

template <class T, class I>
inline void maxGatherRow(const PoolShape& s, const T* g, const I* indices, T* y, int64_t outRow) {
  const Row out = outputRow(s, outRow);
  const int64_t front = out.plane * s.depth.stride - s.depth.pad,
                top = out.row * s.height.stride - s.height.pad;
  const int64_t channels = s.channels;
  const auto holds = [](Span span, int64_t at) { return at >= span.begin && at < span.end; };
  for (int64_t ow = 0; ow < s.width.out; ++ow) {
    const int64_t left = ow * s.width.stride - s.width.pad;
    for (int64_t c = 0; c < channels; ++c) {
      const int64_t index = indices[ow * channels + c], row = index / s.width.kernel;
      const int64_t d = front + row / s.height.kernel, h = top + row % s.height.kernel;
      const int64_t w = left + index % s.width.kernel;
      // The indices of padding channels may point out of the image.
      const bool isInside = holds(s.depth.inputs[out.plane], d) && holds(s.height.inputs[out.row], h) &&
                            holds(s.width.inputs[ow], w);
      y[ow * channels + c] = isInside ? g[inputAt(s, d, h) + w * channels + c] : T{};
    }
  }
}

template <class T>
void max(const PoolShape& s, const T* x, T* y, void* indices, int64_t outRow) {
  if (!indices) return maxRow(s, x, y, indices, outRow);
  s.byteIndices ? maxRow(s, x, y, static_cast<uint8_t*>(indices), outRow)
                : maxRow(s, x, y, static_cast<int32_t*>(indices), outRow);
}

template <class T>
void maxBackward(const PoolShape& s, const T* dy, const void* indices, T* dx, int64_t row) {
  s.byteIndices ? maxBackwardRow(s, dy, static_cast<const uint8_t*>(indices), dx, row)
                : maxBackwardRow(s, dy, static_cast<const int32_t*>(indices), dx, row);
}

template <class T>
void maxGather(const PoolShape& s, const T* g, const void* indices, T* y, int64_t outRow) {
  s.byteIndices ? maxGatherRow(s, g, static_cast<const uint8_t*>(indices), y, outRow)
                : maxGatherRow(s, g, static_cast<const int32_t*>(indices), y, outRow);
}

// What a window's sum is multiplied by.
inline float scaleOf(const PoolShape& s, Span planes, Span rows, Span columns) {
  return s.divide ? 1.0f / static_cast<float>(int64_t{size(planes)} * size(rows) * size(columns)) : 1.0f;
}

template <class T>
void average(const PoolShape& s, const T* x, T* y, int64_t outRow) {
  const Row out = outputRow(s, outRow);
  const Span planes = s.depth.inputs[out.plane], rows = s.height.inputs[out.row];
  const int64_t channels = s.channels;
  for (int64_t ow = 0; ow < s.width.out; ++ow) {
    const Span columns = s.width.inputs[ow];
    const float scale = scaleOf(s, planes, rows, columns);
    forChannels(channels, [&](auto kind, int64_t c) {
      using K = decltype(kind);
      typename K::Real total = {};
      for (int32_t d = planes.begin; d < planes.end; ++d) {
        for (int32_t h = rows.begin; h < rows.end; ++h) {
          typename K::Real sum = {};  // row by row, which keeps the error of a global average small
          for (int32_t w = columns.begin; w < columns.end; ++w)
            sum += K::read(x + inputAt(s, d, h) + w * channels + c);
          total += sum;
        }
      }
      K::write(y + ow * channels + c, total * scale);
    });
  }
}

// Each element gets its part of the gradients of those windows that hold it.
template <class T>
void averageBackward(const PoolShape& s, const T* dy, T* dx, int64_t row) {
  const Row in = inputRow(s, row);
  const Span outPlanes = s.depth.windows[in.plane], outRows = s.height.windows[in.row];
  const int64_t channels = s.channels;
  const auto scaleAt = [&](int64_t op, int64_t oh, Span columns) {
    return scaleOf(s, s.depth.inputs[op], s.height.inputs[oh], columns);
  };
  if (isApart(s, outPlanes, outRows)) {
    return forApart(s, outPlanes, outRows, dx, [&](int64_t, int64_t at, Span columns) {
      const float scale = scaleAt(outPlanes.begin, outRows.begin, columns);
      forChannels(channels, [&](auto kind, int64_t c) {
        using K = decltype(kind);
        const typename K::Real part = scale * K::read(dy + at + c);
        for (int64_t w = columns.begin; w < columns.end; ++w) K::write(dx + w * channels + c, part);
      });
    });
  }
  for (int64_t i = 0; i < s.width.size * channels; ++i) dx[i] = 0;
  for (int64_t op = outPlanes.begin; op < outPlanes.end; ++op) {
    for (int64_t oh = outRows.begin; oh < outRows.end; ++oh) {
      for (int64_t ow = 0; ow < s.width.out; ++ow) {
        const Span columns = s.width.inputs[ow];
        const float scale = scaleAt(op, oh, columns);
        const T* from = dy + outputAt(s, op, oh) + ow * channels;
        forChannels(channels, [&](auto kind, int64_t c) {
          using K = decltype(kind);
          const typename K::Real part = scale * K::read(from + c);
          for (int64_t w = columns.begin; w < columns.end; ++w)
            K::write(dx + w * channels + c, K::read(dx + w * channels + c) + part);
        });
      }
    }
  }
}

template <class T>
constexpr PoolKernels<T> kernelsOf() {
  return {
      .max = max<T>,
      .maxBackward = maxBackward<T>,
      .maxGather = maxGather<T>,
      .average = average<T>,
      .averageBackward = averageBackward<T>,
  };
}

}  // namespace

const PoolKernels<float> poolKernels = kernelsOf<float>();
const PoolKernels<uint16_t> poolKernelsBfloat16 = kernelsOf<uint16_t>();

}  // namespace nodegrad::NODEGRAD_ISA_NAMESPACE
