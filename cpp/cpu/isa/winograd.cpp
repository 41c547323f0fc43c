#include "cpu/isa/winograd.h"

#include "cpu/isa/tables.h"
#include "cpu/isa/vector.h"

namespace nodegrad::NODEGRAD_ISA_NAMESPACE {

#if defined(__AVX2__)
namespace {

#define NODEGRAD_UNROLL _Pragma("GCC unroll 16")

#if defined(__AVX512F__)
constexpr int kTileRows = 12, kPanel = 2;               // of the accumulators of multiply: 24 of 32 registers
constexpr int kGradientRows = 8, kGradientColumns = 3;  // of those of correlate
#else
constexpr int kTileRows = 6, kPanel = 2;  // 12 of 16 registers
constexpr int kGradientRows = 4, kGradientColumns = 2;
#endif

// The points at which the polynomials are taken are 0, ±A, ±B and infinity. The textbook's ±1 and ±2 cost as
// much and lose 3 to 5 times as many digits.
constexpr float A = 0.625f, B = 1.5f, A2 = A * A, B2 = B * B, A3 = A2 * A, B3 = B2 * B;
constexpr float kG0 = 1 / (A2 * B2), kGA = 1 / (2 * A2 * (A2 - B2)), kGB = 1 / (2 * B2 * (B2 - A2));

// Blocks of input channels that are summed up on their own: long sums in one go lose digits. Inputs and
// filters of so many stay in the first-level cache, too.
constexpr int64_t kSumBlocks = 128 / kLanes;

// How many tiles ahead the maps are fetched into the cache: a tile's rows lie too far apart for the hardware
// to foresee.
constexpr int64_t kAhead = 2;

// sum += x · y. The compiler would fold a load that several of these share into each of them, and saturate
// the load ports.
inline __attribute__((always_inline)) void multiplyAdd(Floats& sum, Floats x, Floats y) {
  asm("vfmadd231ps %2, %1, %0" : "+v"(sum) : "v"(x), "v"(y));
}
// Without the addition that all(x) costs where -0 has to be kept.
inline Floats broadcast(float x) { return x - Floats{}; }

// The one-dimensional transforms; results are `s` vectors apart.

// 6 numbers of the input.
inline __attribute__((always_inline)) void transformInput(const Floats (&d)[6], Floats* to, int s) {
  const Floats x = d[4] - B2 * d[2], y = d[3] - B2 * d[1], z = d[4] - A2 * d[2], w = d[3] - A2 * d[1];
  to[0] = A2 * B2 * d[0] + (d[4] - (A2 + B2) * d[2]);
  to[s] = x + A * y;
  to[2 * s] = x - A * y;
  to[3 * s] = z + B * w;
  to[4 * s] = z - B * w;
  to[5 * s] = A2 * B2 * d[1] + (d[5] - (A2 + B2) * d[3]);
}

// 6 products to 4 numbers of the output.
inline __attribute__((always_inline)) void transformProducts(const Floats (&m)[6], Floats* to, int s) {
  const Floats s1 = m[1] + m[2], e1 = m[1] - m[2], s2 = m[3] + m[4], e2 = m[3] - m[4];
  to[0] = m[0] + s1 + s2;
  to[s] = A * e1 + B * e2;
  to[2 * s] = A2 * s1 + B2 * s2;
  to[3 * s] = A3 * e1 + (B3 * e2 + m[5]);
}

// 4 numbers of the output's gradient: the transpose of transformProducts.
inline __attribute__((always_inline)) void transformGradient(const Floats (&y)[4], Floats* to, int s) {
  const Floats e = y[0] + A2 * y[2], f = y[1] + A2 * y[3], g = y[0] + B2 * y[2], h = y[1] + B2 * y[3];
  to[0] = y[0];
  to[s] = e + A * f;
  to[2 * s] = e - A * f;
  to[3 * s] = g + B * h;
  to[4 * s] = g - B * h;
  to[5 * s] = y[3];
}

// 3 numbers of a filter.
inline __attribute__((always_inline)) void transformFilter(const Floats (&w)[3], Floats* to, int s) {
  const Floats e = kGA * w[0] + kGA * A2 * w[2], f = kGA * A * w[1];
  const Floats g = kGB * w[0] + kGB * B2 * w[2], h = kGB * B * w[1];
  to[0] = kG0 * w[0];
  to[s] = e + f;
  to[2 * s] = e - f;
  to[3 * s] = g + h;
  to[4 * s] = g - h;
  to[5 * s] = w[2];
}

// 6 sums to 3 numbers of a filter's gradient: the transpose of transformFilter.
inline __attribute__((always_inline)) void transformSums(const Floats (&m)[6], Floats* to, int s) {
  const Floats s1 = kGA * (m[1] + m[2]), e1 = m[1] - m[2], s2 = kGB * (m[3] + m[4]), e2 = m[3] - m[4];
  to[0] = kG0 * m[0] + s1 + s2;
  to[s] = kGA * A * e1 + kGB * B * e2;
  to[2 * s] = A2 * s1 + B2 * s2 + m[5];
}

inline const float* imageOf(const WinogradMap& map, const WinogradTile& tile) {
  return map.data + tile.image * map.imageStride;
}

// Fetches the 4 columns from (row, column) that a later tile is the first to use, in `rows` rows.
// Inlined by force: a function that only fetches has no effect that the compiler knows of, and it drops the
// calls.
template <int rows, bool write>
inline __attribute__((always_inline)) void fetchAhead(const WinogradMap& map, const WinogradTile& tile,
                                                      int64_t row, int64_t column) {
  const float* image = imageOf(map, tile);
  const int shift = !write && map.places ? 1 : 0;
  const int64_t height = map.height >> shift, width = map.width >> shift;
  column = (column < 0 ? 0 : column) >> shift;
  for (int i = 0; i < rows >> shift; ++i) {
    int64_t y = (row >> shift) + i;
    y = y < 0 ? 0 : (y >= height ? height - 1 : y);
    const float* p = image + (y * width + column) * kLanes;
    for (int j = 0; j < (4 >> shift) * kLanes; j += 16) __builtin_prefetch(p + j, write);
  }
}

// The size×size patch at (row, column) of a map that is given as pooled gradients.
template <int size>
__attribute__((noinline)) void unpool(const WinogradMap& map, const WinogradTile& tile, int64_t row,
                                      int64_t column, Floats* copy) {
  const int64_t height = map.height / 2, width = map.width / 2;
  const int64_t image = tile.image * map.imageStride;
  for (int i = 0; i < size * size; ++i) copy[i] = Floats{};
  // Windows from the first that reaches into the patch to the last.
  const int64_t top = row < 0 ? 0 : row / 2, left = column < 0 ? 0 : column / 2;
  for (int64_t y = top; y < height && 2 * y < row + size; ++y) {
    for (int64_t x = left; x < width && 2 * x < column + size; ++x) {
      const int64_t at = image + (y * width + x) * kLanes;
      const Floats gradient = load(map.data + at);
      const Ints place = loadBytes(map.places + at);
      for (int k = 0; k < 4; ++k) {
        const int64_t i = 2 * y + k / 2 - row, j = 2 * x + k % 2 - column;
        if (i >= 0 && i < size && j >= 0 && j < size) copy[i * size + j] = place == k ? gradient : Floats{};
      }
    }
  }
}

// The size×size patch at (row, column), zero outside of the map: a pointer to it and the stride of its rows.
// copy is used at the edges.
template <int size>
inline const float* patch(const WinogradMap& map, const WinogradTile& tile, int64_t row, int64_t column,
                          Floats (&copy)[size * size], int64_t& rowStride) {
  if (map.places) {
    unpool<size>(map, tile, row, column, copy);
    rowStride = size * kLanes;
    return reinterpret_cast<const float*>(copy);
  }
  const float* image = imageOf(map, tile);
  if (row >= 0 && column >= 0 && row + size <= map.height && column + size <= map.width) {
    rowStride = map.width * kLanes;
    return image + (row * map.width + column) * kLanes;
  }
  for (int i = 0; i < size; ++i) {
    const int64_t y = row + i;
    const bool inside = y >= 0 && y < map.height;
    for (int j = 0; j < size; ++j) {
      const int64_t x = column + j;
      copy[i * size + j] =
          inside && x >= 0 && x < map.width ? load(image + (y * map.width + x) * kLanes) : Floats{};
    }
  }
  rowStride = size * kLanes;
  return reinterpret_cast<const float*>(copy);
}

void input(const WinogradMap& map, const WinogradTile* tiles, int64_t count, int64_t top, int64_t left,
           float* to, int64_t plane) {
  for (int64_t t = 0; t < count; ++t, to += kLanes) {
    const WinogradTile& later = tiles[t + kAhead < count ? t + kAhead : count - 1];
    fetchAhead<6, false>(map, later, later.row - top, later.column - left + 2);
    Floats copy[36], half[36];
    int64_t rowStride;
    const float* p = patch<6>(map, tiles[t], tiles[t].row - top, tiles[t].column - left, copy, rowStride);
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
      NODEGRAD_UNROLL for (int i = 0; i < 6; ++i) store(to + (6 * i + j) * plane, column[i]);
    }
  }
}

inline Floats positive(Floats x) { return x < 0.0f ? Floats{} : x; }  // NaN stays

// The largest numbers of windows of 2×2 in a tile of 4×4 and their places, as maxPool2d takes them: the first
// one of equals, and NaN beats every number.
inline void poolTile(const Floats (&y)[16], const WinogradOutput& to, const WinogradTile& tile) {
  const int64_t row = tile.row / 2, column = tile.column / 2;
  const int64_t at = tile.image * to.pooled.imageStride + (row * to.pooled.width + column) * kLanes;
  for (int i = 0; i < 2 && row + i < to.pooled.height; ++i) {
    for (int j = 0; j < 2 && column + j < to.pooled.width; ++j) {
      const Floats* window = y + 8 * i + 2 * j;
      Floats best = window[0];
      Ints place = {};
      const int others[3] = {1, 4, 5};
      NODEGRAD_UNROLL for (int k = 0; k < 3; ++k) {
        const Floats v = window[others[k]];
        const Ints better = (v > best) | ((v != v) & (best == best));
        best = better ? v : best;
        place = better ? Ints{} + (k + 1) : place;
      }
      const int64_t o = at + (i * to.pooled.width + j) * kLanes;
      store(to.pooled.data + o, best);
      storeBytes(to.places + o, place);
    }
  }
}

void output(const float* from, int64_t plane, const WinogradOutput& to, const WinogradTile* tiles,
            int64_t count) {
  const Floats bias = to.bias ? load(to.bias) : Floats{};
  const WinogradMap& map = to.map;
  Floats near = {}, sum = {}, squares = {};
  for (int64_t t = 0; t < count; ++t, from += kLanes) {
    const WinogradTile& tile = tiles[t];
    const WinogradTile& later = tiles[t + kAhead < count ? t + kAhead : count - 1];
    if (map.data) fetchAhead<4, true>(map, later, later.row, later.column);
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
    if (to.relu) {
      NODEGRAD_UNROLL for (int i = 0; i < 16; ++i) y[i] = positive(y[i]);
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
        store(map.data + at, to.mask ? (load(to.mask + at) > 0.0f ? v : Floats{}) : v);
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

void outputGradient(const WinogradMap& map, const WinogradTile* tiles, int64_t count, float* to,
                    int64_t plane, float* sum) {
  Floats total = load(sum);
  for (int64_t t = 0; t < count; ++t, to += kLanes) {
    const WinogradTile& later = tiles[t + kAhead < count ? t + kAhead : count - 1];
    fetchAhead<4, false>(map, later, later.row, later.column);
    Floats copy[16], half[24];
    int64_t rowStride;
    const float* p = patch<4>(map, tiles[t], tiles[t].row, tiles[t].column, copy, rowStride);
    NODEGRAD_UNROLL for (int i = 0; i < 4; ++i, p += rowStride) {
      const Floats y[4] = {load(p), load(p + kLanes), load(p + 2 * kLanes), load(p + 3 * kLanes)};
      total += (y[0] + y[1]) + (y[2] + y[3]);
      transformGradient(y, half + 6 * i, 1);
    }
    NODEGRAD_UNROLL for (int j = 0; j < 6; ++j) {
      const Floats y[4] = {half[j], half[6 + j], half[12 + j], half[18 + j]};
      Floats column[6];
      transformGradient(y, column, 1);
      NODEGRAD_UNROLL for (int i = 0; i < 6; ++i) store(to + (6 * i + j) * plane, column[i]);
    }
  }
  store(sum, total);
}

// 9 vectors of filters to 36, `place` elements apart.
inline void transformFilters(const float (&taps)[9][kLanes], float* to, int64_t place) {
  Floats half[18];
  NODEGRAD_UNROLL for (int j = 0; j < 3; ++j) {
    const Floats w[3] = {load(taps[j]), load(taps[3 + j]), load(taps[6 + j])};
    transformFilter(w, half + j, 3);
  }
  NODEGRAD_UNROLL for (int i = 0; i < 6; ++i) {
    const Floats w[3] = {half[3 * i], half[3 * i + 1], half[3 * i + 2]};
    Floats row[6];
    transformFilter(w, row, 1);
    NODEGRAD_UNROLL for (int j = 0; j < 6; ++j) store(to + (6 * i + j) * place, row[j]);
  }
}

// Rows become columns. Each round deals the two halves of the rows out by turns: after log2(kLanes) of them
// every number has moved to where its coordinates have changed places.
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

void filter(const float* filters, int64_t in, int64_t out, bool flipped, int64_t column, int64_t columns,
            int64_t row, int64_t place, float* panel) {
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
    for (int r = 0; r < kLanes; ++r) transformFilters(taps[r], panel + (row + r) * width + c * kLanes, place);
  }
}

void filterGradient(const float* sums, int64_t place, int64_t rows, int64_t columns, float* corner,
                    int64_t in, int64_t out, bool add) {
  const int64_t width = columns * kLanes;
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t c = 0; c < columns; ++c) {
      const float* p = sums + row * width + c * kLanes;
      Floats half[18];
      NODEGRAD_UNROLL for (int j = 0; j < 6; ++j) {
        const float* q = p + j * place;
        const Floats m[6] = {load(q),
                             load(q + 6 * place),
                             load(q + 12 * place),
                             load(q + 18 * place),
                             load(q + 24 * place),
                             load(q + 30 * place)};
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

template <int tileRows, int columns>
void multiplyTiles(const float* inputs, int64_t stride, int64_t blocks, const float* filters, float* products,
                   bool add) {
  Floats sums[tileRows][columns] = {};
  for (int64_t b = 0; b < blocks; ++b, inputs += stride) {
#pragma GCC unroll 4
    for (int i = 0; i < kLanes; ++i, filters += columns * kLanes) {
      Floats f[columns];
      NODEGRAD_UNROLL for (int c = 0; c < columns; ++c) f[c] = load(filters + c * kLanes);
      NODEGRAD_UNROLL for (int r = 0; r < tileRows; ++r) {
        const Floats x = broadcast(inputs[r * kLanes + i]);
        NODEGRAD_UNROLL for (int c = 0; c < columns; ++c) multiplyAdd(sums[r][c], x, f[c]);
      }
    }
  }
  NODEGRAD_UNROLL for (int r = 0; r < tileRows; ++r) {
    NODEGRAD_UNROLL for (int c = 0; c < columns; ++c) {
      float* to = products + c * stride + r * kLanes;
      store(to, add ? load(to) + sums[r][c] : sums[r][c]);
    }
  }
}

using MultiplyTiles = void (*)(const float*, int64_t, int64_t, const float*, float*, bool);

// For 1 … kTileRows tiles.
template <int columns>
constexpr MultiplyTiles kMultiplyTiles[] = {
    multiplyTiles<1, columns>,  multiplyTiles<2, columns>,  multiplyTiles<3, columns>,
    multiplyTiles<4, columns>,  multiplyTiles<5, columns>,  multiplyTiles<6, columns>,
#if defined(__AVX512F__)
    multiplyTiles<7, columns>,  multiplyTiles<8, columns>,  multiplyTiles<9, columns>,
    multiplyTiles<10, columns>, multiplyTiles<11, columns>, multiplyTiles<12, columns>,
#endif
};

void multiply(const float* inputs, int64_t stride, int64_t blocks, const float* filters, int64_t columns,
              int64_t count, float* products, bool add) {
  const MultiplyTiles* variants = columns == 1 ? kMultiplyTiles<1> : kMultiplyTiles<2>;
  for (int64_t b = 0; b < blocks; b += kSumBlocks) {
    const int64_t part = blocks - b < kSumBlocks ? blocks - b : kSumBlocks;
    const float* from = inputs + b * stride;
    for (int64_t t = 0; t < count; t += kTileRows) {
      const int64_t some = count - t < kTileRows ? count - t : kTileRows;
      variants[some - 1](from + t * kLanes, stride, part, filters, products + t * kLanes, add || b > 0);
    }
    filters += part * kLanes * columns * kLanes;
  }
}

template <int columns>
void correlateRows(const float* inputs, const float* gradients, int64_t stride, int64_t count, float* to) {
  Floats sums[kGradientRows][columns] = {};
  for (int64_t t = 0; t < count; ++t, inputs += kLanes, gradients += kLanes) {
    Floats g[columns];
    NODEGRAD_UNROLL for (int c = 0; c < columns; ++c) g[c] = load(gradients + c * stride);
    NODEGRAD_UNROLL for (int r = 0; r < kGradientRows; ++r) {
      const Floats x = broadcast(inputs[r]);
      NODEGRAD_UNROLL for (int c = 0; c < columns; ++c) multiplyAdd(sums[r][c], x, g[c]);
    }
  }
  NODEGRAD_UNROLL for (int r = 0; r < kGradientRows; ++r) {
    NODEGRAD_UNROLL for (int c = 0; c < columns; ++c) store(to + (r * columns + c) * kLanes, sums[r][c]);
  }
}

void correlate(const float* inputs, const float* gradients, int64_t stride, int64_t count, int64_t rows,
               int64_t columns, float* sums) {
  const auto run = columns == 1 ? correlateRows<1>
#if defined(__AVX512F__)
                   : columns == 3 ? correlateRows<3>
#endif
                                  : correlateRows<2>;
  for (int64_t r = 0; r < rows; r += kGradientRows) {
    run(inputs + r / kLanes * stride + r % kLanes, gradients, stride, count, sums + r * columns * kLanes);
  }
}

}  // namespace

const WinogradKernels winogradKernels = {kLanes,     kPanel,         kTileRows, kGradientColumns,
                                         kSumBlocks, input,          output,    outputGradient,
                                         filter,     filterGradient, multiply,  correlate};
#else
const WinogradKernels winogradKernels = {};
#endif

}  // namespace nodegrad::NODEGRAD_ISA_NAMESPACE
