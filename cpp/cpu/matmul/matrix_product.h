#pragma once
#include <memory>

#include "backend.h"

namespace nodegrad {

// y [rows, columns] = a · b or aᵀ · b of row-major float32 matrices, which are inputs 0 and 1.
struct MatrixProduct {
  int64_t rows, depth, columns;  // columns: a multiple of the lanes
  bool transposeA = false;
  bool bias = false;  // input 2 is added to each row
  bool sums = false;  // output 1: the sum of b's rows
};

std::unique_ptr<Kernel> makeMatrixProduct(const MatrixProduct& product);
// A kernel of our own, that one or the gradient of a convolution's filters, where it is faster than oneDNN's;
// else null.
std::unique_ptr<Kernel> makeFasterProduct(const MatrixProduct& product);

}  // namespace nodegrad
