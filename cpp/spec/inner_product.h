#pragma once
#include "backend.h"

namespace nodegrad::spec {

enum class ProductPass { Forward, BackwardData, BackwardWeights };

// A dense layer in one of its passes: y [n, units] = x [n, …] · w [k, units], where a sample of x in
// row-major order is a row of k numbers.
//
// innerProduct(x, w [, bias]) → y, with activation: "relu", "tanh" or "sigmoid" of it
// innerProductBackwardData(w, dy) → dx
// innerProductBackwardWeights(x, dy) → dw [, bias gradient]
struct InnerProduct {
  explicit InnerProduct(const KernelSpec& spec);

  ProductPass pass;
  TensorType x, w, y;  // or their gradients
  LayoutPtr xLayout, wLayout, yLayout;
  bool bias;  // a bias is added (input 2), or its gradient is output 1
  int64_t n, k, units;
};

}  // namespace nodegrad::spec
