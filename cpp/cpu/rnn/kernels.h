#pragma once
#include <cstdint>

// The inner loops of recurrent layers: what a cell does with the product of its states and the recurrent
// kernel, a row (a sample) at a time. Gates are `units` apart in tensors and `width` apart in
// scratch memory: units rounded up to whole vectors, filled up with zeros. T is float or the bits of
// bfloat16: what is multiplied, and what the tensors of all steps hold, except for cell states.
namespace nodegrad {

struct RnnWidths {
  int64_t units, width;
};

// One row of a step.
template <class T>
struct LstmStep {
  const float* product;  // [4 width]: h · kernel
  const T* x;            // [4 units]
  const float* before;   // c [units]
  T* gates;              // [4 units] (may be x)
  float* c;              // [units] (may be before)
  float* h;              // [width]
  T* state;              // [width]: h as the next product takes it
};
template <class T>
struct LstmBackwardStep {
  const T* gates;           // [4 units]
  const float *c, *before;  // after and before the step [units]
  const float* dy;          // [units]
  float *dh, *dc;           // [width]: dc becomes that of the step before
  T* dz;                    // [4 width]
  T* dx;                    // [4 units] (may be gates)
};

template <class T>
struct GruStep {
  const float* product;  // [3 width], or of the gates, or of the candidate alone
  const T* x;            // [3 units]
  const float* bias;     // [3 units]
  const float* mask;     // [units]: what h is multiplied with before the reset gate, or null
  T *gates, *inner;      // [3 units] (may be x), [units]
  float* h;              // [width]: before, then after the step
  T* state;              // [width]: h as the next product takes it
  T* reset;              // [width]: r · h, under the mask
};
template <class T>
struct GruBackwardStep {
  const T *gates, *inner, *before;  // [3 units], [units]
  const float* dy;                  // [units]
  const float* dh;                  // [width]: what came through a product
  float* carried;                   // [width]: what reached h past the product
  T* dz;                            // [3 width]
  T *dx, *dProduct;                 // [3 units] (may be gates)
};
template <class T>
struct SimpleRnnStep {
  const float* product;  // [width]
  const T* x;            // [units]
  T* after;              // [units] (may be x)
  float* h;              // [width]
  T* state;              // [width]
};
template <class T>
struct SimpleRnnBackwardStep {
  const T* after;        // [units]
  const float *dy, *dh;  // [units], [width]
  T *dz, *dx;            // [width], [units] (may be after)
};

template <class T>
struct RnnKernels {
  // h · mask [units] as a product takes it, and dh += x · mask: a state under the mask of a gate, and back.
  void (*mask)(const RnnWidths& widths, const float* h, const float* mask, T* state);
  void (*maskBackward)(const RnnWidths& widths, const float* x, const float* mask, float* dh);
  void (*lstm)(const RnnWidths& widths, const LstmStep<T>& step);
  void (*lstmBackward)(const RnnWidths& widths, const LstmBackwardStep<T>& step);
  void (*gru)(const RnnWidths& widths, const GruStep<T>& step);
  void (*gruBackward)(const RnnWidths& widths, const GruBackwardStep<T>& step);
  // Where the reset gate comes before the product: the gates, then the candidate and h; and back. The
  // backward pass of the gates finds what came through the candidate's product in dh.
  void (*gruGates)(const RnnWidths& widths, const GruStep<T>& step);
  void (*gruCandidate)(const RnnWidths& widths, const GruStep<T>& step);
  void (*gruCandidateBackward)(const RnnWidths& widths, const GruBackwardStep<T>& step);
  void (*gruGatesBackward)(const RnnWidths& widths, const GruBackwardStep<T>& step);
  void (*simple)(const RnnWidths& widths, const SimpleRnnStep<T>& step);
  void (*simpleBackward)(const RnnWidths& widths, const SimpleRnnBackwardStep<T>& step);
};

}  // namespace nodegrad
