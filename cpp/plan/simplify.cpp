#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include "plan/match.h"

namespace nodegrad::plan {

namespace {

// The value of an op on filled constants, for the few ops that gradients and learning rates make of
// constants.
std::optional<double> fold(const std::string& op, const std::vector<double>& v) {
  if (op == "add") return v[0] + v[1];
  if (op == "subtract") return v[0] - v[1];
  if (op == "multiply") return v[0] * v[1];
  if (op == "divide" && v[1] != 0) return v[0] / v[1];
  if (op == "negative") return -v[0];
  if (op == "broadcastTo" || op == "reshape") return v[0];
  return std::nullopt;
}

Attrs filled(double value, const TensorType& type) {
  return Attrs{{"value", value}, {"shape", type.shape}, {"dtype", std::string(name(type.dtype))}};
}

// Ops on constants alone become constants.
bool foldConstants(Ir& ir) {
  bool changed = false;
  for (NodeId n : ir.nodes.ids()) {
    const IrNode& node = ir.nodes[n];
    if (node.inputs.empty() || node.outputs.size() != 1 || ir.type(node.outputs[0]).dtype != DType::F32)
      continue;
    std::vector<double> inputs;
    for (ValueId input : node.inputs)
      if (auto value = ir.constantOf(input)) inputs.push_back(*value);
    if (inputs.size() != node.inputs.size()) continue;
    if (auto value = fold(node.op, inputs)) {
      IrNode constant;
      constant.op = "constant";
      constant.outputs = node.outputs;
      constant.attrs = filled(*value, ir.type(node.outputs[0]));
      constant.rank = node.rank;
      ir.put(n, std::move(constant));
      changed = true;
    }
  }
  return changed;
}

// The input that a node merely repeats, or none.
ValueId repeated(const Ir& ir, const IrNode& node) {
  const auto sameType = [&](ValueId input) { return ir.type(input) == ir.type(node.outputs[0]); };
  const auto is = [&](ValueId input, double wanted) { return ir.constantOf(input) == wanted; };
  if (node.op == "multiply" || node.op == "add") {
    const double neutral = node.op == "multiply" ? 1 : 0;
    if (is(node.inputs[1], neutral) && sameType(node.inputs[0])) return node.inputs[0];
    if (is(node.inputs[0], neutral) && sameType(node.inputs[1])) return node.inputs[1];
  }
  if ((node.op == "divide" && is(node.inputs[1], 1)) || (node.op == "subtract" && is(node.inputs[1], 0)))
    return sameType(node.inputs[0]) ? node.inputs[0] : ValueId();
  if ((node.op == "cast" || node.op == "reshape") && sameType(node.inputs[0])) return node.inputs[0];
  if (node.op == "transpose") {
    const Dims& perm = node.attrs.integers("perm");
    return std::is_sorted(perm.begin(), perm.end()) ? node.inputs[0] : ValueId();
  }
  return {};
}

// A reshape of a reshape reads the first one's input; a broadcast inside an element-wise op is left to that
// op.
bool skipThrough(Ir& ir) {
  bool changed = false;
  for (NodeId n : ir.nodes.ids()) {
    const IrNode& node = ir.nodes[n];
    const bool elementwise = isElementwise(node.op);
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const IrNode* from = ir.producer(node.inputs[i]);
      if (!from) continue;
      if (node.op == "reshape" && from->op == "reshape") {
        ir.setInput(n, i, from->inputs[0]);
        changed = true;
      } else if (elementwise && from->op == "broadcastTo") {
        // Only where the other inputs, or the source itself, still give the whole shape.
        std::vector<ValueId> inputs = node.inputs;
        inputs[i] = from->inputs[0];
        Dims shape = ir.type(inputs[0]).shape;
        for (ValueId input : inputs) shape = broadcast(node.op, shape, ir.type(input).shape);
        if (shape == ir.type(node.outputs[0]).shape) {
          ir.setInputs(n, std::move(inputs));
          changed = true;
        }
      }
    }
  }
  return changed;
}

bool dropRepeated(Ir& ir) {
  bool changed = false;
  for (NodeId n : ir.nodes.ids()) {
    if (ir.nodes[n].outputs.size() != 1) continue;
    const ValueId output = ir.nodes[n].outputs[0];
    const ValueId input = repeated(ir, ir.nodes[n]);
    if (input) {
      ir.replaceUses(output, input);
      changed = true;
    }
  }
  return changed;
}

// Equal nodes become one.
bool mergeEqual(Ir& ir) {
  bool changed = false;
  std::map<std::pair<std::string, std::vector<ValueId>>, std::vector<NodeId>> seen;
  for (NodeId n : ir.nodes.ids()) {
    const IrNode& node = ir.nodes[n];
    auto& same = seen[{node.op, node.inputs}];
    const auto equal = std::find_if(same.begin(), same.end(), [&](NodeId other) {
      return ir.nodes[other].attrs == node.attrs &&
             ir.type(ir.nodes[other].outputs[0]) == ir.type(node.outputs[0]);
    });
    if (equal == same.end()) {
      same.push_back(n);
      continue;
    }
    const std::vector<ValueId> from = node.outputs, to = ir.nodes[*equal].outputs;
    for (size_t i = 0; i < from.size(); ++i) ir.replaceUses(from[i], to[i]);
    changed = true;
  }
  return changed;
}

// where(r > 0, maxPoolBackward(dy, indices), 0) = maxPoolBackward(where(y > 0, dy, 0), indices), since y
// is r at the position of each maximum: the mask is then made on the pooled, smaller tensor.
bool moveMaskAfterPooling(Ir& ir) {
  bool changed = false;
  for (NodeId n : ir.nodes.ids()) {
    const IrNode select = ir.nodes[n];
    const auto mask = reluMask(ir, select);
    if (!mask) continue;
    const IrNode* back = ir.producer(mask->gradient);
    if (!back || back->op != "maxPoolBackward" || ir.uses(select.inputs[1]) != 1) continue;
    const IrNode* pool = ir.producer(back->inputs[1]);
    if (!pool || pool->op != "maxPool" || pool->inputs[0] != mask->y) continue;
    const IrNode backward = *back;
    const ValueId zero = select.inputs[2], pooled = pool->outputs[0];
    const Dims small = ir.type(pooled).shape;
    const ValueId positive = ir.add("greater", {pooled, zero}, {DType::Bool, small}, {}, select.rank);
    const ValueId gate =
        ir.add("where", {positive, backward.inputs[0], zero}, {DType::F32, small}, {}, select.rank);
    const ValueId moved = ir.add("maxPoolBackward", {gate, backward.inputs[1]}, ir.type(select.outputs[0]),
                                 backward.attrs, select.rank);
    ir.replaceUses(select.outputs[0], moved);
    changed = true;
  }
  return changed;
}

}  // namespace

void simplify(Ir& ir) {
  // Each round only shortens the graph or moves a mask towards a smaller tensor, so this ends.
  bool changed = true;
  while (changed) {
    changed = foldConstants(ir);
    changed |= skipThrough(ir);
    changed |= dropRepeated(ir);
    ir.sweepAndSort();
    changed |= mergeEqual(ir);
    ir.sweepAndSort();
    changed |= moveMaskAfterPooling(ir);
    ir.sweepAndSort();
  }
}

}  // namespace nodegrad::plan
