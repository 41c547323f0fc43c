#pragma once
#include <memory>

#include "backend.h"

namespace nodegrad {

// y [rows, columns] = a · b, aᵀ · b or a · bᵀ of row-major matrices, which are inputs 0 and 1; y is float32.
struct MatrixProduct {
  int64_t rows, depth, columns;  // columns: a multiple of the lanes
  bool transposeA = false, transposeB = false;
  bool bFirst = false;       // b is input 0, a input 1
  bool bias = false;         // input 2 is added to each row
  bool relu = false;         // of the result
  bool sums = false;         // output 1: the sum of b's rows
  DType dtype = DType::F32;  // of a and b
};

// Of float32.
std::unique_ptr<Kernel> makeMatrixProduct(const MatrixProduct& product);
// A kernel of our own, that one or the gradient of a convolution's filters, where it is faster than oneDNN's;
// else null.
std::unique_ptr<Kernel> makeFasterProduct(const MatrixProduct& product);

}  // namespace nodegrad
