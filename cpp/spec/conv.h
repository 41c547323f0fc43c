#pragma once
#include <vector>

#include "backend.h"
#include "core/window.h"

namespace nodegrad::spec {

enum class ConvPass { Forward, BackwardData, BackwardFilter };

// A convolution in one of its passes, of 1 to 3 spatial dimensions. x, w and y are the image, the kernel and
// the result or, where the pass computes it, its gradient.
//
// conv(x, w [, bias]) → y
//   with activation: "relu", "tanh" or "sigmoid" of it
//   with residual: one more input at the end, of y's shape, which is added before the activation
//   with pooling: → maxima of windows of 2×2 with stride 2, their positions in the windows [, y]
//   with statistics: → y, mean and (biased) variance of each channel
// convBackwardData(w, dy [, like x]) → dx
//   with pooledGradient: (w, gradient of such a pooling's output, its positions)
//   with mask: one more input at the end, r; dx is 0 where r is not positive
// convBackwardFilter(x, dy [, like w]) → dw [, bias gradient]
//   with pooledGradient: (x, gradient of such a pooling's output, its positions)
//
// With concatChannels, numbers of channels, x or dx is as many tensors instead of one: the first where x
// would be, the others after all other inputs or outputs.
struct Convolution {
  explicit Convolution(const KernelSpec& spec);

  // Whether y is among the outputs of a forward pass, not only what is pooled of it.
  bool computesImage() const { return !pooling || hasImage; }
  // Whether it does what oneDNN's convolutions do not.
  bool isFused() const {
    return pooling || statistics || pooledGradient || mask || concatChannels.size() > 1;
  }
  // Which inputs and outputs are images, gradients of them or what is pooled of them; no mask, residual,
  // positions.
  std::vector<size_t> imageInputs() const;
  std::vector<size_t> imageOutputs() const;
  // The dtype of the images that it reads.
  DType multiplicandType() const { return pass == ConvPass::BackwardData ? y.dtype : x.dtype; }

  ConvPass pass;
  TensorType x, w, y;
  LayoutPtr xLayout, wLayout, yLayout;  // as they are given
  size_t xIndex, wIndex, yIndex;        // among the inputs, or among the outputs where the pass computes it
  bool bias;                            // a bias is added (input 2), or its gradient is output 1
  bool pooling, hasImage, statistics, pooledGradient, mask, residual;
  std::vector<int64_t> concatChannels;  // channels of the tensors that x consists of
  std::vector<size_t> concatIndices;    // of these
  std::vector<DType> concatDtypes;
  DType pooledDtype = DType::F32, maskDtype = DType::F32, residualDtype = DType::F32;
  size_t argmaxIndex, maskIndex, residualIndex;  // among the inputs
  ImageAxes axes;
  int64_t groups;
  Window window;
};

}  // namespace nodegrad::spec
