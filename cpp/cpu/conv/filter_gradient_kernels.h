#pragma once
#include <cstdint>

// The inner loops of the gradient of a convolution's filters, over a box of neighbouring output positions.
namespace nodegrad {

// The image is packed as [depth][height][width][channels], with zeros around it, the output's gradient as
// [panel][position][vectors of channels].
struct GradientBox {
  int64_t out[3];    // output positions along depth, height and width
  int64_t steps[3];  // floats of the packed image from one of them to the next
};

struct FilterGradientKernels {
  int lanes;
  // The gradient is made in tiles of at most so many rows and vectors of columns; a panel has the vectors of
  // one tile.
  int rows, panel;
  // Copies `count` times `n` neighbours; the strides are from one time to the next.
  void (*copy)(const float* from, int64_t fromStride, int64_t count, int64_t n, float* to, int64_t toStride);
  // Adds to sums [rows, vectors · lanes] the products of the image and one panel. A row belongs to one tap
  // and input channel: offsets says where its number of the first position is.
  void (*add)(const GradientBox& box, const float* image, const int64_t* offsets, int64_t rows,
              const float* panel, int64_t vectors, float* sums);
  // Adds the sums over the positions of one panel to bias [vectors · lanes].
  void (*addBias)(const GradientBox& box, const float* panel, int64_t vectors, float* bias);
};

}  // namespace nodegrad
