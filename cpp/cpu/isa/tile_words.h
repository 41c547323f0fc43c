#pragma once
#include "cpu/isa/tiles.h"

// Pairs of bfloat16 on their way into tiles, as words of 32 bits.
namespace nodegrad::NODEGRAD_ISA_NAMESPACE {
namespace {

inline TileWords loadWords(const void* p) { return *static_cast<const LooseTileWords*>(p); }
inline TileFloats loadFloats(const float* p) { return *reinterpret_cast<const LooseTileFloats*>(p); }
inline void storeWords(void* p, TileWords v) { *static_cast<LooseTileWords*>(p) = v; }

// The upper halves are the numbers in bfloat16, rounded to nearest, ties to even; NaN stays NaN.
inline TileWords roundedWords(TileFloats v) {
  const TileWords word = reinterpret_cast<TileWords>(v);
  return v != v ? word | 0x400000 : word + 0x7fff + (word >> 16 & 1);
}
// Pair i is first[i], second[i].
inline TileWords pairsOf(TileFloats first, TileFloats second) {
  return roundedWords(first) >> 16 | (roundedWords(second) & 0xffff0000);
}

// Exchanges the words between rows whose numbers differ in one bit.
template <int bit>
inline __attribute__((always_inline)) void exchangeWords(TileWords* rows) {
  TileWords low = {}, high = {};
  for (uint32_t lane = 0; lane < 16; ++lane) {
    low[lane] = lane & bit ? 16 + lane - bit : lane;
    high[lane] = lane & bit ? 16 + lane : lane + bit;
  }
#pragma GCC unroll 16
  for (int r = 0; r < 16; ++r) {
    if (r & bit) continue;
    const TileWords first = rows[r], second = rows[r + bit];
    rows[r] = __builtin_shuffle(first, second, low);
    rows[r + bit] = __builtin_shuffle(first, second, high);
  }
}

// Rows of 16 words become columns.
inline __attribute__((always_inline)) void transposeWords(TileWords* rows) {
  exchangeWords<1>(rows);
  exchangeWords<2>(rows);
  exchangeWords<4>(rows);
  exchangeWords<8>(rows);
}

}  // namespace
}  // namespace nodegrad::NODEGRAD_ISA_NAMESPACE
