#pragma once
#include "cpu/isa/operands.h"

// The products of transformed tiles and filters in one plane (cpu/conv/winograd/kernels.h), whose operands T
// are float or the bits of bfloat16.
namespace nodegrad::NODEGRAD_ISA_NAMESPACE {
namespace {

#if defined(__AVX512F__)
constexpr int kTileRows = 12, kPanel = 2;               // of the accumulators of multiply: 24 of 32 registers
constexpr int kGradientRows = 8, kGradientColumns = 3;  // of those of correlate
#else
constexpr int kTileRows = 6, kPanel = 2;  // 12 of 16 registers
constexpr int kGradientRows = 4, kGradientColumns = 2;
#endif

// Blocks of input channels that are summed up on their own: long sums in one go lose digits. Inputs and
// filters of so many stay in the first-level cache, too.
constexpr int64_t kSumBlocks = 128 / kLanes;

// In steps of `depth` channels, kLanes / depth for a block.
template <class T, int tileRows, int columns>
void multiplyTiles(const T* inputs, int64_t stride, int64_t blocks, const T* filters, float* products,
                   bool add) {
  using F = Operands<T>;
  constexpr int depth = F::kDepth;
  Floats sums[tileRows][columns] = {};
  for (int64_t b = 0; b < blocks; ++b, inputs += stride) {
#pragma GCC unroll 4
    for (int i = 0; i < kLanes; i += depth, filters += columns * kLanes * depth) {
      typename F::Vector f[columns];
      NODEGRAD_UNROLL for (int c = 0; c < columns; ++c) f[c] = F::vector(filters + c * kLanes * depth);
      NODEGRAD_UNROLL for (int r = 0; r < tileRows; ++r) {
        const typename F::Vector x = F::broadcast(inputs + r * kLanes + i);
        NODEGRAD_UNROLL for (int c = 0; c < columns; ++c) F::multiplyAdd(sums[r][c], x, f[c]);
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

template <class T>
using MultiplyTiles = void (*)(const T*, int64_t, int64_t, const T*, float*, bool);

// For 1 … kTileRows tiles.
template <class T, int columns>
constexpr MultiplyTiles<T> kMultiplyTiles[] = {
    multiplyTiles<T, 1, columns>,  multiplyTiles<T, 2, columns>,  multiplyTiles<T, 3, columns>,
    multiplyTiles<T, 4, columns>,  multiplyTiles<T, 5, columns>,  multiplyTiles<T, 6, columns>,
#if defined(__AVX512F__)
    multiplyTiles<T, 7, columns>,  multiplyTiles<T, 8, columns>,  multiplyTiles<T, 9, columns>,
    multiplyTiles<T, 10, columns>, multiplyTiles<T, 11, columns>, multiplyTiles<T, 12, columns>,
#endif
};

template <class T>
void multiply(const void* inputs, int64_t stride, int64_t blocks, const void* filters, int64_t columns,
              int64_t count, float* products, bool add) {
  const T* panel = static_cast<const T*>(filters);
  const MultiplyTiles<T>* variants = columns == 1 ? kMultiplyTiles<T, 1> : kMultiplyTiles<T, 2>;
  for (int64_t b = 0; b < blocks; b += kSumBlocks) {
    const int64_t part = blocks - b < kSumBlocks ? blocks - b : kSumBlocks;
    const T* from = static_cast<const T*>(inputs) + b * stride;
    for (int64_t t = 0; t < count; t += kTileRows) {
      const int64_t some = count - t < kTileRows ? count - t : kTileRows;
      variants[some - 1](from + t * kLanes, stride, part, panel, products + t * kLanes, add || b > 0);
    }
    panel += part * kLanes * columns * kLanes;
  }
}

template <class T, int columns>
void correlateRows(const T* inputs, const T* gradients, int64_t stride, int64_t count, float* to) {
  using F = Operands<T>;
  constexpr int depth = F::kDepth;
  Floats sums[kGradientRows][columns] = {};
  for (int64_t t = 0; t < count; t += depth, inputs += kLanes * depth, gradients += kLanes * depth) {
    typename F::Vector g[columns];
    NODEGRAD_UNROLL for (int c = 0; c < columns; ++c) g[c] = F::vector(gradients + c * stride);
    NODEGRAD_UNROLL for (int r = 0; r < kGradientRows; ++r) {
      const typename F::Vector x = F::broadcast(inputs + r * depth);
      NODEGRAD_UNROLL for (int c = 0; c < columns; ++c) F::multiplyAdd(sums[r][c], x, g[c]);
    }
  }
  NODEGRAD_UNROLL for (int r = 0; r < kGradientRows; ++r) {
    NODEGRAD_UNROLL for (int c = 0; c < columns; ++c) store(to + (r * columns + c) * kLanes, sums[r][c]);
  }
}

template <class T>
void correlate(const void* inputs, const void* gradients, int64_t stride, int64_t count, int64_t rows,
               int64_t columns, float* sums) {
  const auto run = columns == 1 ? correlateRows<T, 1>
#if defined(__AVX512F__)
                   : columns == 3 ? correlateRows<T, 3>
#endif
                                  : correlateRows<T, 2>;
  for (int64_t r = 0; r < rows; r += kGradientRows) {
    const T* from = static_cast<const T*>(inputs) + r / kLanes * stride + r % kLanes * Operands<T>::kDepth;
    run(from, static_cast<const T*>(gradients), stride, count, sums + r * columns * kLanes);
  }
}

}  // namespace
}  // namespace nodegrad::NODEGRAD_ISA_NAMESPACE
