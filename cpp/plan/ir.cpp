#include "plan/ir.h"

#include <algorithm>
#include <queue>

namespace nodegrad::plan {

int Ir::addValue(const TensorType& type, Origin origin, int index) {
  IrValue value;
  value.type = type;
  value.origin = origin;
  value.index = index;
  values.push_back(std::move(value));
  return static_cast<int>(values.size()) - 1;
}

int Ir::addNode(const std::string& op, std::vector<int> inputs, const std::vector<TensorType>& outputs,
                Attrs attrs, double rank) {
  IrNode node;
  node.op = op;
  node.inputs = std::move(inputs);
  node.attrs = std::move(attrs);
  node.rank = rank;
  const int index = static_cast<int>(nodes.size());
  for (size_t i = 0; i < outputs.size(); ++i) {
    node.outputs.push_back(addValue(outputs[i], Origin::Computed, index));
    values.back().output = static_cast<int>(i);
  }
  nodes.push_back(std::move(node));
  return index;
}

const IrNode* Ir::producer(int value) const {
  const IrValue& v = values[static_cast<size_t>(value)];
  return v.origin == Origin::Computed ? &nodes[static_cast<size_t>(v.index)] : nullptr;
}

std::vector<std::vector<int>> Ir::consumers() const {
  std::vector<std::vector<int>> readers(values.size());
  for (size_t n = 0; n < nodes.size(); ++n)
    for (int input : nodes[n].inputs) readers[static_cast<size_t>(input)].push_back(static_cast<int>(n));
  return readers;
}

std::vector<int> Ir::useCounts() const {
  std::vector<int> counts(values.size(), 0);
  for (const IrNode& node : nodes)
    for (int input : node.inputs) ++counts[static_cast<size_t>(input)];
  for (int value : fetches) ++counts[static_cast<size_t>(value)];
  for (const IrUpdate& update : updates) ++counts[static_cast<size_t>(update.value)];
  return counts;
}

int Ir::soleReader(int value) const {
  int reader = -1;
  for (size_t n = 0; n < nodes.size(); ++n)
    for (int input : nodes[n].inputs) {
      if (input != value) continue;
      if (reader >= 0) return -1;
      reader = static_cast<int>(n);
    }
  const bool kept = std::count(fetches.begin(), fetches.end(), value) != 0 ||
                    std::any_of(updates.begin(), updates.end(),
                                [&](const IrUpdate& update) { return update.value == value; });
  return kept ? -1 : reader;
}

std::optional<double> Ir::constantOf(int value) const {
  const IrNode* node = producer(value);
  if (!node || node->op != "constant") return std::nullopt;
  return node->attrs.number("value");
}

int Ir::channelVector(int value, int64_t channels, size_t channelFromEnd) const {
  const Dims& shape = type(value).shape;
  if (shape == Dims{channels}) return channelFromEnd == 0 ? value : -1;
  if (count(shape) != channels || shape.size() <= channelFromEnd ||
      shape[shape.size() - 1 - channelFromEnd] != channels)
    return -1;
  const IrNode* node = producer(value);
  return node && node->op == "reshape" && type(node->inputs[0]).shape == Dims{channels} ? node->inputs[0]
                                                                                        : -1;
}

void Ir::replaceUses(int from, int to) {
  for (IrNode& node : nodes) std::replace(node.inputs.begin(), node.inputs.end(), from, to);
  std::replace(fetches.begin(), fetches.end(), from, to);
  for (IrUpdate& update : updates)
    if (update.value == from) update.value = to;
}

void Ir::sweepAndSort(const std::vector<std::pair<int, int>>& before) {
  const size_t count = nodes.size();
  std::vector<bool> needed(count, false);
  std::vector<int> stack;
  const auto need = [&](int value) {
    const IrValue& v = values[static_cast<size_t>(value)];
    if (v.origin == Origin::Computed && !needed[static_cast<size_t>(v.index)]) {
      needed[static_cast<size_t>(v.index)] = true;
      stack.push_back(v.index);
    }
  };
  for (int value : fetches) need(value);
  for (const IrUpdate& update : updates) need(update.value);
  while (!stack.empty()) {
    const int index = stack.back();
    stack.pop_back();
    for (int input : nodes[static_cast<size_t>(index)].inputs) need(input);
  }

  std::vector<std::vector<int>> next(count);
  std::vector<int> waiting(count, 0);
  const auto edge = [&](int first, int then) {
    if (!needed[static_cast<size_t>(first)] || !needed[static_cast<size_t>(then)]) return;
    next[static_cast<size_t>(first)].push_back(then);
    ++waiting[static_cast<size_t>(then)];
  };
  for (size_t n = 0; n < count; ++n)
    for (int input : nodes[n].inputs)
      if (values[static_cast<size_t>(input)].origin == Origin::Computed)
        edge(values[static_cast<size_t>(input)].index, static_cast<int>(n));
  for (const auto& pair : before) edge(pair.first, pair.second);

  using Entry = std::pair<double, int>;
  std::priority_queue<Entry, std::vector<Entry>, std::greater<Entry>> ready;
  for (size_t n = 0; n < count; ++n)
    if (needed[n] && !waiting[n]) ready.push({nodes[n].rank, static_cast<int>(n)});
  std::vector<IrNode> sorted;
  while (!ready.empty()) {
    const int index = ready.top().second;
    ready.pop();
    for (int then : next[static_cast<size_t>(index)])
      if (--waiting[static_cast<size_t>(then)] == 0)
        ready.push({nodes[static_cast<size_t>(then)].rank, then});
    for (int output : nodes[static_cast<size_t>(index)].outputs)
      values[static_cast<size_t>(output)].index = static_cast<int>(sorted.size());
    sorted.push_back(std::move(nodes[static_cast<size_t>(index)]));
  }
  if (sorted.size() != static_cast<size_t>(std::count(needed.begin(), needed.end(), true)))
    fail(ErrorCode::Internal, "a pass of the plan made a cycle");
  nodes = std::move(sorted);
}

bool Ir::isSteady(int value) const {
  const IrValue& v = values[static_cast<size_t>(value)];
  if (v.origin == Origin::Computed) return nodes[static_cast<size_t>(v.index)].steady;
  return v.origin == Origin::Parameter &&
         std::none_of(updates.begin(), updates.end(),
                      [&](const IrUpdate& u) { return u.parameter == v.index; });
}

KernelSpec Ir::spec(const IrNode& node) const {
  KernelSpec spec;
  spec.op = node.op;
  spec.attrs = node.attrs;
  spec.program = node.program;
  for (int input : node.inputs) {
    spec.inputs.push_back(type(input));
    spec.inputLayouts.push_back(values[static_cast<size_t>(input)].layout);
    spec.steady.push_back(isSteady(input));
  }
  for (int output : node.outputs) {
    spec.outputs.push_back(type(output));
    spec.outputLayouts.push_back(values[static_cast<size_t>(output)].layout);
  }
  return spec;
}

size_t bytesOf(const IrValue& value) {
  return value.layout ? value.layout->bytes() : nodegrad::bytesOf(value.type);
}

}  // namespace nodegrad::plan
