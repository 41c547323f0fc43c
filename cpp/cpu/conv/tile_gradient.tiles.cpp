#include <immintrin.h>

#include <algorithm>

#include "cpu/conv/tile_gradient_kernels.h"
#include "cpu/isa/tile_tables.h"
#include "cpu/isa/tile_words.h"

namespace nodegrad::NODEGRAD_ISA_NAMESPACE {
namespace {

static_assert(kTileChannels == kTileRows && kTilePositions == kTileDepth);

// Steps for which sums stay in registers: with the tiles of these the sums of all taps stay in the first or
// second cache.
constexpr int64_t kRun = 8;
constexpr int64_t kSums = kTileRows * kTileColumns;

// Fewer than 16 numbers, and zeros.
inline void copyPart(const uint16_t* from, int64_t n, uint16_t* to) {
#if defined(__AVX512BW__)
  const auto mask = static_cast<__mmask16>((1u << n) - 1);
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), _mm256_maskz_loadu_epi16(mask, from));
#else
  std::fill_n(to, kTileChannels, uint16_t{0});
  std::copy_n(from, n, to);
#endif
}

void copy(const uint16_t* from, int64_t fromStride, int64_t count, int64_t n, uint16_t* line,
          uint16_t* second) {
  constexpr size_t kBytes = kTileChannels * sizeof(uint16_t);
  if (n == 2 * kTileChannels) {
    for (int64_t i = 0; i < count; ++i, from += fromStride) {
      __builtin_memcpy(line + i * kTileChannels, from, kBytes);
      __builtin_memcpy(second + i * kTileChannels, from + kTileChannels, kBytes);
    }
  } else if (n > kTileChannels) {
    copy(from, fromStride, count, kTileChannels, line, nullptr);
    copy(from + kTileChannels, fromStride, count, n - kTileChannels, second, nullptr);
  } else if (n == kTileChannels) {
    for (int64_t i = 0; i < count; ++i, from += fromStride)
      __builtin_memcpy(line + i * kTileChannels, from, kBytes);
  } else {
    for (int64_t i = 0; i < count; ++i, from += fromStride) copyPart(from, n, line + i * kTileChannels);
  }
}

// Two positions of 16 channels as words of a channel each.
inline TileWords pairOf(const uint16_t* from, int64_t stride) {
  const TileHalves by = {0, 16, 1, 17, 2,  18, 3,  19, 4,  20, 5,  21, 6,  22, 7,  23,
                         8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
#if defined(__AVX512F__)
  const auto load = [](const uint16_t* p) { return _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)); };
  const __m512i first = _mm512_maskz_broadcast_i64x4(0x0f, load(from));
  const auto both =
      reinterpret_cast<TileHalves>(_mm512_mask_broadcast_i64x4(first, 0xf0, load(from + stride)));
#else
  constexpr size_t kBytes = kTileChannels * sizeof(uint16_t);
  TileHalves both;
  __builtin_memcpy(&both, from, kBytes);
  __builtin_memcpy(reinterpret_cast<char*>(&both) + kBytes, from + stride, kBytes);
#endif
  return reinterpret_cast<TileWords>(__builtin_shuffle(both, by));
}

void pair(const uint16_t* from, int64_t stride, int64_t positions, uint16_t* to) {
  for (int64_t p = 0; p < positions; p += 2)
    storeWords(to + p * kTileChannels, pairOf(from + p * stride, stride));
}

template <bool adds>
void transposePositions(const uint16_t* from, int64_t stride, int64_t steps, uint16_t* tiles, float* sums) {
  TileFloats total = {};
  if constexpr (adds) total = loadFloats(sums);
  for (int64_t s = 0; s < steps; ++s, from += kTilePositions * stride, tiles += kTileNumbers) {
    TileWords words[kTileRows];
#pragma GCC unroll 16
    for (int p = 0; p < kTileRows; ++p) {
      words[p] = pairOf(from + 2 * p * stride, stride);
      if constexpr (adds)
        total += reinterpret_cast<TileFloats>(words[p] << 16) +
                 reinterpret_cast<TileFloats>(words[p] & 0xffff0000);
    }
    transposeWords(words);
#pragma GCC unroll 16
    for (int c = 0; c < kTileRows; ++c) storeWords(tiles + c * kTileDepth, words[c]);
  }
  if constexpr (adds) __builtin_memcpy(sums, &total, sizeof total);
}

void transpose(const uint16_t* from, int64_t stride, int64_t steps, uint16_t* tiles, float* sums) {
  if (sums)
    transposePositions<true>(from, stride, steps, tiles, sums);
  else
    transposePositions<false>(from, stride, steps, tiles, sums);
}

template <int gradients, int images>
void multiplyBlocks(const TileGradientBlocks& blocks, const int64_t* taps, int64_t count, float* sums,
                    bool add) {
  const int64_t run = count > 1 ? kRun : blocks.steps;
  for (int64_t begin = 0; begin < blocks.steps; begin += run) {
    const int64_t end = std::min(begin + run, blocks.steps);
    const bool adds = add || begin > 0;
    for (int64_t t = 0; t < count; ++t) {
      float* at = sums + t * gradients * images * kSums;
      const auto each = [&](const auto& work) {
        work(Number<0>(), at);
        if constexpr (images == 2) work(Number<1>(), at + kSums);
        if constexpr (gradients == 2) work(Number<2>(), at + images * kSums);
        if constexpr (gradients == 2 && images == 2) work(Number<3>(), at + 3 * kSums);
      };
      if (adds)
        each([](auto tile, float* from) { loadTile<tile.value>(from, kTileBytes); });
      else
        each([](auto tile, float*) { zeroTile<tile.value>(); });
      const uint16_t *a = blocks.gradient + begin * kTileNumbers,
                     *b = blocks.image + taps[t] + begin * kTileNumbers;
      for (int64_t s = begin; s < end; ++s, a += kTileNumbers, b += kTileNumbers) {
        loadTile<4>(a, kTileBytes);
        loadTile<6>(b, kTileBytes);
        multiplyTiles<0, 4, 6>();
        if constexpr (images == 2) {
          loadTile<7>(b + blocks.imageStride, kTileBytes);
          multiplyTiles<1, 4, 7>();
        }
        if constexpr (gradients == 2) {
          loadTile<5>(a + blocks.gradientStride, kTileBytes);
          multiplyTiles<2, 5, 6>();
          if constexpr (images == 2) multiplyTiles<3, 5, 7>();
        }
      }
      each([](auto tile, float* to) { storeTile<tile.value>(to, kTileBytes); });
    }
  }
}

void multiply(const TileGradientBlocks& blocks, const int64_t* taps, int64_t count, float* sums, bool add) {
  const TileScope tiles;
  const bool two = blocks.imageBlocks == 2;
  const auto work = blocks.gradientBlocks == 2 ? two ? multiplyBlocks<2, 2> : multiplyBlocks<2, 1>
                    : two ? multiplyBlocks<1, 2>
                                               : multiplyBlocks<1, 1>;
  work(blocks, taps, count, sums, add);
}

void total(const float* sums, int64_t parts, int64_t partStride, float* to) {
  TileWords rows[kTileRows];
  for (int r = 0; r < kTileRows; ++r) {
    TileFloats sum = loadFloats(sums + r * kTileColumns);
    for (int64_t part = 1; part < parts; ++part)
      sum += loadFloats(sums + part * partStride + r * kTileColumns);
    rows[r] = reinterpret_cast<TileWords>(sum);
  }
  transposeWords(rows);
  for (int r = 0; r < kTileRows; ++r) storeWords(to + r * kTileColumns, rows[r]);
}

}  // namespace

extern const TileGradientKernels tileGradientKernels = {
    .copy = copy, .pair = pair, .transpose = transpose, .multiply = multiply, .total = total};

}  // namespace nodegrad::NODEGRAD_ISA_NAMESPACE
