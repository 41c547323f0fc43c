#include "cpu/matmul/split_product.h"

#include <algorithm>
#include <limits>
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
        split_(cheapestSplit()),
        parts_(std::clamp<int64_t>(blocksAlong(split_), 1, threads_)) {}

  size_t scratchBytes() const override {
    return partials() * partialBytes() + static_cast<size_t>(parts_) * cutBytes();
  }

  void run(const void* const* inputs, void* const* outputs, void* scratch) override {
    const Operands operands{static_cast<const float*>(inputs[product_.bFirst ? 1 : 0]),
                            static_cast<const float*>(inputs[product_.bFirst ? 0 : 1]),
                            product_.bias ? static_cast<const float*>(inputs[2]) : nullptr};
    auto* y = static_cast<float*>(outputs[0]);
    char* cut = static_cast<char*>(scratch) + partials() * partialBytes();
    const auto sumsOf = [&](int64_t part) {
      if (part == 0 || partials() == 0) return y;
      return reinterpret_cast<float*>(static_cast<char*>(scratch) +
                                      static_cast<size_t>(part - 1) * partialBytes());
    };
    parallelFor(threads_, parts_, 1, [&](int64_t begin, int64_t end, int) {
      for (int64_t part = begin; part < end; ++part)
        multiply(operands, boxOf(part),
                 reinterpret_cast<uint16_t*>(cut + static_cast<size_t>(part) * cutBytes()), sumsOf(part));
    });
    if (partials() == 0) return;
    parallelFor(threads_, product_.rows, 1, [&](int64_t begin, int64_t end, int) {
      for (int64_t part = 1; part < parts_; ++part)
        for (int64_t i = begin * product_.columns; i < end * product_.columns; ++i) y[i] += sumsOf(part)[i];
    });
  }

 private:
  struct Operands {
    const float *a, *b, *bias;
  };
  struct Range {
    int64_t begin, end;
  };

  // What the threads share.
  enum class Split { Rows, Columns, Depth };
  // In blocks, of which each is kSplitSide long.
  struct Box {
    Range rows, columns, depths;
  };

  int64_t blocksAlong(Split split) const {
    return split == Split::Rows      ? rowBlocks_
           : split == Split::Columns ? columnBlocks_
                                     : blocksOf(product_.depth);
  }
  // That with the least numbers to be cut, or sums to be added up. Each thread cuts all that it multiplies:
  // to read what another core has cut takes longer.
  Split cheapestSplit() const {
    const auto [rows, depth, columns] = std::tuple(product_.rows, product_.depth, product_.columns);
    const auto costOf = [&](Split split) {
      const bool whole = product_.bias || product_.relu;  // of sums that are whole
      if (blocksAlong(split) < threads_ || (split == Split::Depth && whole))
        return std::numeric_limits<int64_t>::max();
      if (split == Split::Rows) return depth * (rows + threads_ * columns);
      if (split == Split::Columns) return depth * (threads_ * rows + columns);
      return depth * (rows + columns) + 2 * threads_ * rows * columns;
    };
    return std::min({Split::Rows, Split::Columns, Split::Depth},
                    [&](Split a, Split b) { return costOf(a) < costOf(b); });
  }
  Box boxOf(int64_t part) const {
    Box box{{0, rowBlocks_}, {0, columnBlocks_}, {0, blocksOf(product_.depth)}};
    Range& range = split_ == Split::Rows ? box.rows : split_ == Split::Columns ? box.columns : box.depths;
    return range = {range.end * part / parts_, range.end * (part + 1) / parts_}, box;
  }

  // The parts of the depth whose sums are added to those of the first one.
  size_t partials() const { return split_ == Split::Depth ? static_cast<size_t>(parts_ - 1) : 0; }
  size_t partialBytes() const {
    return wholeLines(static_cast<size_t>(product_.rows * product_.columns) * sizeof(float));
  }
  // Of a part: its columns, and a block of rows.
  size_t cutBytes() const {
    const int64_t columns = split_ == Split::Columns ? (columnBlocks_ + parts_ - 1) / parts_ : columnBlocks_;
    return static_cast<size_t>((columns + 1) * steps_ * kSplitStep) * sizeof(uint16_t);
  }

  // A box of y or, where that is not of all the depth, of a part of its sums.
  void multiply(const Operands& operands, const Box& box, uint16_t* cutA, float* y) const {
    uint16_t* cutB = cutA + steps_ * kSplitStep;
    const int64_t column = box.columns.begin * kSplitSide;
    kernels_.configure();
    for (int64_t step = box.depths.begin; step < box.depths.end; step += kMostSteps) {
      const int64_t end = std::min(box.depths.end, step + kMostSteps), depth = step * kSplitSide,
                    some = std::min(product_.depth, end * kSplitSide) - depth;
      const bool last = end == box.depths.end;
      for (int64_t block = box.columns.begin; block < box.columns.end; ++block)
        cutColumns(operands.b, depth, some, block, cutB + (block - box.columns.begin) * steps_ * kSplitStep);
      for (int64_t block = box.rows.begin; block < box.rows.end; ++block) {
        cutRows(operands.a, depth, some, block, cutA);
        const SplitResult to{.y = y + block * kSplitSide * product_.columns + column,
                             .stride = product_.columns,
                             .rows = inBlock(product_.rows, block),
                             .columns = std::min(product_.columns, box.columns.end * kSplitSide) - column,
                             .adds = step > box.depths.begin,
                             .bias = operands.bias ? operands.bias + column : nullptr,
                             .relu = product_.relu && last};
        const bool finite = kernels_.multiply(cutA, cutB, steps_ * kSplitStep, end - step, to);
        if (last && !finite) multiplyWhole(operands, box, block, to);
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
    if (product_.transposeB)
      kernels_.cutColumnsTransposed(b + column * product_.depth + depth, product_.depth, some, columns, to);
    else
      kernels_.cutColumns(b + depth * product_.columns + column, product_.columns, some, columns, to);
  }

  // The same rows without cutting numbers.
  void multiplyWhole(const Operands& operands, const Box& box, int64_t block, const SplitResult& to) const {
    const int64_t row = block * kSplitSide, column = box.columns.begin * kSplitSide,
                  begin = box.depths.begin * kSplitSide,
                  end = std::min(product_.depth, box.depths.end * kSplitSide);
    const int64_t aAcross = product_.transposeA ? 1 : product_.depth,
                  aAlong = product_.transposeA ? product_.rows : 1,
                  bAlong = product_.transposeB ? 1 : product_.columns,
                  bAcross = product_.transposeB ? product_.depth : 1;
    for (int64_t r = 0; r < to.rows; ++r) {
      float* y = to.y + r * to.stride;
      for (int64_t c = 0; c < to.columns; ++c) {
        float sum = to.bias ? to.bias[c] : 0.0f;
        for (int64_t k = begin; k < end; ++k)
          sum +=
              operands.a[(row + r) * aAcross + k * aAlong] * operands.b[k * bAlong + (column + c) * bAcross];
        y[c] = to.relu && sum < 0 ? 0.0f : sum;
      }
    }
  }

  const MatrixProduct product_;
  const SplitProductKernels& kernels_;
  const int64_t rowBlocks_, columnBlocks_, steps_;
  const Split split_;
  const int64_t parts_;
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
