#pragma once
#include "plan/ir.h"

namespace nodegrad::plan {

// Whether a node rounds by a scale for each place along an axis. node: may be null.
inline bool isQuantizedAlong(const Ir& ir, const IrNode* node, size_t axis) {
  if (!node || node->op != "fakeQuantizeAlong") return false;
  const size_t rank = ir.type(node->inputs[0]).shape.size();
  return normalizeAxis(node->op, node->attrs.integer("axis"), rank) == static_cast<int64_t>(axis);
}

}  // namespace nodegrad::plan
