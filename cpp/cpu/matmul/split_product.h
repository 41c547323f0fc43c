#pragma once
#include <memory>

#include "cpu/matmul/matrix_product.h"

namespace nodegrad {

struct TileKernels;

// A product of float32 matrices on tiles of bfloat16 (AMX), by numbers that are cut into three parts: its
// errors are no larger than those of float32. Numbers below 2^-110 lose bits. Any number of columns; no sums
// of b's rows. kernels: of AMX, or the plain ones of tests.
std::unique_ptr<Kernel> makeSplitProduct(const MatrixProduct& product, const TileKernels& kernels);
// Whether it is faster than oneDNN's.
bool splitProductSuits(const MatrixProduct& product);

}  // namespace nodegrad
