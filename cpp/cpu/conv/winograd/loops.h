#pragma once
#include <type_traits>

#include "cpu/conv/winograd/kernels.h"
#include "cpu/conv/winograd/products.h"
#include "cpu/conv/winograd/transforms.h"
#include "cpu/elementwise/kernels.h"
#include "cpu/isa/vector.h"

// The kernels of cpu/conv/winograd/kernels.h for operands T, float or the bits of bfloat16.
namespace nodegrad::NODEGRAD_ISA_NAMESPACE {
namespace {

// How many tiles ahead the maps are fetched into the cache: a tile's rows lie too far apart for the hardware
// to foresee.
constexpr int64_t kAhead = 2;

template <class T>
inline const T* imageOf(const WinogradMap& map, const WinogradTile& tile) {
  return static_cast<const T*>(map.data) + tile.image * map.imageStride;
}

// Of a map of either kind.
inline Floats take(const WinogradMap& map, int64_t at) {
  return map.bfloat16 ? load(static_cast<const uint16_t*>(map.data) + at)
                      : load(static_cast<const float*>(map.data) + at);
}
inline void put(const WinogradResult& map, int64_t at, Floats v) {
  if (map.bfloat16)
    store(static_cast<uint16_t*>(map.data) + at, v);
  else
    store(static_cast<float*>(map.data) + at, v);
}

// Fetches the 4 columns from (row, column) that a later tile is the first to use, in `rows` rows.
// Inlined by force: a function that only fetches has no effect that the compiler knows of, and it drops the
// calls.
template <int rows, class Data>
inline __attribute__((always_inline)) void fetchAhead(const WinogradMapOf<Data>& map,
                                                      const WinogradTile& tile, int64_t row, int64_t column) {
  constexpr bool write = std::is_same_v<Data, void>;
  const int size = map.bfloat16 ? 2 : 4;
  const char* image = static_cast<const char*>(map.data) + tile.image * map.imageStride * size;
  const int shift = !write && map.argmax ? 1 : 0;
  const int64_t height = map.height >> shift, width = map.width >> shift;
  column = (column < 0 ? 0 : column) >> shift;
  for (int i = 0; i < rows >> shift; ++i) {
    int64_t y = (row >> shift) + i;
    y = y < 0 ? 0 : (y >= height ? height - 1 : y);
    const char* p = image + (y * width + column) * kLanes * size;
    for (int j = 0; j < (4 >> shift) * kLanes * size; j += 64) __builtin_prefetch(p + j, write);
  }
}

// The size×size patch at (row, column) of a map that is given as pooled gradients.
template <int size, class T>
__attribute__((noinline)) void unpool(const WinogradMap& map, const WinogradTile& tile, int64_t row,
                                      int64_t column, T* copy) {
  const int64_t height = map.height / 2, width = map.width / 2;
  const T* image = imageOf<T>(map, tile);
  const uint8_t* argmax = map.argmax + tile.image * map.imageStride;
  for (int i = 0; i < size * size; ++i) store(copy + i * kLanes, Floats{});
  // Windows from the first that reaches into the patch to the last.
  const int64_t top = row < 0 ? 0 : row / 2, left = column < 0 ? 0 : column / 2;
  for (int64_t y = top; y < height && 2 * y < row + size; ++y) {
    for (int64_t x = left; x < width && 2 * x < column + size; ++x) {
      const int64_t at = (y * width + x) * kLanes;
      const Floats gradient = load(image + at);
      const Ints largest = loadBytes(argmax + at);
      for (int k = 0; k < 4; ++k) {
        const int64_t i = 2 * y + k / 2 - row, j = 2 * x + k % 2 - column;
        if (i >= 0 && i < size && j >= 0 && j < size)
          store(copy + (i * size + j) * kLanes, largest == k ? gradient : Floats{});
      }
    }
  }
}

// The size×size patch at (row, column), zero outside of the map: a pointer to it and the stride of its rows.
// copy is used at the edges.
template <int size, class T>
inline const T* patch(const WinogradMap& map, const WinogradTile& tile, int64_t row, int64_t column, T* copy,
                      int64_t& rowStride) {
  if (map.argmax) {
    unpool<size>(map, tile, row, column, copy);
    rowStride = size * kLanes;
    return copy;
  }
  const T* image = imageOf<T>(map, tile);
  if (row >= 0 && column >= 0 && row + size <= map.height && column + size <= map.width) {
    rowStride = map.width * kLanes;
    return image + (row * map.width + column) * kLanes;
  }
  static const T kZeros[kLanes] = {};
  for (int i = 0; i < size; ++i, copy += size * kLanes) {
    const int64_t y = row + i;
    const bool inside = y >= 0 && y < map.height;
    const T* from = image + (y * map.width + column) * kLanes;
    NODEGRAD_UNROLL for (int j = 0; j < size; ++j) {
      const bool within = inside && column + j >= 0 && column + j < map.width;
      __builtin_memcpy(copy + j * kLanes, within ? from + j * kLanes : kZeros, sizeof kZeros);
    }
  }
  rowStride = size * kLanes;
  return copy - size * size * kLanes;
}

// Transforms the input of tile t and calls put(element, vector) for the 36 elements.
template <class T, class Put>
inline __attribute__((always_inline)) void inputTile(const WinogradMap& map, const WinogradTile* tiles,
                                                     int64_t t, int64_t count, int64_t top, int64_t left,
                                                     Put put) {
  const WinogradTile& later = tiles[t + kAhead < count ? t + kAhead : count - 1];
  fetchAhead<6>(map, later, later.row - top, later.column - left + 2);
  alignas(64) T copy[36 * kLanes];
  Floats half[36];
  int64_t rowStride;
  const T* p = patch<6>(map, tiles[t], tiles[t].row - top, tiles[t].column - left, copy, rowStride);
  NODEGRAD_UNROLL for (int i = 0; i < 6; ++i, p += rowStride) {
    const Floats d[6] = {load(p),
                         load(p + kLanes),
                         load(p + 2 * kLanes),
                         load(p + 3 * kLanes),
                         load(p + 4 * kLanes),
                         load(p + 5 * kLanes)};
    transformInput(d, half + 6 * i, 1);
  }
  NODEGRAD_UNROLL for (int j = 0; j < 6; ++j) {
    const Floats d[6] = {half[j], half[6 + j], half[12 + j], half[18 + j], half[24 + j], half[30 + j]};
    Floats column[6];
    transformInput(d, column, 1);
    NODEGRAD_UNROLL for (int i = 0; i < 6; ++i) put(6 * i + j, column[i]);
  }
}

template <class T>
void input(const WinogradMap& map, const WinogradTile* tiles, int64_t count, int64_t top, int64_t left,
           void* transformed, int64_t plane) {
  T* to = static_cast<T*>(transformed);
  for (int64_t t = 0; t < count; ++t, to += kLanes)
    inputTile<T>(map, tiles, t, count, top, left, [&](int k, Floats v) { store(to + k * plane, v); });
}

// Calls tile(t, put) for all tiles, whose transforms it lays down as correlate takes them.
template <class T, class Tile>
inline void layTiles(int64_t count, T* to, int64_t plane, Tile tile) {
  if constexpr (Operands<T>::kDepth == 1) {
    for (int64_t t = 0; t < count; ++t, to += kLanes)
      tile(t, [&](int k, Floats v) { store(to + k * plane, v); });
  } else {
    for (int64_t t = 0; t < count; t += 2, to += 2 * kLanes) {
      Floats first[36];
      tile(t, [&](int k, Floats v) { first[k] = v; });
      const auto join = [&](int k, Floats v) { Operands<T>::storePair(to + k * plane, first[k], v); };
      if (t + 1 < count) {
        tile(t + 1, join);
      } else {
        for (int k = 0; k < 36; ++k) join(k, Floats{});
      }
    }
  }
}

template <class T>
void correlatedInput(const WinogradMap& map, const WinogradTile* tiles, int64_t count, int64_t top,
                     int64_t left, void* to, int64_t plane) {
  layTiles(count, static_cast<T*>(to), plane, [&](int64_t t, auto put) __attribute__((always_inline)) {
    inputTile<T>(map, tiles, t, count, top, left, put);
  });
}

inline Floats positive(Floats x) { return x < 0.0f ? Floats{} : x; }  // NaN stays

// The largest numbers of windows of 2×2 in a tile of 4×4 and their positions in the windows, as maxPool takes
// them: the first one of equals, and NaN beats every number.
inline void poolTile(const Floats (&y)[16], const WinogradOutput& to, const WinogradTile& tile) {
  const int64_t row = tile.row / 2, column = tile.column / 2;
  const int64_t at = tile.image * to.pooled.imageStride + (row * to.pooled.width + column) * kLanes;
  for (int i = 0; i < 2 && row + i < to.pooled.height; ++i) {
    for (int j = 0; j < 2 && column + j < to.pooled.width; ++j) {
      const Floats* window = y + 8 * i + 2 * j;
      const int order[4] = {0, 1, 4, 5};
      Floats best;
      Ints argmax = {};
      NODEGRAD_UNROLL for (int k = 0; k < 4; ++k) {
        const Floats v = to.pooled.bfloat16 ? rounded(window[order[k]]) : window[order[k]];
        const Ints better = k == 0 ? ~Ints{} : (v > best) | ((v != v) & (best == best));
        best = better ? v : best;
        argmax = better ? all(k) : argmax;
      }
      const int64_t o = at + (i * to.pooled.width + j) * kLanes;
      put(to.pooled, o, best);
      storeBytes(to.argmax + o, argmax);
    }
  }
}

// Adds a map's tile, as far as the map goes.
inline void addTile(Floats (&y)[16], const WinogradMap& map, const WinogradTile& tile) {
  const int64_t corner = tile.image * map.imageStride + (tile.row * map.width + tile.column) * kLanes;
  const int64_t rows = map.height - tile.row, columns = map.width - tile.column;
  const bool whole = rows >= 4 && columns >= 4;
  NODEGRAD_UNROLL for (int i = 0; i < 4; ++i) {
    NODEGRAD_UNROLL for (int j = 0; j < 4; ++j) {
      if (whole || (i < rows && j < columns))
        y[4 * i + j] += take(map, corner + (i * map.width + j) * kLanes);
    }
  }
}

void output(const float* from, int64_t plane, const WinogradOutput& to, const WinogradTile* tiles,
            int64_t count) {
  const Floats bias = to.bias ? load(to.bias) : Floats{};
  const WinogradResult& map = to.map;
  Floats near = {}, sum = {}, squares = {};
  for (int64_t t = 0; t < count; ++t, from += kLanes) {
    const WinogradTile& tile = tiles[t];
    const WinogradTile& later = tiles[t + kAhead < count ? t + kAhead : count - 1];
    if (map.data) fetchAhead<4>(map, later, later.row, later.column);
    Floats half[24], y[16];
    NODEGRAD_UNROLL for (int j = 0; j < 6; ++j) {
      const float* p = from + j * plane;
      const Floats m[6] = {load(p),
                           load(p + 6 * plane),
                           load(p + 12 * plane),
                           load(p + 18 * plane),
                           load(p + 24 * plane),
                           load(p + 30 * plane)};
      transformProducts(m, half + j, 6);
    }
    NODEGRAD_UNROLL for (int i = 0; i < 4; ++i) {
      const Floats* h = half + 6 * i;
      const Floats m[6] = {h[0], h[1], h[2], h[3], h[4], h[5]};
      transformProducts(m, y + 4 * i, 1);
      NODEGRAD_UNROLL for (int j = 0; j < 4; ++j) y[4 * i + j] += bias;
    }
    if (to.residual.data) addTile(y, to.residual, tile);
    if (to.relu) {
      NODEGRAD_UNROLL for (int i = 0; i < 16; ++i) y[i] = positive(y[i]);
    }
    if (map.data && map.bfloat16) {
      NODEGRAD_UNROLL for (int i = 0; i < 16; ++i) y[i] = rounded(y[i]);
    }
    if (to.pooled.data) poolTile(y, to, tile);
    if (t == 0) near = y[0];
    if (!map.data) continue;
    const int64_t corner = tile.image * map.imageStride + (tile.row * map.width + tile.column) * kLanes;
    const int64_t rows = map.height - tile.row, columns = map.width - tile.column;
    const bool whole = rows >= 4 && columns >= 4;
    NODEGRAD_UNROLL for (int i = 0; i < 4; ++i) {
      const int64_t start = corner + i * map.width * kLanes;
      NODEGRAD_UNROLL for (int j = 0; j < 4; ++j) {
        if (!whole && (i >= rows || j >= columns)) continue;
        const int64_t at = start + j * kLanes;
        const Floats v = y[4 * i + j];
        put(map, at, to.mask.data ? (take(to.mask, at) > 0.0f ? v : Floats{}) : v);
        if (to.moments) {
          const Floats distance = v - near;
          sum += distance;
          squares += distance * distance;
        }
      }
    }
  }
  if (!to.moments) return;
  store(to.moments, near);
  store(to.moments + kLanes, sum);
  store(to.moments + 2 * kLanes, squares);
}

template <class T>
void outputGradient(const WinogradMap& map, const WinogradTile* tiles, int64_t count, void* to, int64_t plane,
                    float* sum) {
  Floats total = load(sum);
  layTiles(count, static_cast<T*>(to), plane, [&](int64_t t, auto put) __attribute__((always_inline)) {
    const WinogradTile& later = tiles[t + kAhead < count ? t + kAhead : count - 1];
    fetchAhead<4>(map, later, later.row, later.column);
    alignas(64) T copy[16 * kLanes];
    Floats half[24];
    int64_t rowStride;
    const T* p = patch<4>(map, tiles[t], tiles[t].row, tiles[t].column, copy, rowStride);
    NODEGRAD_UNROLL for (int i = 0; i < 4; ++i, p += rowStride) {
      const Floats y[4] = {load(p), load(p + kLanes), load(p + 2 * kLanes), load(p + 3 * kLanes)};
      total += (y[0] + y[1]) + (y[2] + y[3]);
      transformGradient(y, half + 6 * i, 1);
    }
    NODEGRAD_UNROLL for (int j = 0; j < 6; ++j) {
      const Floats y[4] = {half[j], half[6 + j], half[12 + j], half[18 + j]};
      Floats column[6];
      transformGradient(y, column, 1);
      NODEGRAD_UNROLL for (int i = 0; i < 6; ++i) put(6 * i + j, column[i]);
    }
  });
  store(sum, total);
}

// Transforms 9 vectors of filters and calls put(element, vector) for the 36 elements.
template <class Put>
inline __attribute__((always_inline)) void transformFilters(const float (&taps)[9][kLanes], Put put) {
  Floats half[18];
  NODEGRAD_UNROLL for (int j = 0; j < 3; ++j) {
    const Floats w[3] = {load(taps[j]), load(taps[3 + j]), load(taps[6 + j])};
    transformFilter(w, half + j, 3);
  }
  NODEGRAD_UNROLL for (int i = 0; i < 6; ++i) {
    const Floats w[3] = {half[3 * i], half[3 * i + 1], half[3 * i + 2]};
    Floats row[6];
    transformFilter(w, row, 1);
    NODEGRAD_UNROLL for (int j = 0; j < 6; ++j) put(6 * i + j, row[j]);
  }
}

// Rows become columns. Each round deals the two halves of the rows out alternately: after log2(kLanes) of
// them every number has moved to where its coordinates are exchanged.
inline void transpose(Floats (&rows)[kLanes]) {
  Ints low, high;
  for (int i = 0; i < kLanes; ++i) {
    low[i] = i / 2 + i % 2 * kLanes;
    high[i] = low[i] + kLanes / 2;
  }
  NODEGRAD_UNROLL for (int round = 1; round < kLanes; round *= 2) {
    Floats next[kLanes];
    NODEGRAD_UNROLL for (int i = 0; i < kLanes / 2; ++i) {
      next[2 * i] = __builtin_shuffle(rows[i], rows[i + kLanes / 2], low);
      next[2 * i + 1] = __builtin_shuffle(rows[i], rows[i + kLanes / 2], high);
    }
    NODEGRAD_UNROLL for (int i = 0; i < kLanes; ++i) rows[i] = next[i];
  }
}

template <class T>
void filter(const float* filters, int64_t in, int64_t out, bool flipped, int64_t column, int64_t columns,
            int64_t row, int64_t plane, void* panel) {
  const int64_t width = columns * kLanes;
  for (int64_t c = 0; c < columns; ++c, column += kLanes) {
    float taps[kLanes][9][kLanes];
    for (int tap = 0; tap < 9; ++tap) {
      if (flipped) {
        Floats square[kLanes];
        const float* p = filters + ((8 - tap) * in + column) * out + row;
        for (int l = 0; l < kLanes; ++l) square[l] = load(p + l * out);
        transpose(square);
        for (int r = 0; r < kLanes; ++r) store(taps[r][tap], square[r]);
      } else {
        const float* p = filters + (tap * in + row) * out + column;
        for (int r = 0; r < kLanes; ++r) store(taps[r][tap], load(p + r * out));
      }
    }
    constexpr int depth = Operands<T>::kDepth;
    for (int r = 0; r < kLanes; r += depth) {
      T* to = static_cast<T*>(panel) + (row + r) * width + c * kLanes * depth;
      if constexpr (depth == 1) {
        transformFilters(taps[r], [&](int k, Floats v) { store(to + k * plane, v); });
      } else {
        Floats first[36];
        transformFilters(taps[r], [&](int k, Floats v) { first[k] = v; });
        transformFilters(taps[r + 1],
                         [&](int k, Floats v) { Operands<T>::storePair(to + k * plane, first[k], v); });
      }
    }
  }
}

void filterGradient(const float* sums, int64_t plane, int64_t rows, int64_t columns, float* corner,
                    int64_t in, int64_t out, bool add) {
  const int64_t width = columns * kLanes;
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t c = 0; c < columns; ++c) {
      const float* p = sums + row * width + c * kLanes;
      Floats half[18];
      NODEGRAD_UNROLL for (int j = 0; j < 6; ++j) {
        const float* q = p + j * plane;
        const Floats m[6] = {load(q),
                             load(q + 6 * plane),
                             load(q + 12 * plane),
                             load(q + 18 * plane),
                             load(q + 24 * plane),
                             load(q + 30 * plane)};
        transformSums(m, half + j, 6);
      }
      NODEGRAD_UNROLL for (int i = 0; i < 3; ++i) {
        const Floats* h = half + 6 * i;
        const Floats m[6] = {h[0], h[1], h[2], h[3], h[4], h[5]};
        Floats taps[3];
        transformSums(m, taps, 1);
        NODEGRAD_UNROLL for (int j = 0; j < 3; ++j) {
          float* to = corner + ((3 * i + j) * in + row) * out + c * kLanes;
          store(to, add ? load(to) + taps[j] : taps[j]);
        }
      }
    }
  }
}

template <class T>
constexpr WinogradKernels winogradKernelsFor() {
  return {
      .lanes = kLanes,
      .operandBytes = sizeof(T),
      .panel = kPanel,
      .tileStep = kTileRows,
      .gradientColumns = kGradientColumns,
      .sumBlocks = kSumBlocks,
      .input = input<T>,
      .correlatedInput = correlatedInput<T>,
      .output = output,
      .outputGradient = outputGradient<T>,
      .filter = filter<T>,
      .filterGradient = filterGradient,
      .multiply = multiply<T>,
      .correlate = correlate<T>,
  };
}

}  // namespace
}  // namespace nodegrad::NODEGRAD_ISA_NAMESPACE
