#include "cpu/matmul/matrix_product.h"

#include <algorithm>
#include <string>

#include "core/align.h"
#include "cpu/conv/filter_gradient.h"
#include "cpu/matmul/packed_matrix.h"
#include "cpu/matmul/split_product.h"
#include "cpu/own_kernel.h"

namespace nodegrad {

namespace {

// Of b that are packed at a time, in panels of columns, and rows of y that are multiplied with them: with
// what these read they stay in the second-level cache.
constexpr int64_t kDepth = 256, kPanels = 8, kRows = 128;
constexpr int64_t kFewestRows = 48;            // for which b is worth being packed
constexpr int64_t kLeastThreadWork = 1 << 17;  // in multiplications

class MatrixProductKernel : public OwnKernel {
 public:
  explicit MatrixProductKernel(const MatrixProduct& product)
      : product_(product),
        width_(blockWidth(product.columns)),
        blocks_((product.columns + width_ - 1) / width_),
        parts_(std::clamp<int64_t>((threads_ + blocks_ - 1) / blocks_, 1,
                                   std::max<int64_t>(product.rows / kFewestRows, 1))) {}

  size_t scratchBytes() const override { return static_cast<size_t>(threads_) * packedBytes(); }

  void run(const void* const* inputs, void* const* outputs, void* scratch) override {
    const Operands operands{static_cast<const float*>(inputs[0]), static_cast<const float*>(inputs[1]),
                            product_.bias ? static_cast<const float*>(inputs[2]) : nullptr,
                            static_cast<float*>(outputs[0]),
                            product_.sums ? static_cast<float*>(outputs[1]) : nullptr};
    const int64_t work = std::max<int64_t>(product_.rows * product_.depth * width_ / parts_, 1);
    parallelFor(threads_, blocks_ * parts_, kLeastThreadWork / work,
                [&](int64_t begin, int64_t end, int thread) {
                  void* own = static_cast<char*>(scratch) + static_cast<size_t>(thread) * packedBytes();
                  for (int64_t i = begin; i < end;) {
                    // Neighbouring parts of one block of columns are made together.
                    const int64_t block = i / parts_, last = std::min(end, (block + 1) * parts_);
                    multiply(operands, block * width_, rowsBefore(i - block * parts_),
                             rowsBefore(last - block * parts_), static_cast<float*>(own));
                    i = last;
                  }
                });
  }

 private:
  struct Operands {
    const float *a, *b, *bias;
    float *y, *sums;
  };

  // As many blocks for each thread, where there are enough columns.
  int64_t blockWidth(int64_t columns) const {
    const int64_t panel = kernels_.panel * kernels_.lanes, panels = (columns + panel - 1) / panel;
    const int64_t turns = (panels + kPanels * threads_ - 1) / (kPanels * threads_);
    return (panels + turns * threads_ - 1) / (turns * threads_) * panel;
  }
  int64_t rowsBefore(int64_t part) const { return product_.rows * part / parts_; }
  size_t packedBytes() const {
    return wholeLines(static_cast<size_t>(std::min(product_.depth, kDepth) * width_) * sizeof(float));
  }

  auto kernelFor(bool adds) const {
    if (product_.transposeA) return adds ? kernels_.addTransposed : kernels_.multiplyTransposed;
    return adds ? kernels_.add : kernels_.multiply;
  }

  // Some rows of the columns of one block.
  void multiply(const Operands& operands, int64_t column, int64_t begin, int64_t end, float* packed) const {
    const int64_t some = std::min(width_, product_.columns - column);
    float* sums = operands.sums && begin == 0 ? operands.sums + column : nullptr;
    if (sums) std::fill_n(sums, some, 0.0f);
    for (int64_t depth = 0; depth < product_.depth; depth += kDepth) {
      const PackedMatrix<float> b(std::min(kDepth, product_.depth - depth), some);
      b.pack(packed, [&](int64_t row, int64_t c) -> Block<float> {
        return {operands.b + (depth + row) * product_.columns + column + c, product_.columns, 1,
                b.depth() - row, some - c};
      });
      for (int64_t row = begin; row < end; row += kRows) {
        const int64_t count = std::min(kRows, end - row), stride = product_.columns;
        float* y = operands.y + row * stride + column;
        if (depth == 0 && operands.bias)
          for (int64_t r = 0; r < count; ++r) std::copy_n(operands.bias + column, some, y + r * stride);
        const float* a = product_.transposeA ? operands.a + depth * product_.rows + row
                                             : operands.a + row * product_.depth + depth;
        const auto multiply = kernelFor(depth > 0 || operands.bias);
        multiply(a, product_.transposeA ? product_.rows : product_.depth, count, b.depth(), packed,
                 some / kernels_.lanes, y, stride);
      }
      if (sums) addSums(b, packed, sums);
    }
  }

  void addSums(const PackedMatrix<float>& b, const float* packed, float* sums) const {
    for (int64_t c = 0; c < b.columns(); c += b.width(), packed += b.depth() * b.width()) {
      const int64_t some = std::min(b.width(), b.columns() - c);
      for (int64_t r = 0; r < b.depth(); ++r)
        for (int64_t i = 0; i < some; ++i) sums[c + i] += packed[r * some + i];
    }
  }

  const MatrixProduct product_;
  const ProductKernels<float>& kernels_ = *isa_.product;
  const int64_t width_, blocks_, parts_;  // of columns; parts of the rows
};

bool matrixProductSuits(const MatrixProduct& product) {
  const int64_t rows = product.rows, depth = product.depth, columns = product.columns;
  if (product.dtype != DType::F32 || isaKernels().name != std::string("avx2") ||
      columns % isaKernels().product->lanes != 0)
    return false;
  // Measured on Zen 3. oneDNN's products took 1.2 to 2 times as long where rows of b are a multiple of 2 KiB
  // apart, and 0.8 to 1.05 times elsewhere; transposed ones of 48 to 256 rows 1.2 to 3 times, of b's
  // gradient.
  constexpr int64_t kApart = 512, kMostRows = 1024, kMostDepth = 512, kFewestColumns = 32,
                    kLeastWork = 1 << 21;
  if (product.transposeA)
    return depth >= kFewestRows && depth < kMostDepth && std::min(rows, columns) >= kFewestColumns &&
           rows * depth * columns >= kLeastWork;
  return columns % kApart == 0 && rows >= kFewestRows && rows <= kMostRows;
}

}  // namespace

std::unique_ptr<Kernel> makeMatrixProduct(const MatrixProduct& product) {
  return std::make_unique<MatrixProductKernel>(product);
}

std::unique_ptr<Kernel> makeFasterProduct(const MatrixProduct& product) {
  const int64_t rows = product.rows, depth = product.depth, columns = product.columns;
  if (splitProductSuits(product)) return makeSplitProduct(product, *bfloat16Kernels().tiles);
  if (product.transposeB || product.relu) return nullptr;
  if (matrixProductSuits(product)) return makeMatrixProduct(product);
  if (product.transposeA && transposedProductSuits(depth, rows, columns, product.dtype))
    return makeTransposedProduct(depth, rows, columns, product.sums, product.dtype);
  return nullptr;
}

}  // namespace nodegrad
