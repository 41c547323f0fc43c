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

// Walks the nodes in order, asks the backend for each one's layouts, and puts a reorder where a value lies
// otherwise.
class LayoutWalk {
 public:
  // open: for each parameter, whether its layout may still be chosen.
  LayoutWalk(Ir& ir, Backend& backend, std::vector<bool> open)
      : ir_(ir), backend_(backend), open_(std::move(open)), reordered_(ir.values.size()) {}

  void run() {
    const std::vector<LayoutPtr> wishes = gradientWishes();
    for (IrNode& node : ir_.takeNodes()) {
      KernelSpec spec = ir_.spec(node);
      for (size_t o = 0; o < node.outputs.size(); ++o)
        spec.outputLayouts[o] = wishes[static_cast<size_t>(node.outputs[o])];
      std::vector<bool> flexible;
      // Only ops that care may choose a parameter's layout.
      const bool agnostic = isLayoutAgnostic(node.op);
      for (int input : node.inputs) flexible.push_back(!agnostic && isOpen(input));
      const LayoutChoice choice = backend_.layouts(spec, flexible);
      for (size_t i = 0; i < node.inputs.size(); ++i) {
        const bool mayLive = !choice.inputs[i] || choice.inputs[i]->keepsNumbers();
        if (flexible[i] && mayLive && isOpen(node.inputs[i])) {
          IrValue& parameter = ir_.values[static_cast<size_t>(node.inputs[i])];
          parameter.layout = choice.inputs[i];
          open_[static_cast<size_t>(parameter.index)] = false;
        }
        node.inputs[i] = inLayout(node.inputs[i], choice.inputs[i], node.rank);
      }
      for (size_t o = 0; o < node.outputs.size(); ++o)
        ir_.values[static_cast<size_t>(node.outputs[o])].layout = choice.outputs[o];
      ir_.append(std::move(node));
    }
    const double end = ir_.nodes.empty() ? 0 : ir_.nodes.back().rank + 1;
    for (int& value : ir_.fetches) value = inLayout(value, nullptr, end);
    for (IrUpdate& update : ir_.updates) {
      const int parameter = ir_.parameters[static_cast<size_t>(update.parameter)];
      update.value = inLayout(update.value, ir_.values[static_cast<size_t>(parameter)].layout, end);
    }
  }

 private:
  bool isOpen(int value) const {
    const IrValue& v = ir_.values[static_cast<size_t>(value)];
    return v.origin == Origin::Parameter && open_[static_cast<size_t>(v.index)];
  }

  // A weight's gradient had best lie as the weight does.
  std::vector<LayoutPtr> gradientWishes() const {
    std::vector<LayoutPtr> wishes(ir_.values.size());
    for (const IrNode& node : ir_.nodes)
      if (isUpdate(node.op))
        wishes[static_cast<size_t>(node.inputs[1])] = ir_.values[static_cast<size_t>(node.inputs[0])].layout;
    return wishes;
  }

  int inLayout(int value, const LayoutPtr& wanted, double rank) {
    if (sameLayout(ir_.values[static_cast<size_t>(value)].layout, wanted)) return value;
    if (reordered_.size() <= static_cast<size_t>(value)) reordered_.resize(ir_.values.size());
    // A copy of a copy is made from the original.
    const IrNode* from = ir_.producer(value);
    const int source = from && from->op == "reorder" ? from->inputs[0] : value;
    const TensorType type = ir_.type(value);
    if (ir_.type(source) == type && sameLayout(ir_.values[static_cast<size_t>(source)].layout, wanted))
      return source;
    for (int other : reordered_[static_cast<size_t>(value)])
      if (sameLayout(ir_.values[static_cast<size_t>(other)].layout, wanted)) return other;
    const int node = ir_.addNode("reorder", {source}, {type}, {}, rank);
    const int made = ir_.nodes[static_cast<size_t>(node)].outputs[0];
    ir_.values[static_cast<size_t>(made)].layout = wanted;
    reordered_.resize(ir_.values.size());
    reordered_[static_cast<size_t>(value)].push_back(made);
    return made;
  }

  Ir& ir_;
  Backend& backend_;
  std::vector<bool> open_;
  std::vector<std::vector<int>> reordered_;
};

}  // namespace

void chooseLayouts(Ir& ir, Backend& backend) {
  // A first walk on a copy finds what the parameters want, whichever reader comes first; the second takes
  // that as given.
  Ir draft = ir;
  LayoutWalk(draft, backend, std::vector<bool>(ir.parameters.size(), true)).run();
  for (int parameter : ir.parameters)
    ir.values[static_cast<size_t>(parameter)].layout = draft.values[static_cast<size_t>(parameter)].layout;
  LayoutWalk(ir, backend, std::vector<bool>(ir.parameters.size(), false)).run();
  ir.sweepAndSort();
}

}  // namespace nodegrad::plan
