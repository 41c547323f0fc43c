#pragma once
#include <string>

#include "core/attrs.h"

namespace nodegrad::spec {

// What the rule of an update op ("adamUpdate") computes with, the same in every step. What first, second and
// third mean stands where each rule is written.
struct UpdateRule {
  UpdateRule(const std::string& op, const Attrs& attrs);

  float first = 0, second = 0, third = 0;
  double decay;                 // of the weight, times the learning rate
  double beta1 = 0, beta2 = 0;  // of Adam's bias corrections, else 0
};

}  // namespace nodegrad::spec
