#pragma once
#include "backend.h"
#include "cpu/isa.h"
#include "cpu/optimizer/kernels.h"

namespace nodegrad {

// How an update op's numbers become those of its inner loop.
struct UpdateRule {
  UpdateFunction run;
  UpdateNumbers numbers{};  // rate and keep are set in each run
  double decay = 0;
  double beta1 = 0, beta2 = 0;  // of Adam's bias corrections

  // The numbers of one step. scalars: the learning rate and, for Adam, the step.
  UpdateNumbers at(const void* const* scalars) const;
};

// The rule of an op ("adamUpdate") with its attributes.
UpdateRule updateRule(const std::string& op, const Attrs& attrs);

}  // namespace nodegrad
