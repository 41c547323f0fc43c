#include "cpu/matmul/split_product.h"

#include <algorithm>
#include <tuple>

#include "core/align.h"
#include "cpu/cpu_backend.h"
#include "cpu/matmul/kernels.h"
#include "cpu/own_kernel.h"

namespace nodegrad {

namespace {

constexpr int64_t kMostSteps = 8;  // of depth at a time: what is cut of a stays in the second-level cache

int64_t blocksOf(int64_t count) { return roundUp(count, kSplitSide) / kSplitSide; }

class SplitProductKernel : public OwnKernel {
 public:
  SplitProductKernel(const MatrixProduct& product, const TileKernels& kernels)
      : OwnKernel("amx:split"),
        product_(product),
        kernels_(*kernels.splitProduct),
        rowBlocks_(blocksOf(product.rows)),
        columnBlocks_(blocksOf(product.columns)),
        steps_(std::min(blocksOf(product.depth), kMostSteps)) {}

  size_t scratchBytes() const override {
    return static_cast<size_t>(threads_ * (columnBlocks_ + 1) * steps_ * kSplitStep) * sizeof(uint16_t);
  }

  void run(const void* const* inputs, void* const* outputs, void* scratch) override {
    const auto *a = static_cast<const float*>(inputs[product_.bFirst ? 1 : 0]),
               *b = static_cast<const float*>(inputs[product_.bFirst ? 0 : 1]);
    const float* bias = product_.bias ? static_cast<const float*>(inputs[2]) : nullptr;
    auto* y = static_cast<float*>(outputs[0]);
    auto* cut = static_cast<uint16_t*>(scratch);
    for (int64_t depth = 0; depth < product_.depth; depth += kMostSteps * kSplitSide) {
      const int64_t some = std::min(product_.depth - depth, kMostSteps * kSplitSide);
      // Each thread cuts all of b for itself: to read what another core cut takes longer.
      parallelFor(threads_, rowBlocks_, 1, [&](int64_t begin, int64_t end, int thread) {
        uint16_t* cutB = cut + thread * (columnBlocks_ + 1) * steps_ * kSplitStep;
        uint16_t* own = cutB + columnBlocks_ * steps_ * kSplitStep;
        for (int64_t block = 0; block < columnBlocks_; ++block) cutColumns(b, depth, some, block, cutB);
        kernels_.configure();
        for (int64_t block = begin; block < end; ++block) {
          cutRows(a, depth, some, block, own);
          const SplitResult to = result(depth, some, block, bias, y);
          if (!kernels_.multiply(own, cutB, steps_ * kSplitStep, blocksOf(some), to) && isLast(depth, some))
            multiplyWhole(a, b, bias, block, to);
        }
        kernels_.release();
      });
    }
  }

 private:
  static int64_t inBlock(int64_t count, int64_t block) {
    return std::min(count - block * kSplitSide, kSplitSide);
  }

  void cutRows(const float* a, int64_t depth, int64_t some, int64_t block, uint16_t* to) const {
    const int64_t row = block * kSplitSide, rows = inBlock(product_.rows, block);
    if (product_.transposeA)
      kernels_.cutRowsTransposed(a + depth * product_.rows + row, product_.rows, rows, some, to);
    else
      kernels_.cutRows(a + row * product_.depth + depth, product_.depth, rows, some, to);
  }

  void cutColumns(const float* b, int64_t depth, int64_t some, int64_t block, uint16_t* to) const {
    const int64_t column = block * kSplitSide, columns = inBlock(product_.columns, block);
    to += block * steps_ * kSplitStep;
    if (product_.transposeB)
      kernels_.cutColumnsTransposed(b + column * product_.depth + depth, product_.depth, some, columns, to);
    else
      kernels_.cutColumns(b + depth * product_.columns + column, product_.columns, some, columns, to);
  }

  bool isLast(int64_t depth, int64_t some) const { return depth + some == product_.depth; }

  SplitResult result(int64_t depth, int64_t some, int64_t block, const float* bias, float* y) const {
    return {.y = y + block * kSplitSide * product_.columns,
            .stride = product_.columns,
            .rows = inBlock(product_.rows, block),
            .columns = product_.columns,
            .adds = depth > 0,
            .bias = bias,
            .relu = product_.relu && isLast(depth, some)};
  }

  // The same rows without cutting numbers.
  void multiplyWhole(const float* a, const float* b, const float* bias, int64_t block,
                     const SplitResult& to) const {
    const auto [rows, depth, columns] = std::tuple(product_.rows, product_.depth, product_.columns);
    for (int64_t r = 0; r < to.rows; ++r) {
      float* y = to.y + r * to.stride;
      for (int64_t c = 0; c < columns; ++c) y[c] = bias ? bias[c] : 0.0f;
      for (int64_t k = 0; k < depth; ++k) {
        const int64_t row = block * kSplitSide + r;
        const float v = product_.transposeA ? a[k * rows + row] : a[row * depth + k];
        if (product_.transposeB)
          for (int64_t c = 0; c < columns; ++c) y[c] += v * b[c * depth + k];
        else
          for (int64_t c = 0; c < columns; ++c) y[c] += v * b[k * columns + c];
      }
      for (int64_t c = 0; to.relu && c < columns; ++c) y[c] = y[c] < 0 ? 0.0f : y[c];
    }
  }

  const MatrixProduct product_;
  const SplitProductKernels& kernels_;
  const int64_t rowBlocks_, columnBlocks_, steps_;
};

}  // namespace

std::unique_ptr<Kernel> makeSplitProduct(const MatrixProduct& product, const TileKernels& kernels) {
  return std::make_unique<SplitProductKernel>(product, kernels);
}

bool splitProductSuits(const MatrixProduct& product) {
  constexpr int64_t kFewestRows = 64, kFewestColumns = 32, kFewestDepth = 32, kLeastWork = 1 << 22;
  return cpuHasTiles() && product.dtype == DType::F32 && !product.sums && product.rows >= kFewestRows &&
         product.columns >= kFewestColumns && product.depth >= kFewestDepth &&
         product.rows * product.depth * product.columns >= kLeastWork;
}

}  // namespace nodegrad
