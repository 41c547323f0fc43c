#pragma once
#include <cstdint>

// The inner loops of products and of the orthonormalization of rows.
namespace nodegrad {

// Products with a matrix that is packed once and multiplied often (PackedMatrix). T, float or the bits of
// bfloat16, is what is multiplied; sums are float.
template <class T>
struct ProductKernels {
  int lanes;
  int panel;  // vectors of columns in a panel of a packed matrix (the last one may have fewer)
  int depth;  // how many of its rows are interleaved, number by number

  // Packs `rows` rows of `lanes` numbers, fromStride apart, into a panel whose rows have `stride` numbers.
  void (*pack)(const float* from, int64_t fromStride, int64_t rows, T* to, int64_t stride);
  // The same of `lanes` rows that are columns in memory, fromStride apart.
  void (*packTransposed)(const float* from, int64_t fromStride, T* to, int64_t stride);
  // y [rows, columns · lanes] = x [rows, depth] · a matrix in panels [depth][panel · lanes] one after
  // another; depth is a multiple of the one above.
  void (*multiply)(const T* x, int64_t xStride, int64_t rows, int64_t depth, const T* packed, int64_t columns,
                   float* y, int64_t yStride);
  // y += x · the matrix.
  void (*add)(const T* x, int64_t xStride, int64_t rows, int64_t depth, const T* packed, int64_t columns,
              float* y, int64_t yStride);
  // y = xᵀ · the matrix, of x [depth, rows] whose rows are interleaved as those of the matrix are: xStride
  // numbers from `depth` of them to the next.
  void (*multiplyTransposed)(const T* x, int64_t xStride, int64_t rows, int64_t depth, const T* packed,
                             int64_t columns, float* y, int64_t yStride);
  // y += that.
  void (*addTransposed)(const T* x, int64_t xStride, int64_t rows, int64_t depth, const T* packed,
                        int64_t columns, float* y, int64_t yStride);
};

// Products of float32 on tiles, of numbers that are cut into parts of bfloat16: blocks of kSplitSide rows or
// columns, in steps of kSplitSide of depth, kSplitStep parts each. What is not there is zero.
constexpr int64_t kSplitSide = 32, kSplitStep = 3 * kSplitSide * kSplitSide;
// Where the sums of a block of rows go.
struct SplitResult {
  float* y;
  int64_t stride, rows, columns;
  bool adds;          // to y
  const float* bias;  // null, or one for each column, added where `adds` is not set
  bool relu;
};
struct SplitProductKernels {
  // Cuts at most kSplitSide rows of a [rows, depth], `stride` floats apart; transposed: of a [depth, rows].
  void (*cutRows)(const float* from, int64_t stride, int64_t rows, int64_t depth, uint16_t* to);
  void (*cutRowsTransposed)(const float* from, int64_t stride, int64_t rows, int64_t depth, uint16_t* to);
  // Cuts at most kSplitSide columns of b [depth, columns]; transposed: of b [columns, depth].
  void (*cutColumns)(const float* from, int64_t stride, int64_t depth, int64_t columns, uint16_t* to);
  void (*cutColumnsTransposed)(const float* from, int64_t stride, int64_t depth, int64_t columns,
                               uint16_t* to);
  // Prepares this thread's tiles for products, and gives them back.
  void (*configure)();
  // y = a · b of so many steps, blocks of columns `stride` parts apart. Whether all sums are finite: infinity
  // cannot be cut, so that others are not right.
  bool (*multiply)(const uint16_t* a, const uint16_t* b, int64_t stride, int64_t steps,
                   const SplitResult& to);
  void (*release)();
};

// Householder's reflections of rows from the right, kReflections at a time. Their product, the first one
// first, is I - Vᵀ T V, with a vector in each row of V. Rows are `stride` floats apart; `length` of them
// count, a multiple of kReflections.
constexpr int64_t kReflections = 32;
struct HouseholderKernels {
  // Reflects row i of kReflections rows onto its first i + 1 elements, and makes the vectors V of the rows.
  // t: T, [kReflections, kReflections]. signs: those of element i of row i.
  void (*factor)(float* rows, int64_t stride, int64_t length, float* t, float* signs);
  // rows -= rows Vᵀ T V, for `count` rows, a multiple of 4.
  void (*apply)(float* rows, int64_t count, const float* vectors, const float* t, int64_t stride,
                int64_t length);
};

}  // namespace nodegrad
