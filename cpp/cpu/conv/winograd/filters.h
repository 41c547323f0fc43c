#pragma once
#include <memory>

#include "backend.h"
#include "cpu/conv/winograd/kernels.h"
#include "cpu/conv/winograd/tiles.h"

namespace nodegrad::winograd {

// The transformed filters of a convolution in memory: panels of `panel` blocks of output channels (the last
// may have fewer), each of them 36 planes [input channel][output channel].
class FilterPanels {
 public:
  // Channels in the order of the convolution: of its input and its result. backward: of the gradient with
  // respect to the input, which turns the filters around. operandType: F32, or BF16 to which they are
  // rounded.
  FilterPanels(int64_t in, int64_t out, bool backward, DType operandType);

  int64_t panels(int64_t blocks) const { return (blocks + kernels_.panel - 1) / kernels_.panel; }
  // Between the elements of a panel of so many blocks.
  int64_t plane(int64_t columns) const {
    return planeStride(rows_ * columns * kernels_.lanes, kernels_.operandBytes);
  }
  int64_t panelBytes() const { return kElements * plane(kernels_.panel) * kernels_.operandBytes; }

  // Transforms the filters [3][3][in][out] of the blocks [begin, end) of output channels.
  void transform(const float* filters, int64_t begin, int64_t end, std::byte* to, int threads) const;

 private:
  const WinogradKernels& kernels_;
  const int64_t rows_, columns_;
  const bool backward_;
};

// The layout of filters [3, 3, in, out] that are transformed before the steps of a plan. operandType as
// above.
LayoutPtr filterLayout(const Dims& filters, DType operandType);
// Whether a layout is such a one.
bool isFilterLayout(const LayoutPtr& layout);
// Makes filters in such a layout of row-major ones.
std::unique_ptr<Kernel> makeFilterTransform(const Dims& filters, const LayoutPtr& layout);

}  // namespace nodegrad::winograd
