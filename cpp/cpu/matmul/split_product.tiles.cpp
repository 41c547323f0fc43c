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
void multiplySteps(const uint16_t* a, const uint16_t* b, int64_t steps, float* sums) {
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
    multiplyAll();
    loadB<0>(b);
    multiplyAll();
  }
  storeTile<0>(sums, kBytes);
  storeTile<1>(sums + kLanes, kBytes);
  storeTile<2>(below, kBytes);
  storeTile<3>(below + kLanes, kBytes);
}

// Where the sums are not finite: the products of whole floats, as infinity cannot be cut.
bool areFinite(const float* sums) {
  TileWords most = {};
  for (int i = 0; i < kSide * kSide; i += kLanes) {
    const TileWords exponents = reinterpret_cast<TileWords>(loadFloats(sums + i)) & 0x7f800000;
    most = exponents > most ? exponents : most;
  }
  for (int i = 0; i < kLanes; ++i)
    if (most[i] == 0x7f800000) return false;
  return true;
}

float joined(const uint16_t* number) {
  float sum = 0;
  for (int part = 0; part < kParts; ++part) {
    const uint32_t word = static_cast<uint32_t>(number[part * 2 * kTile]) << 16;
    float v;
    __builtin_memcpy(&v, &word, sizeof v);
    sum += v;
    if (part == 0 && !(v - v == 0)) break;
  }
  return sum;
}

void multiplyWhole(const uint16_t* a, const uint16_t* b, int64_t steps, float* sums) {
  for (int64_t s = 0; s < steps; ++s, a += kStep, b += kStep)
    for (int k = 0; k < kSide; ++k) {
      const int at = k % kTileRows * 2 + k / kTileRows;  // in a row of A
      float w[kSide];
      for (int c = 0; c < kSide; ++c)
        w[c] = joined(b + c / kLanes * kTile + k % kTileRows * kTileDepth + c % kLanes * 2 + k / kTileRows);
      for (int r = 0; r < kSide; ++r) {
        const float v = joined(a + r * kTileDepth + at);
        for (int c = 0; c < kSide; ++c) sums[r * kSide + c] += v * w[c];
      }
    }
}

inline void storeFloats(float* p, TileFloats v) { *reinterpret_cast<LooseTileFloats*>(p) = v; }
inline TileFloats withoutNegative(TileFloats v) { return v < 0 ? TileFloats{} : v; }

// Of kSide columns.
template <bool adds, bool relu>
void putWhole(const float* sums, const SplitResult& to) {
  TileFloats bias[2] = {};
  if (!adds && to.bias) bias[0] = loadFloats(to.bias), bias[1] = loadFloats(to.bias + kLanes);
  for (int64_t r = 0; r < to.rows; ++r)
    for (int half = 0; half < 2; ++half) {
      float* y = to.y + r * to.stride + half * kLanes;
      const TileFloats sum =
          loadFloats(sums + r * kSide + half * kLanes) + (adds ? loadFloats(y) : bias[half]);
      storeFloats(y, relu ? withoutNegative(sum) : sum);
    }
}

void putSome(const float* sums, const SplitResult& to) {
  for (int64_t r = 0; r < to.rows; ++r, sums += kSide) {
    float* y = to.y + r * to.stride;
    for (int64_t c = 0; c < to.columns; ++c) {
      const float sum = sums[c] + (to.adds ? y[c] : to.bias ? to.bias[c] : 0.0f);
      y[c] = to.relu && sum < 0 ? 0.0f : sum;
    }
  }
}

void put(const float* sums, const SplitResult& to) {
  if (to.columns < kSide) return putSome(sums, to);
  const auto whole = to.adds   ? to.relu ? putWhole<true, true> : putWhole<true, false>
                       : to.relu ? putWhole<false, true>
                               : putWhole<false, false>;
  whole(sums, to);
}

void multiply(const uint16_t* a, const uint16_t* b, int64_t steps, const SplitResult& to) {
  alignas(64) float sums[kSide * kSide];
  multiplySteps(a, b, steps, sums);
  if (!areFinite(sums)) {
    std::fill_n(sums, kSide * kSide, 0.0f);
    multiplyWhole(a, b, steps, sums);
  }
  put(sums, to);
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
