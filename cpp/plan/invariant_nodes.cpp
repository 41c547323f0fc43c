#include "plan/invariant_nodes.h"

#include <algorithm>

namespace nodegrad::plan {

void InvariantNodes::add(const Ir& ir, const MemoryMap& map, NodeId node, std::unique_ptr<Kernel> kernel) {
  const IrNode& from = ir.nodes[node];
  Step step;
  step.node = node;
  step.kernel = std::move(kernel);
  for (ValueId input : from.inputs) {
    const Slot& slot = map.slots[input];
    const bool parameter = slot.kind == MemoryKind::Parameter;
    step.inputs.push_back({parameter ? ValueId() : ValueId(slot.index), slot.index, 0});
  }
  step.outputs = from.outputs;
  for (ValueId output : step.outputs) makers_[output] = steps_.size();
  step.kept = std::any_of(step.outputs.begin(), step.outputs.end(), [&](ValueId output) {
    const std::vector<NodeId> readers = memoryReaders(ir, output);
    return std::any_of(readers.begin(), readers.end(), [&](NodeId reader) {
      const IrNode& next = ir.nodes[reader];
      return !next.invariant && !isAlias(ir, next);
    });
  });
  steps_.push_back(std::move(step));
}

bool InvariantNodes::isOutdated(const Ir& ir, const Step& step) const {
  return !step.made || std::any_of(step.inputs.begin(), step.inputs.end(), [&](const Input& input) {
    return input.value ? steps_[makers_.at(input.value)].due
                       : ir.storages[input.parameter]->version != input.seen;
  });
}

void InvariantNodes::refresh(const Ir& ir, Backend& backend) {
  bool any = false;
  for (Step& step : steps_) any |= step.due = isOutdated(ir, step);
  if (!any) return;
  // What a due step reads may have been let go of.
  for (size_t s = steps_.size(); s-- > 0;)
    for (const Input& input : steps_[s].inputs)
      if (steps_[s].due && input.value && !buffers_.count(input.value))
        steps_[makers_.at(input.value)].due = true;
  for (Step& step : steps_)
    if (step.due) run(ir, backend, step);
  // After an earlier refusal in this run kernels may have done nothing, too.
  backend.finish();
  for (Step& step : steps_) step.made = step.made || step.due;
  for (const Step& step : steps_)
    if (!step.kept)
      for (ValueId output : step.outputs) buffers_.erase(output);
}

void InvariantNodes::run(const Ir& ir, Backend& backend, Step& step) {
  step.made = false;  // should it fail
  std::vector<void*> inputs, outputs;
  for (Input& input : step.inputs) {
    if (input.value) {
      inputs.push_back(data(input.value));
      continue;
    }
    const Storage& storage = *ir.storages[input.parameter];
    input.seen = storage.version;
    inputs.push_back(storage.buffer->data());
  }
  for (ValueId output : step.outputs) {
    auto& buffer = buffers_[output];
    if (!buffer) buffer = backend.allocate(bytesOf(ir.values[output]));
    outputs.push_back(buffer->data());
  }
  const auto scratch = backend.allocate(step.kernel->scratchBytes());
  step.kernel->run(inputs.data(), outputs.data(), scratch->data());
}

}  // namespace nodegrad::plan
