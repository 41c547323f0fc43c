#include <immintrin.h>

#include <algorithm>

#include "cpu/conv/tile_narrow_kernels.h"
#include "cpu/isa/tile_tables.h"
#include "cpu/isa/tile_words.h"

namespace nodegrad::NODEGRAD_ISA_NAMESPACE {
namespace {

constexpr int64_t kSums = kTileRows * kTileColumns;
constexpr int kMostBlocks = 4;  // of output channels that are summed up at a time

// Rounds 16 numbers.
inline void storeHalves(uint16_t* to, TileFloats v) {
#if defined(__AVX512BF16__)
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), (__m256i)_mm512_cvtneps_pbh((__m512)v));
#else
  const TileWords words = roundedWords(v) >> 16;
  for (int i = 0; i < kTileColumns; ++i) to[i] = static_cast<uint16_t>(words[i]);
#endif
}

template <int blocks>
void sumBlocks(const TileNarrowRow& row, const uint16_t* x, const uint16_t* filters, float* sums) {
  const int64_t tile = row.pairs * 2 * kTileColumns, block = row.tapRows * tile;
  const auto each = [&](const auto& work) {
    work(Number<0>());
    if constexpr (blocks > 1) work(Number<1>());
    if constexpr (blocks > 2) work(Number<2>());
    if constexpr (blocks > 3) work(Number<3>());
  };
  each([](auto t) { zeroTile<t.value>(); });
  for (int64_t r = 0; r < row.tapRows; ++r) {
    loadTile<4>(x + r * row.tapStride, row.step * 2);
    each([&](auto t) {
      // Two registers by turns, so that a load need not wait for the product before it.
      constexpr int b = 5 + t.value % 2;
      loadTile<b>(filters + t.value * block + r * tile, kTileBytes);
      multiplyTiles<t.value, 4, b>();
    });
  }
  each([&](auto t) { storeTile<t.value>(sums + t.value * kSums, kTileBytes); });
}

// Outputs of one tile, of some blocks of channels.
void finish(const TileNarrowRow& row, const float* sums, int64_t first, int64_t blocks, int64_t count,
            uint16_t* y) {
  for (int64_t b = 0; b < blocks; ++b) {
    const TileFloats bias = row.bias ? loadFloats(row.bias + (first + b) * kTileColumns) : TileFloats{};
    for (int64_t i = 0; i < count; ++i) {
      TileFloats v = loadFloats(sums + b * kSums + i * kTileColumns) + bias;
      if (row.relu) v = v < 0.0f ? TileFloats{} : v;
      storeHalves(y + (i * row.blocks + first + b) * kTileColumns, v);
    }
  }
}

void makeRow(const TileNarrowRow& row, int64_t count) {
  alignas(64) float sums[kMostBlocks * kSums];
  const int64_t block = row.tapRows * row.pairs * 2 * kTileColumns;
  for (int64_t first = 0; first < row.blocks; first += kMostBlocks) {
    const int64_t some = std::min<int64_t>(kMostBlocks, row.blocks - first);
    const auto sum = some == 4   ? sumBlocks<4>
                     : some == 3 ? sumBlocks<3>
                     : some == 2 ? sumBlocks<2>
                                 : sumBlocks<1>;
    // The last tile begins earlier where it would not be full.
    for (int64_t o = 0; o < row.count; o += count) {
      const int64_t at = std::min(o, row.count - count);
      sum(row, row.x + at * row.step, row.filters + first * block, sums);
      finish(row, sums, first, some, count, row.y + at * row.blocks * kTileColumns);
    }
  }
}

void makeRows(const TileNarrowRow& row, int64_t rows, int64_t xStride, int64_t yStride) {
  const int64_t count = std::min<int64_t>(row.count, kTileRows);
  TileShapes shapes;
  for (int t : {0, 1, 2, 3, 4}) shapes.rows[t] = static_cast<uint8_t>(count);
  shapes.bytes[4] = static_cast<uint16_t>(row.pairs * 4);
  for (int t : {5, 6}) shapes.rows[t] = static_cast<uint8_t>(row.pairs);
  const TileScope tiles(shapes);
  TileNarrowRow next = row;
  for (int64_t r = 0; r < rows; ++r, next.x += xStride, next.y += yStride) makeRow(next, count);
}

}  // namespace

extern const TileNarrowKernels tileNarrowKernels = {.rows = makeRows};

}  // namespace nodegrad::NODEGRAD_ISA_NAMESPACE
