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
        steps_(std::min(blocksOf(product.depth), kMostSteps)),
        parts_(partsOf(product)) {}

  size_t scratchBytes() const override {
    return static_cast<size_t>(parts_ - 1) * partialBytes() + static_cast<size_t>(threads_) * cutBytes();
  }

  void run(const void* const* inputs, void* const* outputs, void* scratch) override {
    const Operands operands{static_cast<const float*>(inputs[product_.bFirst ? 1 : 0]),
                            static_cast<const float*>(inputs[product_.bFirst ? 0 : 1]),
                            product_.bias ? static_cast<const float*>(inputs[2]) : nullptr};
    auto* y = static_cast<float*>(outputs[0]);
    char* cut = static_cast<char*>(scratch) + static_cast<size_t>(parts_ - 1) * partialBytes();
    const auto cutOf = [&](int thread) {
      return reinterpret_cast<uint16_t*>(cut + static_cast<size_t>(thread) * cutBytes());
    };
    if (parts_ == 1) {
      parallelFor(threads_, rowBlocks_, 1, [&](int64_t begin, int64_t end, int thread) {
        multiply(operands, {0, product_.depth}, {begin, end}, cutOf(thread), y);
      });
      return;
    }
    const auto partial = [&](int64_t part) {
      return reinterpret_cast<float*>(static_cast<char*>(scratch) +
                                      static_cast<size_t>(part - 1) * partialBytes());
    };
    parallelFor(threads_, parts_, 1, [&](int64_t begin, int64_t end, int thread) {
      for (int64_t part = begin; part < end; ++part)
        multiply(operands, {depthBefore(part), depthBefore(part + 1)}, {0, rowBlocks_}, cutOf(thread),
                 part == 0 ? y : partial(part));
    });
    parallelFor(threads_, product_.rows, 1, [&](int64_t begin, int64_t end, int) {
      for (int64_t part = 1; part < parts_; ++part)
        for (int64_t i = begin * product_.columns; i < end * product_.columns; ++i) y[i] += partial(part)[i];
    });
  }

 private:
  struct Operands {
    const float *a, *b, *bias;
  };
  struct Range {
    int64_t begin, end;
  };

  // Of the depth, for gradients of weights: few rows, of which each thread would cut all of b.
  int64_t partsOf(const MatrixProduct& product) const {
    constexpr int64_t kMostSums = 1 << 18;
    if (product.bias || product.relu || product.rows * product.columns > kMostSums) return 1;
    return product.depth >= 4 * product.rows ? std::min<int64_t>(threads_, blocksOf(product.depth)) : 1;
  }
  int64_t depthBefore(int64_t part) const {
    return std::min(product_.depth, blocksOf(product_.depth) * part / parts_ * kSplitSide);
  }
  size_t partialBytes() const {
    return wholeLines(static_cast<size_t>(product_.rows * product_.columns) * sizeof(float));
  }
  // Of a thread: all columns, and a block of rows.
  size_t cutBytes() const {
    return static_cast<size_t>((columnBlocks_ + 1) * steps_ * kSplitStep) * sizeof(uint16_t);
  }

  // y (or, of some depth, a part of its sums) in some blocks of rows. Each thread cuts b for itself: to read
  // what another core has cut takes longer.
  void multiply(const Operands& operands, Range depths, Range blocks, uint16_t* cutB, float* y) const {
    uint16_t* cutA = cutB + columnBlocks_ * steps_ * kSplitStep;
    kernels_.configure();
    for (int64_t depth = depths.begin; depth < depths.end; depth += kMostSteps * kSplitSide) {
      const int64_t some = std::min(depths.end - depth, kMostSteps * kSplitSide);
      const bool last = depth + some == depths.end;
      for (int64_t block = 0; block < columnBlocks_; ++block)
        cutColumns(operands.b, depth, some, block, cutB);
      for (int64_t block = blocks.begin; block < blocks.end; ++block) {
        cutRows(operands.a, depth, some, block, cutA);
        const SplitResult to{.y = y + block * kSplitSide * product_.columns,
                             .stride = product_.columns,
                             .rows = inBlock(product_.rows, block),
                             .columns = product_.columns,
                             .adds = depth > depths.begin,
                             .bias = operands.bias,
                             .relu = product_.relu && last};
        const bool finite = kernels_.multiply(cutA, cutB, steps_ * kSplitStep, blocksOf(some), to);
        if (last && !finite) multiplyWhole(operands, depths, block, to);
      }
    }
    kernels_.release();
  }

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

  // The same rows without cutting numbers.
  void multiplyWhole(const Operands& operands, Range depths, int64_t block, const SplitResult& to) const {
    const auto [a, b, bias] = operands;
    const auto [rows, depth, columns] = std::tuple(product_.rows, product_.depth, product_.columns);
    for (int64_t r = 0; r < to.rows; ++r) {
      float* y = to.y + r * to.stride;
      for (int64_t c = 0; c < columns; ++c) y[c] = bias ? bias[c] : 0.0f;
      for (int64_t k = depths.begin; k < depths.end; ++k) {
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
  const int64_t rowBlocks_, columnBlocks_, steps_, parts_;
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
