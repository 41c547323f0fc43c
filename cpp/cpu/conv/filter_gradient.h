#pragma once
#include <memory>

#include "cpu/conv/conv.h"

namespace nodegrad {

// Whether our own kernel can make the gradient of the filters: of float32 images of any shape without groups.
bool filterGradientTakes(const Convolution& conv);

// The images in the layouts that they have, where that is row-major or in blocks of channels, else row-major;
// the filters in theirs, unless it is padded.
LayoutChoice filterGradientLayouts(const KernelSpec& spec, const Convolution& conv);
bool hasFilterGradientLayouts(const Convolution& conv);

// Expects those layouts.
std::unique_ptr<Kernel> makeFilterGradient(const Convolution& conv);

// y [rows, columns] = xᵀ · z, of matrices x [depth, rows] and z [depth, columns] in float32 or, with AMX, in
// bfloat16, as the gradient of a pointwise convolution; y is float32. x and z are inputs 0 and 1, the sums
// over z's rows output 1 where `sums` says so.
std::unique_ptr<Kernel> makeTransposedProduct(int64_t depth, int64_t rows, int64_t columns, bool sums,
                                              DType dtype);
// Whether it is faster than oneDNN's.
bool transposedProductSuits(int64_t depth, int64_t rows, int64_t columns, DType dtype);

}  // namespace nodegrad
