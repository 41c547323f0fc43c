#include "cpu/isa/channel_loop.h"
#include "cpu/isa/tables.h"

namespace nodegrad::NODEGRAD_ISA_NAMESPACE {
namespace {

// The largest of a window's rows · columns elements from x on, and where in the window it lies, counted from
// first.
template <class K, class T, class Count>
inline void maxOf(const PoolShape& s, const T* x, Count rows, Count columns, int32_t first,
                  typename K::Real& best, typename K::Index& at) {
  best = K::read(x);
  at = typename K::Index{} + first;
  for (int32_t i = 0; i < rows; ++i) {
    for (int32_t j = 0; j < columns; ++j) {
      const typename K::Real v = K::read(x + (i * s.width + j) * s.channels);
      // NaN beats every number.
      const auto better = ((v <= best) == 0) & (best == best);
      best = better ? v : best;
      at = better ? typename K::Index{} + (first + static_cast<int32_t>(i * s.kernelWidth) + j) : at;
    }
  }
}

inline int32_t size(Span span) { return span.end - span.begin; }

template <class T, class I>
inline void maxRow(const PoolShape& s, const T* x, T* y, I* indices, int64_t outRow) {
  const Span rows = s.rows[outRow];
  const int64_t top = outRow * s.strides[0] - s.pads[0], channels = s.channels;
  for (int64_t ow = 0; ow < s.outWidth; ++ow) {
    const Span columns = s.columns[ow];
    const int64_t left = ow * s.strides[1] - s.pads[1];
    const int32_t first = static_cast<int32_t>((rows.begin - top) * s.kernelWidth + columns.begin - left);
    const T* window = x + (rows.begin * s.width + columns.begin) * channels;
    const int32_t square = size(rows) == size(columns) ? size(rows) : 0;
    forChannels(channels, [&](auto kind, int64_t c) {
      using K = decltype(kind);
      typename K::Real best;
      typename K::Index at;
      if (square == 2) {
        maxOf<K>(s, window + c, Two{}, Two{}, first, best, at);
      } else if (square == 3) {
        maxOf<K>(s, window + c, Three{}, Three{}, first, best, at);
      } else {
        maxOf<K>(s, window + c, size(rows), size(columns), first, best, at);
      }
      K::write(y + ow * channels + c, best);
      K::write(indices + ow * channels + c, at);
    });
  }
}

// Of windows that do not overlap: each one's gradient goes to the row's elements that it holds, and the rest
// is zero.
template <class T, class I>
inline void maxBackwardApart(const PoolShape& s, const T* dy, const I* indices, T* dx, int64_t row) {
  const Span outRows = s.outRows[row];
  const int64_t channels = s.channels;
  int64_t done = 0;
  for (int64_t ow = 0; ow < (size(outRows) > 0 ? s.outWidth : 0); ++ow) {
    const Span columns = s.columns[ow];
    const int64_t at = (outRows.begin * s.outWidth + ow) * channels;
    const int32_t first =
        static_cast<int32_t>((row + s.pads[0] - outRows.begin * s.strides[0]) * s.kernelWidth +
                             columns.begin + s.pads[1] - ow * s.strides[1]);
    for (int64_t i = done * channels; i < columns.begin * channels; ++i) dx[i] = 0;
    forChannels(channels, [&](auto kind, int64_t c) {
      using K = decltype(kind);
      const typename K::Real gradient = K::read(dy + at + c), none = {};
      const typename K::Index place = K::read(indices + at + c);
      for (int32_t j = 0; j < size(columns); ++j) {
        K::write(dx + (columns.begin + j) * channels + c, place == first + j ? gradient : none);
      }
    });
    done = columns.end;
  }
  for (int64_t i = done * channels; i < s.width * channels; ++i) dx[i] = 0;
}

// Each element gets the gradients of those windows that hold it in which it is the largest.
template <class T, class I>
inline void maxBackwardRow(const PoolShape& s, const T* dy, const I* indices, T* dx, int64_t row) {
  const Span outRows = s.outRows[row];
  const int64_t channels = s.channels;
  if (size(outRows) <= 1 && s.kernelWidth <= s.strides[1]) return maxBackwardApart(s, dy, indices, dx, row);
  for (int64_t w = 0; w < s.width; ++w) {
    const Span outColumns = s.outColumns[w];
    forChannels(channels, [&](auto kind, int64_t c) {
      using K = decltype(kind);
      typename K::Real sum = {};
      for (int64_t oh = outRows.begin; oh < outRows.end; ++oh) {
        for (int64_t ow = outColumns.begin; ow < outColumns.end; ++ow) {
          const int64_t place =
              (row + s.pads[0] - oh * s.strides[0]) * s.kernelWidth + w + s.pads[1] - ow * s.strides[1];
          const int64_t at = (oh * s.outWidth + ow) * channels + c;
          const typename K::Real none = {};
          sum += K::read(indices + at) == static_cast<int32_t>(place) ? K::read(dy + at) : none;
        }
      }
      K::write(dx + w * channels + c, sum);
    });
  }
}

template <class T, class I>
inline void maxGatherRow(const PoolShape& s, const T* g, const I* indices, T* y, int64_t outRow) {
  const Span rows = s.rows[outRow];
  const int64_t top = outRow * s.strides[0] - s.pads[0], channels = s.channels;
  for (int64_t ow = 0; ow < s.outWidth; ++ow) {
    const Span columns = s.columns[ow];
    const int64_t left = ow * s.strides[1] - s.pads[1];
    for (int64_t c = 0; c < channels; ++c) {
      const int64_t place = indices[ow * channels + c];
      const int64_t h = top + place / s.kernelWidth, w = left + place % s.kernelWidth;
      // The indices of padding channels may point out of the image.
      const bool held = h >= rows.begin && h < rows.end && w >= columns.begin && w < columns.end;
      y[ow * channels + c] = held ? g[(h * s.width + w) * channels + c] : T{};
    }
  }
}

template <class T>
void max(const PoolShape& s, const T* x, T* y, void* indices, int64_t outRow) {
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
inline float scaleOf(const PoolShape& s, Span rows, Span columns) {
  return s.divide ? 1.0f / static_cast<float>(int64_t{size(rows)} * size(columns)) : 1.0f;
}

template <class T>
void average(const PoolShape& s, const T* x, T* y, int64_t outRow) {
  const Span rows = s.rows[outRow];
  const int64_t channels = s.channels;
  for (int64_t ow = 0; ow < s.outWidth; ++ow) {
    const Span columns = s.columns[ow];
    const float scale = scaleOf(s, rows, columns);
    forChannels(channels, [&](auto kind, int64_t c) {
      using K = decltype(kind);
      typename K::Real total = {};
      for (int32_t h = rows.begin; h < rows.end; ++h) {
        typename K::Real sum = {};  // row by row, which keeps the error of a global average small
        for (int32_t w = columns.begin; w < columns.end; ++w)
          sum += K::read(x + (h * s.width + w) * channels + c);
        total += sum;
      }
      K::write(y + ow * channels + c, total * scale);
    });
  }
}

// Of windows that do not overlap: each one's gradient goes in equal parts to the row's elements that it
// holds, and the rest is zero.
template <class T>
void averageBackwardApart(const PoolShape& s, const T* dy, T* dx, int64_t row) {
  const Span outRows = s.outRows[row];
  const int64_t channels = s.channels;
  int64_t done = 0;
  for (int64_t ow = 0; ow < (size(outRows) > 0 ? s.outWidth : 0); ++ow) {
    const Span columns = s.columns[ow];
    const float scale = scaleOf(s, s.rows[outRows.begin], columns);
    const T* from = dy + (outRows.begin * s.outWidth + ow) * channels;
    for (int64_t i = done * channels; i < columns.begin * channels; ++i) dx[i] = 0;
    forChannels(channels, [&](auto kind, int64_t c) {
      using K = decltype(kind);
      const typename K::Real part = scale * K::read(from + c);
      for (int64_t w = columns.begin; w < columns.end; ++w) K::write(dx + w * channels + c, part);
    });
    done = columns.end;
  }
  for (int64_t i = done * channels; i < s.width * channels; ++i) dx[i] = 0;
}

template <class T>
void averageBackward(const PoolShape& s, const T* dy, T* dx, int64_t row) {
  const Span outRows = s.outRows[row];
  const int64_t channels = s.channels;
  if (size(outRows) <= 1 && s.kernelWidth <= s.strides[1]) return averageBackwardApart(s, dy, dx, row);
  for (int64_t i = 0; i < s.width * channels; ++i) dx[i] = 0;
  for (int64_t oh = outRows.begin; oh < outRows.end; ++oh) {
    for (int64_t ow = 0; ow < s.outWidth; ++ow) {
      const Span columns = s.columns[ow];
      const float scale = scaleOf(s, s.rows[oh], columns);
      const T* from = dy + (oh * s.outWidth + ow) * channels;
      forChannels(channels, [&](auto kind, int64_t c) {
        using K = decltype(kind);
        const typename K::Real part = scale * K::read(from + c);
        for (int64_t w = columns.begin; w < columns.end; ++w)
          K::write(dx + w * channels + c, K::read(dx + w * channels + c) + part);
      });
    }
  }
}

}  // namespace

const PoolKernels<float> poolKernels = {max, maxBackward, maxGather, average, averageBackward};
const PoolKernels<uint16_t> poolKernelsBfloat16 = {max, maxBackward, maxGather, average, averageBackward};

}  // namespace nodegrad::NODEGRAD_ISA_NAMESPACE
