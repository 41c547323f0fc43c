#include <algorithm>

#include "cpu/isa/tile_tables.h"
#include "cpu/isa/tile_words.h"
#include "cpu/matmul/kernels.h"

// Products of float32 on tiles of bfloat16. A float is cut into three of 8 bits each, whose sum it is
// exactly; of the nine products of parts the six largest are summed up, the others are below float32's own
// rounding (Henry, Tang, Heinecke: Leveraging the bfloat16 artificial intelligence datatype for
// higher-precision computations, 2019).
namespace nodegrad::NODEGRAD_ISA_NAMESPACE {
namespace {

constexpr int kSide = kSplitSide, kLanes = 16, kParts = 3;
constexpr int kTile = kTileRows * kTileDepth;  // numbers of a tile
constexpr int kStep = kParts * 2 * kTile;      // of a step of depth: each part of two tiles
constexpr uint32_t kExponent = 0x7f800000;
static_assert(kSide == 2 * kTileRows && kSide == kTileDepth && kStep == kSplitStep);

// A row of each part: word i has numbers i of two vectors.
inline __attribute__((always_inline)) void cutPair(TileFloats first, TileFloats second, uint16_t* to) {
  const auto upper = [](TileFloats v) { return reinterpret_cast<TileWords>(v) & 0xffff0000; };
#pragma GCC unroll 3
  for (int part = 0; part < kParts; ++part) {
    const TileWords a = upper(first), b = upper(second);
    storeWords(to + part * 2 * kTile, reinterpret_cast<TileWords>(first) >> 16 | b);
    first -= reinterpret_cast<TileFloats>(a);
    second -= reinterpret_cast<TileFloats>(b);
  }
}

// kSide × kSide numbers, zeros after those that are there.
struct Square {
  alignas(64) float numbers[kSide * kSide];

  Square(const float* from, int64_t stride, int64_t rows, int64_t columns) : numbers{} {
    for (int64_t r = 0; r < rows; ++r) std::copy_n(from + r * stride, columns, numbers + r * kSide);
  }
};

void cutStepOfRows(const float* from, int64_t stride, uint16_t* to) {
  for (int r = 0; r < kSide; ++r, from += stride)
    cutPair(loadFloats(from), loadFloats(from + kLanes), to + r * kTileDepth);
}

void cutRows(const float* from, int64_t stride, int64_t rows, int64_t depth, uint16_t* to) {
  for (int64_t k = 0; k < depth; k += kSide, to += kStep) {
    if (rows >= kSide && k + kSide <= depth)
      cutStepOfRows(from + k, stride, to);
    else
      cutStepOfRows(
          Square(from + k, stride, std::min<int64_t>(rows, kSide), std::min<int64_t>(depth - k, kSide))
              .numbers,
          kSide, to);
  }
}

void cutStepOfColumns(const float* from, int64_t stride, uint16_t* to) {
  for (int half = 0; half < 2; ++half)
    for (int p = 0; p < kTileRows; ++p) {
      const float* at = from + p * stride + half * kLanes;
      cutPair(loadFloats(at), loadFloats(at + kLanes * stride), to + half * kTile + p * kTileDepth);
    }
}

void cutColumns(const float* from, int64_t stride, int64_t depth, int64_t columns, uint16_t* to) {
  for (int64_t k = 0; k < depth; k += kSide, to += kStep) {
    const float* at = from + k * stride;
    if (columns >= kSide && k + kSide <= depth)
      cutStepOfColumns(at, stride, to);
    else
      cutStepOfColumns(
          Square(at, stride, std::min<int64_t>(depth - k, kSide), std::min<int64_t>(columns, kSide)).numbers,
          kSide, to);
  }
}

// kSide rows become columns.
void turn(const float* from, int64_t stride, float* to) {
  for (int r = 0; r < kSide; r += kLanes)
    for (int c = 0; c < kSide; c += kLanes) {
      TileWords words[kLanes];
      for (int i = 0; i < kLanes; ++i)
        words[i] = reinterpret_cast<TileWords>(loadFloats(from + (r + i) * stride + c));
      transposeWords(words);
      for (int i = 0; i < kLanes; ++i) storeWords(to + (c + i) * kSide + r, words[i]);
    }
}

// Calls cut with the kSide × kSide numbers of each step, turned.
template <class Cut>
void turned(const float* from, int64_t alongDepth, int64_t alongSide, int64_t depth, int64_t count,
            uint16_t* to, const Cut& cut) {
  alignas(64) float square[kSide * kSide];
  const int64_t some = std::min<int64_t>(count, kSide);
  for (int64_t k = 0; k < depth; k += kSide, from += kSide * alongDepth, to += kStep) {
    const int64_t steps = std::min<int64_t>(depth - k, kSide);
    const bool whole = some == kSide && steps == kSide;
    const int64_t rows = alongSide == 1 ? steps : some, columns = alongSide == 1 ? some : steps;
    const int64_t stride = alongSide == 1 ? alongDepth : alongSide;
    if (whole)
      turn(from, stride, square);
    else
      turn(Square(from, stride, rows, columns).numbers, kSide, square);
    cut(square, kSide, to);
  }
}

void cutRowsTransposed(const float* from, int64_t stride, int64_t rows, int64_t depth, uint16_t* to) {
  turned(from, stride, 1, depth, rows, to, cutStepOfRows);
}

void cutColumnsTransposed(const float* from, int64_t stride, int64_t depth, int64_t columns, uint16_t* to) {
  turned(from, 1, stride, depth, columns, to, cutStepOfColumns);
}

template <int part>
inline __attribute__((always_inline)) void loadA(const uint16_t* a) {
  loadTile<4>(a + part * 2 * kTile, kTileBytes);
  loadTile<5>(a + part * 2 * kTile + kTile, kTileBytes);
}
template <int part>
inline __attribute__((always_inline)) void loadB(const uint16_t* b) {
  loadTile<6>(b + part * 2 * kTile, kTileBytes);
  loadTile<7>(b + part * 2 * kTile + kTile, kTileBytes);
}
inline __attribute__((always_inline)) void multiplyAll() {
  multiplyTiles<0, 4, 6>();
  multiplyTiles<1, 4, 7>();
  multiplyTiles<2, 5, 6>();
  multiplyTiles<3, 5, 7>();
}

// In an order in which one side stays in its tiles from a product to the next, the largest product last.
// meanwhile(i) is called in step i: what it does overlaps with the tiles' work.
template <class Meanwhile>
void multiplySteps(const uint16_t* a, const uint16_t* b, int64_t steps, float* sums,
                   const Meanwhile& meanwhile) {
  constexpr int64_t kBytes = kSide * 4;
  float* below = sums + kTileRows * kSide;
  zeroTile<0>();
  zeroTile<1>();
  zeroTile<2>();
  zeroTile<3>();
  for (int64_t s = 0; s < steps; ++s, a += kStep, b += kStep) {
    loadA<2>(a);
    loadB<0>(b);
    multiplyAll();
    loadA<1>(a);
    multiplyAll();
    loadB<1>(b);
    multiplyAll();
    loadA<0>(a);
    multiplyAll();
    loadB<2>(b);
    meanwhile(s);
    multiplyAll();
    loadB<0>(b);
    multiplyAll();
  }
  storeTile<0>(sums, kBytes);
  storeTile<1>(sums + kLanes, kBytes);
  storeTile<2>(below, kBytes);
  storeTile<3>(below + kLanes, kBytes);
}

inline void storeFloats(float* p, TileFloats v) { *reinterpret_cast<LooseTileFloats*>(p) = v; }

// Some rows of the sums of kSide columns. most: the largest exponents so far.
template <bool adds, bool relu>
void putWhole(const float* sums, const SplitResult& to, int64_t begin, int64_t end, TileWords& most) {
  TileFloats bias[2] = {};
  if (!adds && to.bias) bias[0] = loadFloats(to.bias), bias[1] = loadFloats(to.bias + kLanes);
  for (int64_t r = begin; r < end; ++r)
    for (int half = 0; half < 2; ++half) {
      float* y = to.y + r * to.stride + half * kLanes;
      const TileFloats sum =
          loadFloats(sums + r * kSide + half * kLanes) + (adds ? loadFloats(y) : bias[half]);
      const TileWords exponents = reinterpret_cast<TileWords>(sum) & kExponent;
      most = exponents > most ? exponents : most;
      storeFloats(y, relu ? sum < 0 ? TileFloats{} : sum : sum);
    }
}

void putSome(const float* sums, const SplitResult& to, int64_t begin, int64_t end, TileWords& most) {
  for (int64_t r = begin; r < end; ++r) {
    float* y = to.y + r * to.stride;
    for (int64_t c = 0; c < to.columns; ++c) {
      const float sum = sums[r * kSide + c] + (to.adds ? y[c] : to.bias ? to.bias[c] : 0.0f);
      uint32_t word;
      __builtin_memcpy(&word, &sum, sizeof word);
      most[0] = std::max(most[0], word & kExponent);
      y[c] = to.relu && sum < 0 ? 0.0f : sum;
    }
  }
}

// The columns of `all` from c on, at most kSide.
SplitResult block(const SplitResult& all, int64_t c) {
  SplitResult one = all;
  one.y += c;
  one.columns = std::min<int64_t>(all.columns - c, kSide);
  if (one.bias) one.bias += c;
  return one;
}

bool multiply(const uint16_t* a, const uint16_t* b, int64_t stride, int64_t steps, const SplitResult& to) {
  alignas(64) float sums[2][kSide * kSide];
  TileWords most = {};
  const auto whole = to.adds   ? to.relu ? putWhole<true, true> : putWhole<true, false>
                       : to.relu ? putWhole<false, true>
                               : putWhole<false, false>;
  const auto put = [&](int64_t c, int64_t begin, int64_t end) {
    const SplitResult one = block(to, c);
    (one.columns < kSide ? putSome : whole)(sums[c / kSide % 2], one, begin, end, most);
  };
  const int64_t some = (to.rows + steps - 1) / steps;
  int64_t c = 0;
  for (; c < to.columns; c += kSide, b += stride)
    multiplySteps(a, b, steps, sums[c / kSide % 2], [&](int64_t step) {
      if (c > 0) put(c - kSide, std::min(step * some, to.rows), std::min((step + 1) * some, to.rows));
    });
  put(c - kSide, 0, to.rows);
  const TileWords infinite = most == kExponent ? TileWords{} + 1 : TileWords{};
  uint32_t any = 0;
  for (int i = 0; i < kLanes; ++i) any |= infinite[i];
  return any == 0;
}

void configure() { configureTiles({}); }

}  // namespace

extern const SplitProductKernels splitProductKernels = {.cutRows = cutRows,
                                                        .cutRowsTransposed = cutRowsTransposed,
                                                        .cutColumns = cutColumns,
                                                        .cutColumnsTransposed = cutColumnsTransposed,
                                                        .configure = configure,
                                                        .multiply = multiply,
                                                        .release = releaseTiles};

}  // namespace nodegrad::NODEGRAD_ISA_NAMESPACE
