#pragma once
#include <vector>

#include "spec/conv.h"

namespace nodegrad::spec {

// Numbers in bytes: U8 or S8, in units of a scale, around 0. A byte times a byte is exact, and so are sums.
//
// quantize(x) → bytes, the multiples of the attribute scale next to x; signed: S8, else U8
// quantizeAlong(x) → S8 and the scales: one for each place along axis, whose largest magnitude becomes 127
// quantizedConv(x, w, scales of w [, bias]) → y, as conv does, channels last
// quantizedMatmul(x, w, scales of w [, bias]) → y, of two matrices
//   scale: of x; w is S8 with a scale for each place along its last axis
//   activation: "relu" of the sum with the bias
//   outScale, where it is not 0: y becomes bytes of that scale, S8 with outSigned, else U8
// quantizedMaxPool(x) → maxima of bytes; attributes of maxPool
struct QuantizedProduct {
  explicit QuantizedProduct(const KernelSpec& spec);

  bool isConv, bias, relu;
  double scale, outScale;  // outScale: 0 where y is float32
  TensorType x, w, y;
};

// The node as a convolution of float32, of which the quantised one has the geometry.
Convolution convolutionOf(const KernelSpec& quantizedConv);

// The dtype of bytes.
inline DType bytesWithSign(bool isSigned) { return isSigned ? DType::S8 : DType::U8; }

}  // namespace nodegrad::spec
