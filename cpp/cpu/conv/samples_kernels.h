#pragma once
#include <cstdint>

// The inner loops of convolutions over images in blocks of samples: [channel][row][column][lanes], where a
// vector holds one position of `lanes` samples. Weights are single numbers there, so that any number of
// channels fills the vectors.
namespace nodegrad {

// The sizes of one convolution; taps are the kernel's rows and columns.
struct SampleConv {
  int64_t in, height, width;
  int64_t out, outHeight, outWidth;
  int64_t taps[2], strides[2], dilations[2], pads[2];  // rows, columns; pads: top, left
};

enum class SampleActivation { Linear, Relu, Tanh, Sigmoid };

struct SampleConvKernels {
  int lanes;
  // Output channels whose weights lie together: a convolution's are cut into as few groups of at most so
  // many as hold them, of sizes that differ by one at most.
  int group;
  // One row of all output channels of one block. weights: for each group [in][tap row][tap column][channels];
  // bias may be null.
  void (*row)(const SampleConv& conv, const float* x, const float* weights, const float* bias,
              SampleActivation activation, float* y, int64_t outRow);
  // Adds the sums over `blocks` blocks to the gradient of weights [tap row][tap column][in][out] and, unless
  // it is null, of the bias.
  void (*gradient)(const SampleConv& conv, const float* x, const float* dy, int64_t blocks, float* weights,
                   float* bias);
};

}  // namespace nodegrad
