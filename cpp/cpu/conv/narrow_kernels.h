#pragma once
#include <cstdint>

// The inner loops of convolutions whose result has few channels: vectors go along the channels of the image,
// and are summed up at the end.
namespace nodegrad {

// One tap of the filters.
struct NarrowTap {
  const float* x;  // what it multiplies for the first position
  const float* w;  // [results][channels]
};

struct NarrowRow {
  int64_t runs, runVectors, runStride;  // the channels of a position: runs of vectors, floats between them
  int64_t step;                         // floats of the image from one position to the next
  int64_t yStep;                        // of the result
  const float* bias;                    // of each result; null: none
};

struct NarrowConvKernels {
  int lanes;
  int results;  // at the most
  // Makes `positions` neighbours of a row, of so many results each.
  void (*row)(const NarrowRow& row, const NarrowTap* taps, int64_t count, int results, int64_t positions,
              float* y);
  // sums [results][channels] += what as many neighbours of a row add to the gradient of one tap: x times dy,
  // whose positions are `results` numbers each.
  void (*gradient)(const NarrowRow& row, const float* x, const float* dy, int results, int64_t positions,
                   float* sums);
};

}  // namespace nodegrad
