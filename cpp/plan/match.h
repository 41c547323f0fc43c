#pragma once
#include <optional>

#include "plan/ir.h"

// Patterns that several passes look for, and what they make of them.
namespace nodegrad::plan {

// where(y > 0, gradient, 0): the gradient of a ReLU whose output is y.
struct ReluMask {
  ValueId y, gradient;
};
std::optional<ReluMask> reluMask(const Ir& ir, const IrNode& select);
// The same of the node that computes a value.
std::optional<ReluMask> reluMask(const Ir& ir, ValueId value);

// Node n becomes `fused`, which does what its only reader did, too, where the backend can. Tells
// whether it does. result: what takes the place of the reader's output, the first output of n or a reshape of
// it.
bool absorb(Ir& ir, const Backend& backend, NodeId n, IrNode fused, NodeId reader, ValueId result = {});

}  // namespace nodegrad::plan
