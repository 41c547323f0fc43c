#include "cpu/conv/filter_gradient_kernels.h"
#include "cpu/isa/operands.h"
#include "cpu/isa/tables.h"

namespace nodegrad::NODEGRAD_ISA_NAMESPACE {
namespace {

// 24 accumulators of 32 registers, or 12 of 16.
#if defined(__AVX512F__)
constexpr int kRows = 8, kPanel = 3;
#else
constexpr int kRows = 6, kPanel = 2;
#endif

template <int rows, int vectors>
void addTile(const GradientBox& box, const float* image, const int64_t* offsets, const float* panel,
             float* sums) {
  using F = Operands<float>;
  int64_t at[rows];
  NODEGRAD_UNROLL for (int r = 0; r < rows; ++r) at[r] = offsets[r];
  Floats sum[rows][vectors] = {};
  const int64_t step = box.steps[2], width = box.out[2];
  for (int64_t d = 0; d < box.out[0]; ++d) {
    for (int64_t h = 0; h < box.out[1]; ++h) {
      const float* x = image + d * box.steps[0] + h * box.steps[1];
      for (int64_t w = 0; w < width; ++w, x += step, panel += vectors * kLanes) {
        Floats gradient[vectors];
        NODEGRAD_UNROLL for (int v = 0; v < vectors; ++v) gradient[v] = load(panel + v * kLanes);
        NODEGRAD_UNROLL for (int r = 0; r < rows; ++r) {
          const Floats number = F::broadcast(x + at[r]);
          NODEGRAD_UNROLL for (int v = 0; v < vectors; ++v) F::multiplyAdd(sum[r][v], number, gradient[v]);
        }
      }
    }
  }
  NODEGRAD_UNROLL for (int r = 0; r < rows; ++r) {
    NODEGRAD_UNROLL for (int v = 0; v < vectors; ++v) {
      float* to = sums + (r * vectors + v) * kLanes;
      store(to, load(to) + sum[r][v]);
    }
  }
}

using AddTile = void (*)(const GradientBox&, const float*, const int64_t*, const float*, float*);

// For 1 … kRows rows.
template <int vectors>
constexpr AddTile kAddTile[] = {
    addTile<1, vectors>, addTile<2, vectors>, addTile<3, vectors>,
    addTile<4, vectors>, addTile<5, vectors>, addTile<6, vectors>,
#if defined(__AVX512F__)
    addTile<7, vectors>, addTile<8, vectors>,
#endif
};

void add(const GradientBox& box, const float* image, const int64_t* offsets, int64_t rows, const float* panel,
         int64_t vectors, float* sums) {
  const AddTile* tiles = vectors == 1   ? kAddTile<1>
                         : vectors == 2 ? kAddTile<2>
#if defined(__AVX512F__)
                                        : kAddTile<3>;
#else
                                        : nullptr;
#endif
  tiles[rows - 1](box, image, offsets, panel, sums);
}

template <int vectors>
void copyVectors(const float* from, int64_t fromStride, int64_t count, float* to, int64_t toStride) {
  for (int64_t i = 0; i < count; ++i, from += fromStride, to += toStride) {
    NODEGRAD_UNROLL for (int v = 0; v < vectors; ++v) store(to + v * kLanes, load(from + v * kLanes));
  }
}

void copy(const float* from, int64_t fromStride, int64_t count, int64_t n, float* to, int64_t toStride) {
  if (n == fromStride && n == toStride) {
    __builtin_memcpy(to, from, static_cast<size_t>(count * n) * sizeof(float));
  } else if (n == kLanes) {
    copyVectors<1>(from, fromStride, count, to, toStride);
  } else if (n == 2 * kLanes) {
    copyVectors<2>(from, fromStride, count, to, toStride);
  } else {
    for (int64_t i = 0; i < count; ++i, from += fromStride, to += toStride) {
      int64_t c = 0;
      for (; c + kLanes <= n; c += kLanes) store(to + c, load(from + c));
      for (; c < n; ++c) to[c] = from[c];
    }
  }
}

void addBias(const GradientBox& box, const float* panel, int64_t vectors, float* bias) {
  const int64_t positions = box.out[0] * box.out[1] * box.out[2];
  for (int64_t v = 0; v < vectors; ++v) {
    const float* from = panel + v * kLanes;
    // One chain of additions would take longer than the loads.
    Floats sums[4] = {};
    int64_t i = 0;
    for (; i + 4 <= positions; i += 4)
      for (int k = 0; k < 4; ++k) sums[k] += load(from + (i + k) * vectors * kLanes);
    for (; i < positions; ++i) sums[0] += load(from + i * vectors * kLanes);
    float* to = bias + v * kLanes;
    store(to, load(to) + ((sums[0] + sums[1]) + (sums[2] + sums[3])));
  }
}

}  // namespace

const FilterGradientKernels filterGradientKernels = {
    .lanes = kLanes, .rows = kRows, .panel = kPanel, .copy = copy, .add = add, .addBias = addBias};

}  // namespace nodegrad::NODEGRAD_ISA_NAMESPACE
