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

struct GruStep {
  const float* product;  // [3 width], or of the gates, or of the candidate alone
  const float* x;        // [3 units]
  const float* bias;     // [3 units]
  float *gates, *inner;  // [3 units] (may be x), [units]
  float* h;              // [width]: before, then after the step
  float* reset;          // [width]: r · h
};
struct GruBackwardStep {
  const float *gates, *inner, *before;  // [3 units], [units]
  const float* dy;                      // [units]
  const float* dh;                      // [width]: what came through a product
  float* carried;                       // [width]: what reached h beside it
  float* dz;                            // [3 width]
  float *dx, *dProduct;                 // [3 units] (may be gates)
};
struct SimpleRnnStep {
  const float *product, *x;  // [width], [units]
  float *after, *h;          // [units] (may be x), [width]
};
struct SimpleRnnBackwardStep {
  const float *after, *dy, *dh;  // [units], [units], [width]
  float *dz, *dx;                // [width], [units] (may be after)
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
  void (*gru)(const RnnWidths& widths, const GruStep& step);
  void (*gruBackward)(const RnnWidths& widths, const GruBackwardStep& step);
  // Where the reset gate comes before the product: the gates, then the candidate and h; and back. The
  // backward pass of the gates finds what came through the candidate's product in dh.
  void (*gruGates)(const RnnWidths& widths, const GruStep& step);
  void (*gruCandidate)(const RnnWidths& widths, const GruStep& step);
  void (*gruCandidateBackward)(const RnnWidths& widths, const GruBackwardStep& step);
  void (*gruGatesBackward)(const RnnWidths& widths, const GruBackwardStep& step);
  void (*simple)(const RnnWidths& widths, const SimpleRnnStep& step);
  void (*simpleBackward)(const RnnWidths& widths, const SimpleRnnBackwardStep& step);
};

}  // namespace nodegrad
