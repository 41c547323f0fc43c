#pragma once
#include <cstdint>

// The inner loops of recurrent layers: the product of a step's states with a packed kernel, and what a cell
// does with the result, a row (a sample) at a time. Gates lie `units` apart in tensors and `width` apart in
// scratch memory, which is units rounded up to whole vectors, zeros behind.
namespace nodegrad {

struct RnnWidths {
  int64_t units, width;
};

// One row of a step.
struct LstmStep {
  const float* product;  // [4 width]: h · kernel
  const float* x;        // [4 units]
  const float* before;   // c [units]
  float *gates, *c;      // [4 units] (may be x), [units]
  float* h;              // [width]
};
struct LstmBackwardStep {
  const float *gates, *c, *before;  // [4 units], c after and before the step [units]
  const float* dy;                  // [units]
  float *dh, *dc;                   // [width]: dc becomes that of the step before
  float* dz;                        // [4 width]
  float* dx;                        // [4 units] (may be gates)
};

struct RnnKernels {
  int lanes;
  int panel;     // vectors of columns in a panel of a packed matrix (the last one may have fewer)
  int tileRows;  // rows that multiply takes at once

  // y [rows, columns · lanes] = x [rows, depth] · a matrix in panels [depth][panel · lanes] one after
  // another.
  void (*multiply)(const float* x, int64_t xStride, int64_t rows, int64_t depth, const float* packed,
                   int64_t columns, float* y, int64_t yStride);
  void (*lstm)(const RnnWidths& widths, const LstmStep& step);
  void (*lstmBackward)(const RnnWidths& widths, const LstmBackwardStep& step);
};

}  // namespace nodegrad
