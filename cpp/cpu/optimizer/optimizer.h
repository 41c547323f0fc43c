#pragma once
#include "backend.h"
#include "cpu/isa.h"
#include "cpu/optimizer/kernels.h"

namespace nodegrad {

// How an update op's numbers become those of its inner loop.
struct UpdateRule {
  UpdateFunction run = nullptr;
  UpdateNumbers numbers{};  // rate and keep are set in each run
  double decay = 0;
  double beta1 = 0, beta2 = 0;  // of Adam's bias corrections
  // Whether a step without weight decay leaves any weight as it is, bit for bit, whose gradient and slots are
  // 0: it subtracts 0 then. (Adding 0 would make 0 of -0, and without an epsilon 0 / 0 is NaN.)
  bool isIdentityForZeroGradient = false;

  // The numbers of one step. scalars: the learning rate and, for Adam, the step.
  UpdateNumbers at(const void* const* scalars) const;
  // Whether a step with such numbers is that identity.
  bool isIdentityForZeroGradientAt(const UpdateNumbers& step) const;
};

// The rule of an op ("adamUpdate") with its attributes.
UpdateRule updateRule(const std::string& op, const Attrs& attrs);

}  // namespace nodegrad
