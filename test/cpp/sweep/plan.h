#pragma once
#include <functional>
#include <string>

#include "sweep/family.h"

namespace nodegrad::sweep {

// A random net with its gradients, planned with all fusions, layouts and precisions. "" where its numbers are
// those of the plain evaluation.
std::string runPlan(Random& random, const std::function<void(const std::string& what)>& tell);

}  // namespace nodegrad::sweep
