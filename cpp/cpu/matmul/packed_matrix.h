#pragma once
#include <algorithm>
#include <cstring>
#include <type_traits>

#include "core/align.h"
#include "cpu/isa.h"
#include "cpu/matmul/kernels.h"
#include "host/parallel.h"

namespace nodegrad {

// lanes × lanes numbers of a matrix, float or the bits of bfloat16, of which those after `rows` and `columns`
// (if less) are zeros.
template <class From>
struct Block {
  const From* from;
  int64_t rowStride, columnStride, rows, columns;
};

// A matrix that rows are multiplied with, packed for ProductKernels<T>: in panels of columns.
template <class T>
class PackedMatrix {
 public:
  // columns: a multiple of the lanes.
  PackedMatrix(int64_t depth, int64_t columns) : depth_(whole(depth)), columns_(columns) {}

  int64_t numbers() const { return depth_ * columns_; }
  // The rows, as many as one step of a sum takes.
  int64_t depth() const { return depth_; }
  int64_t columns() const { return columns_; }
  // The columns of a panel; the last one may have fewer.
  int64_t width() const { return kernels_.panel * kernels_.lanes; }

  // From the blocks that source(row, column) gives, by the whole team.
  template <class Source>
  void pack(int threads, T* to, Source&& source) const {
    const int64_t panels = (columns_ + width() - 1) / width();
    parallelFor(threads, panels, std::max<int64_t>(1, kLeastThreadElements / (depth_ * width())),
                [&](int64_t begin, int64_t end, int) { packPanels(begin, end, to, source); });
  }
  // The same by this thread.
  template <class Source>
  void pack(T* to, Source&& source) const {
    packPanels(0, (columns_ + width() - 1) / width(), to, source);
  }

  // y [rows, columns] = x [rows, depth] · the matrix.
  void multiply(const T* packed, const T* x, int64_t xStride, int64_t rows, float* y, int64_t yStride) const {
    kernels_.multiply(x, xStride, rows, depth_, packed, columns_ / kernels_.lanes, y, yStride);
  }
  // Only the first columns of x, which are rows of the matrix, and the first of its columns, up to the end of
  // a panel.
  void multiply(const T* packed, const T* x, int64_t xStride, int64_t rows, int64_t depth, int64_t columns,
                float* y, int64_t yStride) const {
    ofPanels(kernels_.multiply, packed, x, xStride, rows, depth, columns, y, yStride);
  }
  // y = xᵀ · the first `depth` rows of the matrix (ProductKernels).
  void multiplyTransposed(const T* packed, const T* x, int64_t xStride, int64_t rows, int64_t depth, float* y,
                          int64_t yStride) const {
    ofPanels(kernels_.multiplyTransposed, packed, x, xStride, rows, depth, columns_, y, yStride);
  }
  // y += that.
  void addTransposed(const T* packed, const T* x, int64_t xStride, int64_t rows, int64_t depth, float* y,
                     int64_t yStride) const {
    ofPanels(kernels_.addTransposed, packed, x, xStride, rows, depth, columns_, y, yStride);
  }

 private:
  static constexpr int64_t kLeastThreadElements = 1 << 13, kMostLanes = 16;

  // A product with the first rows of the first columns.
  template <class Product>
  void ofPanels(Product product, const T* packed, const T* x, int64_t xStride, int64_t rows, int64_t depth,
                int64_t columns, float* y, int64_t yStride) const {
    for (int64_t c = 0; c < std::min(columns, columns_); c += width()) {
      const int64_t some = std::min(width(), columns_ - c);
      product(x, xStride, rows, whole(depth), packed + c * depth_, some / kernels_.lanes, y + c, yStride);
    }
  }

  // In whole steps of a sum.
  int64_t whole(int64_t depth) const { return roundUp(depth, kernels_.depth); }

  static float toFloat(float v) { return v; }
  static float toFloat(uint16_t bits) {
    const uint32_t word = static_cast<uint32_t>(bits) << 16;
    float v;
    std::memcpy(&v, &word, sizeof v);
    return v;
  }

  template <class Source>
  void packPanels(int64_t begin, int64_t end, T* to, Source&& source) const {
    const auto packRows = [&](int64_t p, int64_t first, int64_t last) {
      const int64_t lanes = kernels_.lanes, some = std::min(width(), columns_ - p * width());
      for (int64_t row = first; row < last; row += lanes)
        for (int64_t c = 0; c < some; c += lanes)
          packBlock(source(row, p * width() + c), std::min(lanes, depth_ - row),
                    to + p * width() * depth_ + row * some + c * kernels_.depth, some);
    };
    // Along what is contiguous in memory.
    const bool alongRows = source(0, 0).columnStride == 1;
    const int64_t step = alongRows ? kernels_.lanes : depth_;
    for (int64_t row = 0; row < depth_; row += step)
      for (int64_t p = begin; p < end; ++p) packRows(p, row, std::min(row + step, depth_));
  }

  template <class From>
  void packBlock(const Block<From>& block, int64_t rows, T* to, int64_t stride) const {
    alignas(64) float tile[kMostLanes * kMostLanes];
    const int64_t lanes = kernels_.lanes, columns = std::min(lanes, block.columns),
                  filled = std::min(lanes, block.rows);
    if constexpr (std::is_same_v<From, float>) {
      if (columns == lanes && filled >= rows && block.columnStride == 1)
        return kernels_.pack(block.from, block.rowStride, rows, to, stride);
      if (columns == lanes && filled == lanes && rows == lanes && block.rowStride == 1)
        return kernels_.packTransposed(block.from, block.columnStride, to, stride);
    }
    if (columns < lanes || filled < rows) std::fill_n(tile, lanes * lanes, 0.0f);
    if (block.columnStride == 1) {
      for (int64_t r = 0; r < filled; ++r) {
        const From* from = block.from + r * block.rowStride;
        for (int64_t c = 0; c < columns; ++c) tile[r * lanes + c] = toFloat(from[c]);
      }
    } else {
      for (int64_t c = 0; c < columns; ++c) {
        const From* from = block.from + c * block.columnStride;
        for (int64_t r = 0; r < filled; ++r) tile[r * lanes + c] = toFloat(from[r * block.rowStride]);
      }
    }
    kernels_.pack(tile, lanes, rows, to, stride);
  }

  const ProductKernels<T>& kernels_ = *levelFor<T>().product;
  int64_t depth_, columns_;
};

}  // namespace nodegrad
