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

// Whether our own kernel is faster than oneDNN's.
bool matrixProductSuits(const MatrixProduct& product);
std::unique_ptr<Kernel> makeMatrixProduct(const MatrixProduct& product);

}  // namespace nodegrad
