#pragma once
#include "cpu/isa/operands.h"
#include "cpu/matmul/kernels.h"

// The kernels of products for numbers T that are multiplied, float or the bits of bfloat16.
namespace nodegrad::NODEGRAD_ISA_NAMESPACE {
namespace {

// The accumulators of multiply: 24 of 32 registers, or 12 of 16.
#if defined(__AVX512F__)
constexpr int kTileRows = 8, kPanel = 3;
#else
constexpr int kTileRows = 6, kPanel = 2;
#endif

// transposed: y = xᵀ · …, else y = x · …; adds: y += that.
template <class T, bool transposed, bool adds, int rows, int columns>
void multiplyTile(const T* x, int64_t xStride, int64_t depth, const T* packed, float* y, int64_t yStride) {
  using F = Operands<T>;
  Floats sums[rows][columns] = {};
  if constexpr (adds) {
    NODEGRAD_UNROLL for (int r = 0; r < rows; ++r) {
      NODEGRAD_UNROLL for (int c = 0; c < columns; ++c) sums[r][c] = load(y + r * yStride + c * kLanes);
    }
  }
  const int64_t along = transposed ? xStride : F::kDepth, across = transposed ? F::kDepth : xStride;
#pragma GCC unroll 4
  for (int64_t k = 0; k < depth; k += F::kDepth, packed += columns * kLanes * F::kDepth, x += along) {
    typename F::Vector w[columns];
    NODEGRAD_UNROLL for (int c = 0; c < columns; ++c) w[c] = F::vector(packed + c * kLanes * F::kDepth);
    NODEGRAD_UNROLL for (int r = 0; r < rows; ++r) {
      const typename F::Vector v = F::broadcast(x + r * across);
      NODEGRAD_UNROLL for (int c = 0; c < columns; ++c) F::multiplyAdd(sums[r][c], v, w[c]);
    }
  }
  NODEGRAD_UNROLL for (int r = 0; r < rows; ++r) {
    NODEGRAD_UNROLL for (int c = 0; c < columns; ++c) store(y + r * yStride + c * kLanes, sums[r][c]);
  }
}

template <class T>
using MultiplyTile = void (*)(const T*, int64_t, int64_t, const T*, float*, int64_t);

// For 1 … kTileRows rows.
template <class T, bool transposed, bool adds, int columns>
constexpr MultiplyTile<T> kMultiplyTile[] = {
    multiplyTile<T, transposed, adds, 1, columns>, multiplyTile<T, transposed, adds, 2, columns>,
    multiplyTile<T, transposed, adds, 3, columns>, multiplyTile<T, transposed, adds, 4, columns>,
    multiplyTile<T, transposed, adds, 5, columns>, multiplyTile<T, transposed, adds, 6, columns>,
#if defined(__AVX512F__)
    multiplyTile<T, transposed, adds, 7, columns>, multiplyTile<T, transposed, adds, 8, columns>,
#endif
};

template <class T, bool transposed, bool adds>
void multiply(const T* x, int64_t xStride, int64_t rows, int64_t depth, const T* packed, int64_t columns,
              float* y, int64_t yStride) {
  // Tiles of nearly one size: a full one and a small rest would take longer.
  const int64_t tiles = (rows + kTileRows - 1) / kTileRows,
                across = transposed ? Operands<T>::kDepth : xStride;
  for (int64_t c = 0; c < columns; c += kPanel) {
    const int64_t some = columns - c < kPanel ? columns - c : kPanel;
    const auto* variants = some == 1   ? kMultiplyTile<T, transposed, adds, 1>
                           : some == 2 ? kMultiplyTile<T, transposed, adds, 2>
                                       : kMultiplyTile<T, transposed, adds, kPanel>;
    for (int64_t t = 0; t < tiles; ++t) {
      const int64_t begin = rows * t / tiles, end = rows * (t + 1) / tiles;
      variants[end - begin - 1](x + begin * across, xStride, depth, packed, y + begin * yStride + c * kLanes,
                                yStride);
    }
    packed += depth * some * kLanes;
  }
}

// Rows of kLanes numbers, `stride` apart, those of one depth next to each other.
template <class T>
void pack(const float* from, int64_t fromStride, int64_t rows, T* to, int64_t stride) {
  constexpr int depth = Operands<T>::kDepth;
  for (int64_t r = 0; r < rows; r += depth) {
    if constexpr (depth == 1)
      store(to + r * stride, load(from + r * fromStride));
    else
      Operands<T>::storePair(to + r * stride, load(from + r * fromStride), load(from + (r + 1) * fromStride));
  }
}

// Exchanges the numbers between rows whose numbers differ in one bit.
template <int bit>
inline void exchange(Floats* rows) {
  Ints low = {}, high = {};
  for (int lane = 0; lane < kLanes; ++lane) {
    low[lane] = lane & bit ? kLanes + lane - bit : lane;
    high[lane] = lane & bit ? kLanes + lane : lane + bit;
  }
  NODEGRAD_UNROLL for (int r = 0; r < kLanes; ++r) {
    if (r & bit) continue;
    const Floats first = rows[r], second = rows[r + bit];
    rows[r] = __builtin_shuffle(first, second, low);
    rows[r + bit] = __builtin_shuffle(first, second, high);
  }
}

template <class T>
void packTransposed(const float* from, int64_t fromStride, T* to, int64_t stride) {
  Floats rows[kLanes];
  NODEGRAD_UNROLL for (int r = 0; r < kLanes; ++r) rows[r] = load(from + r * fromStride);
  exchange<1>(rows);
  exchange<2>(rows);
  if constexpr (kLanes > 4) exchange<4>(rows);
  if constexpr (kLanes > 8) exchange<8>(rows);
  pack(reinterpret_cast<const float*>(rows), kLanes, kLanes, to, stride);
}

template <class T>
constexpr ProductKernels<T> productKernelsFor() {
  return {.lanes = kLanes,
          .panel = kPanel,
          .depth = Operands<T>::kDepth,
          .pack = pack<T>,
          .packTransposed = packTransposed<T>,
          .multiply = multiply<T, false, false>,
          .add = multiply<T, false, true>,
          .multiplyTransposed = multiply<T, true, false>,
          .addTransposed = multiply<T, true, true>};
}

}  // namespace
}  // namespace nodegrad::NODEGRAD_ISA_NAMESPACE
