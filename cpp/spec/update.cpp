#include "spec/update.h"

#include "spec/composition.h"

namespace nodegrad::spec {

namespace {

Exprs lowerUpdate(const Lowering& node) {
  const Update update(node.spec);
  Exprs outputs;
  for (size_t w = 0; w < update.weights; ++w) {
    const auto first = node.inputs.begin() + static_cast<long>(update.firstInput(w));
    Exprs operands(first, first + static_cast<long>(update.slots + 2));
    operands.insert(operands.end(), node.inputs.begin() + static_cast<long>(update.firstScalar()),
                    node.inputs.end());
    for (const Expr& output : node.op(node.spec.op, operands, node.spec.attrs)) outputs.push_back(output);
  }
  return outputs;
}

Exprs lowerRowsUpdate(const Lowering& node) {
  const RowsUpdate update(node.spec);
  const std::string& rule = node.spec.attrs.text("rule");
  Exprs operands(node.inputs.begin(), node.inputs.end() - 1);
  operands[1] = apply("gatherBackward", {operands[1], node.inputs[update.indices], operands[0]});
  return node.op(rule, operands, node.attrsOf(rule));
}

std::vector<AttrSpec> attrsOfRule(const KernelSpec& spec) { return findOp(spec.attrs.text("rule")).attrs; }

}  // namespace

Update::Update(const KernelSpec& spec) {
  const OpDef& op = findOp(spec.op);
  slots = static_cast<size_t>(op.updateSlots);
  scalars = static_cast<size_t>(op.minInputs) - 2 - slots;
  weights = (spec.inputs.size() - scalars) / (slots + 2);
}

RowsUpdate::RowsUpdate(const KernelSpec& spec)
    : slots(static_cast<size_t>(findOp(spec.attrs.text("rule")).updateSlots)),
      firstScalar(slots + 2),
      indices(spec.inputs.size() - 1) {}

void addUpdates(FusedOps& ops) {
  for (const std::string& name : opNames())
    if (findOp(name).isUpdate()) ops[name] = {{}, lowerUpdate};
  ops["rowsUpdate"] = {{{"rule", AttrKind::Text}}, lowerRowsUpdate, attrsOfRule};
}

}  // namespace nodegrad::spec
