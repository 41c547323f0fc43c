#include <algorithm>

#include "plan/ir.h"
#include "spec/composition.h"

namespace nodegrad::plan {

namespace {

bool isLayoutAgnostic(const std::string& op) {
  if (const OpDef* def = findKnownOp(op)) return def->isLayoutAgnostic();
  const auto fused = spec::fusedOps().find(op);
  return fused != spec::fusedOps().end() && fused->second.layoutAgnostic;
}

// Goes through the nodes in order, asks the backend for each one's layouts, and puts a reorder where a value
// has another one.
class LayoutPass {
 public:
  // undecided: for each parameter, whether its layout may still be chosen.
  LayoutPass(Ir& ir, Backend& backend, std::vector<bool> undecided)
      : ir_(ir), backend_(backend), undecided_(std::move(undecided)), reordered_(ir.values.size()) {}

  void run() {
    const PerValue<LayoutPtr> preferred = gradientLayouts();
    for (IrNode& node : ir_.takeNodes()) {
      KernelSpec spec = ir_.spec(node);
      for (size_t o = 0; o < node.outputs.size(); ++o) spec.outputLayouts[o] = preferred[node.outputs[o]];
      std::vector<bool> undecided;
      // Only ops that care may choose a parameter's layout.
      const bool agnostic = isLayoutAgnostic(node.op);
      for (ValueId input : node.inputs) undecided.push_back(!agnostic && isUndecided(input));
      const LayoutChoice choice = backend_.layouts(spec, undecided);
      for (size_t i = 0; i < node.inputs.size(); ++i) {
        const bool mayLive = !choice.inputs[i] || choice.inputs[i]->keepsNumbers();
        if (undecided[i] && mayLive && isUndecided(node.inputs[i])) {
          IrValue& parameter = ir_.values[node.inputs[i]];
          parameter.layout = choice.inputs[i];
          undecided_[parameter.index] = false;
        }
        node.inputs[i] = inLayout(node.inputs[i], choice.inputs[i], node.rank);
      }
      for (size_t o = 0; o < node.outputs.size(); ++o) ir_.values[node.outputs[o]].layout = choice.outputs[o];
      ir_.append(std::move(node));
    }
    const double end = ir_.nodes.empty() ? 0 : ir_.nodes.back().rank + 1;
    for (ValueId& value : ir_.fetches) value = inLayout(value, nullptr, end);
    for (IrUpdate& update : ir_.updates) {
      const ValueId parameter = ir_.parameters[update.parameter];
      update.value = inLayout(update.value, ir_.values[parameter].layout, end);
    }
  }

 private:
  bool isUndecided(ValueId value) const {
    const IrValue& v = ir_.values[value];
    return v.origin == Origin::Parameter && undecided_[v.index];
  }

  // A weight's gradient should have the layout of the weight.
  PerValue<LayoutPtr> gradientLayouts() const {
    PerValue<LayoutPtr> layouts(ir_.values.size());
    for (const IrNode& node : ir_.nodes)
      if (isUpdate(node.op)) layouts[node.inputs[1]] = ir_.values[node.inputs[0]].layout;
    return layouts;
  }

  ValueId inLayout(ValueId value, const LayoutPtr& wanted, double rank) {
    if (sameLayout(ir_.values[value].layout, wanted)) return value;
    if (!reordered_.has(value)) reordered_.resize(ir_.values.size());
    // A copy of a copy is made from the original.
    const IrNode* from = ir_.producer(value);
    const ValueId source = from && from->op == "reorder" ? from->inputs[0] : value;
    const TensorType type = ir_.type(value);
    if (ir_.type(source) == type && sameLayout(ir_.values[source].layout, wanted)) return source;
    for (ValueId other : reordered_[value])
      if (sameLayout(ir_.values[other].layout, wanted)) return other;
    const ValueId reordered = ir_.add("reorder", {source}, type, {}, rank);
    ir_.values[reordered].layout = wanted;
    reordered_.resize(ir_.values.size());
    reordered_[value].push_back(reordered);
    return reordered;
  }

  Ir& ir_;
  Backend& backend_;
  std::vector<bool> undecided_;
  PerValue<std::vector<ValueId>> reordered_;  // the copies of each value in other layouts
};

}  // namespace

void chooseLayouts(Ir& ir, Backend& backend) {
  // A first pass over a copy finds what the parameters want, whichever reader comes first; the second one
  // takes that as given.
  Ir draft = ir;
  LayoutPass(draft, backend, std::vector<bool>(ir.parameters.size(), true)).run();
  for (ValueId parameter : ir.parameters) ir.values[parameter].layout = draft.values[parameter].layout;
  LayoutPass(ir, backend, std::vector<bool>(ir.parameters.size(), false)).run();
  ir.sweepAndSort();
}

}  // namespace nodegrad::plan
