#pragma once
#include <cstdint>

// The inner loop of convolutions of images with few channels on tiles of bfloat16: a row of outputs.
namespace nodegrad {

// Filters are tiles [block of 16 output channels][tap row][pair of numbers][16][2]: the numbers of a tap row,
// all its taps' channels, are next to each other in the image, zero where their number is odd.
struct TileNarrowRow {
  const uint16_t* x;           // the first number of the first output's window, zeros around the image
  int64_t step;                // numbers from an output's window to the next one's
  int64_t tapRows, tapStride;  // and from a window's row to the next one
  int64_t pairs;               // of a tap row, at most 16
  const uint16_t* filters;
  const float* bias;  // or null
  bool relu;
  int64_t blocks;  // of output channels
  int64_t count;   // outputs
  uint16_t* y;     // [count][16 blocks]
};

struct TileNarrowKernels {
  // `rows` rows whose x and y are xStride and yStride numbers apart.
  void (*rows)(const TileNarrowRow& row, int64_t rows, int64_t xStride, int64_t yStride);
};

}  // namespace nodegrad
