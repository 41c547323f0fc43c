#pragma once
#include <cstdint>

// The inner loops of the optimizers' updates.
namespace nodegrad {

// One step of an optimizer on the elements [begin, end): in holds the weight, its gradient and the slots; out
// the new weight and slots, which may be written over the old ones. Zeros stay zeros.
struct UpdateNumbers {
  float rate = 0;  // the learning rate, or what replaces it (Adam's with its bias corrections)
  float keep = 0;  // what weight decay leaves of the weight: 1 - lr · weightDecay
  float first = 0, second = 0, third = 0;  // the op's own
};
using UpdateFunction = void (*)(const float* const* in, float* const* out, const UpdateNumbers& numbers,
                                int64_t begin, int64_t end);
struct OptimizerKernels {
  UpdateFunction sgd, momentum, nesterov, rmsprop, rmspropCentered, adam, adamAmsgrad, adadelta;
  bool (*allZero)(const float* x, int64_t n);  // every bit: -0 is none
};

}  // namespace nodegrad
