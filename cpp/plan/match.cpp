#include "plan/match.h"

#include <utility>

namespace nodegrad::plan {

std::optional<ReluMask> reluMask(const Ir& ir, const IrNode& select) {
  if (select.op != "where" || ir.constantOf(select.inputs[2]) != 0.0) return std::nullopt;
  const IrNode* positive = ir.producer(select.inputs[0]);
  if (!positive || positive->op != "greater" || ir.constantOf(positive->inputs[1]) != 0.0)
    return std::nullopt;
  return ReluMask{positive->inputs[0], select.inputs[1]};
}

std::optional<ReluMask> reluMask(const Ir& ir, ValueId value) {
  const IrNode* select = ir.producer(value);
  return select ? reluMask(ir, *select) : std::nullopt;
}

bool absorb(Ir& ir, const Backend& backend, NodeId n, IrNode fused, NodeId reader, ValueId result) {
  if (!backend.supports(ir.spec(fused))) return false;
  if (!result) result = fused.outputs[0];
  ir.put(n, std::move(fused));
  ir.detach(reader);
  ir.replaceUses(ir.nodes[reader].outputs[0], result);
  return true;
}

}  // namespace nodegrad::plan
