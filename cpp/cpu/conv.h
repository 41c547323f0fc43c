#pragma once
#include <memory>
#include <string>

#include "backend.h"
#include "core/window.h"

namespace nodegrad {

enum class ConvPass { Forward, BackwardData, BackwardFilter };

// A convolution in one of its passes. x, w and y are the image, the kernel and the result or, where the pass
// computes it, its gradient.
struct Convolution {
  // Of conv2d(x, w [, bias]), conv2dBackwardData(w, dy [, like x]) or conv2dBackwardFilter(x, dy [, like w])
  // → dw [, bias gradient].
  explicit Convolution(const KernelSpec& spec);

  ConvPass pass;
  TensorType x, w, y;
  LayoutPtr xLayout, wLayout, yLayout;  // as they are given
  size_t xIndex, wIndex, yIndex;        // among the inputs, or among the outputs where the pass computes it
  bool bias;                            // a bias is added (input 2), or its gradient is output 1
  ImageAxes axes;
  int64_t groups;
  Window window;
};

// The layouts chosen for a pass, in the roles of Convolution, as the plan wants them.
LayoutChoice convChoice(const KernelSpec& spec, const Convolution& conv, const LayoutPtr& x,
                        const LayoutPtr& w, const LayoutPtr& y);

// oneDNN's direct convolutions; they serve every case.
LayoutChoice directConvLayouts(const KernelSpec& spec, const Convolution& conv, bool flexibleWeights);
std::unique_ptr<Kernel> makeDirectConv(const KernelSpec& spec, const Convolution& conv);

}  // namespace nodegrad
