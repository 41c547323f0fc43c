#pragma once
#include "plan/ir.h"
#include "random_net.h"

namespace nodegrad::testing {

// The fetches of a plan's nodes and then the results of its updates, in float64: each node by its composition
// of public ops.
std::vector<Array> evaluate(const plan::Ir& ir, const RandomNet& net);

}  // namespace nodegrad::testing
