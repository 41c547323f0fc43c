#include "plan/layer_precision.h"

#include <map>
#include <utility>

#include "graph/precision.h"

namespace nodegrad::plan {

namespace {

std::string precisionOfChain(const IrNode& node) {
  if (!node.program) return "";
  for (const ElementwiseStep& step : node.program->steps)
    if (const std::string precision = precisionOf(step.attrs); !precision.empty()) return precision;
  return "";
}

}  // namespace

LayerPrecisions::LayerPrecisions(Ir& ir, const Backend& backend, Compute compute, bool fuse)
    : ir_(ir), compute_(compute) {
  if (!fuse) return;
  bool anyBf16 = false;
  for (const IrNode& node : ir.nodes) {
    const std::string precision = precisionOf(node.attrs);
    any_ = any_ || !precision.empty();
    anyBf16 = anyBf16 || precision == "bfloat16";
  }
  if (compute == Compute::BFloat16 || !anyBf16 || !backend.hasBfloat16()) return;
  compute_ = Compute::BFloat16;
  ofProgram_ = name(compute);
  for (NodeId n : ir.nodes.ids())
    if (precisionOf(ir.nodes[n].attrs).empty()) ir.setAttr(n, kPrecision, ofProgram_);
}

void LayerPrecisions::separate() {
  if (!any_) return;
  std::map<std::pair<ValueId, std::string>, ValueId> copies;
  for (NodeId n : ir_.nodes.ids()) {
    const std::string precision = precisionOf(ir_.nodes[n].attrs);
    for (size_t i = 0; i < ir_.nodes[n].inputs.size(); ++i) {
      const ValueId value = ir_.nodes[n].inputs[i];
      const IrNode* maker = ir_.producer(value);
      // Passes look for constants.
      if (!maker || maker->inputs.empty() || ir_.type(value).dtype != DType::F32) continue;
      if (precisionOf(maker->attrs) == precision) continue;
      const auto key = std::pair(value, precision);
      if (copies.count(key) == 0) {
        copies[key] = ir_.add("reorder", {value}, ir_.type(value), {}, ir_.nodes[n].rank);
        sides_[copies[key]] = {precisionOf(ir_.producer(value)->attrs), precision};
      }
      ir_.setInput(n, i, copies[key]);
    }
  }
  ir_.sweepAndSort();
  precisions_ = PerValue<std::string>(ir_.values.size(), "");
  for (const IrNode& node : ir_.nodes)
    for (ValueId output : node.outputs) precisions_[output] = precisionOf(node.attrs);
}

void LayerPrecisions::join() {
  if (!any_) return;
  for (NodeId n : ir_.nodes.ids()) {
    const IrNode& node = ir_.nodes[n];
    if (!precisionOf(node.attrs).empty()) continue;
    std::string precision = precisionOfChain(node);
    for (ValueId output : node.outputs)
      if (precision.empty() && precisions_.has(output)) precision = precisions_[output];
    if (!precision.empty()) ir_.setAttr(n, kPrecision, precision);
  }
  propagate();
  if (!ofProgram_.empty())
    for (NodeId n : ir_.nodes.ids())
      if (isOpen(ir_.nodes[n])) ir_.setAttr(n, kPrecision, ofProgram_);
  for (NodeId n : ir_.nodes.ids()) {
    const IrNode& node = ir_.nodes[n];
    if (node.op == "reorder") ir_.replaceUses(node.outputs[0], node.inputs[0]);
  }
  ir_.sweepAndSort();
}

void LayerPrecisions::propagate() {
  bool changed = true;
  while (changed) {
    changed = false;
    for (NodeId n : ir_.nodes.ids()) {
      const std::string precision = isOpen(ir_.nodes[n]) ? precisionNextTo(ir_.nodes[n]) : "";
      if (precision.empty()) continue;
      ir_.setAttr(n, kPrecision, precision);
      changed = true;
    }
  }
}

// Constants have none: nodes of any precision read them.
bool LayerPrecisions::isOpen(const IrNode& node) const {
  return node.op != "reorder" && !node.inputs.empty() && precisionOf(node.attrs).empty();
}

std::string LayerPrecisions::precisionNextTo(const IrNode& node) const {
  const auto isFloat = [&](ValueId value) { return ir_.type(value).dtype == DType::F32; };
  for (ValueId input : node.inputs) {
    const IrNode* maker = ir_.producer(input);
    if (!maker || !isFloat(input)) continue;
    const auto copy = sides_.find(input);
    const std::string precision = copy == sides_.end() ? precisionOf(maker->attrs) : copy->second.reader;
    if (!precision.empty()) return precision;
  }
  for (ValueId output : node.outputs) {
    if (!isFloat(output)) continue;
    for (NodeId n : ir_.readers(output)) {
      const IrNode& reader = ir_.nodes[n];
      const auto copy = sides_.find(reader.outputs[0]);
      const std::string precision = copy == sides_.end() ? precisionOf(reader.attrs) : copy->second.maker;
      if (!precision.empty()) return precision;
    }
  }
  return "";
}

}  // namespace nodegrad::plan
