#include "plan/ir.h"

#include <algorithm>
#include <queue>
#include <utility>

namespace nodegrad::plan {

int Ir::addValue(const TensorType& type, Origin origin, int index) {
  IrValue value;
  value.type = type;
  value.origin = origin;
  value.index = index;
  values.push_back(std::move(value));
  readers_.emplace_back();
  kept_.push_back(0);
  return static_cast<int>(values.size()) - 1;
}

int Ir::addNode(const std::string& op, std::vector<int> inputs, const std::vector<TensorType>& outputs,
                Attrs attrs, double rank) {
  IrNode node;
  node.op = op;
  node.inputs = std::move(inputs);
  node.attrs = std::move(attrs);
  node.rank = rank;
  for (const TensorType& type : outputs) node.outputs.push_back(addValue(type));
  append(std::move(node));
  return static_cast<int>(nodes.size()) - 1;
}

void Ir::append(IrNode node) {
  nodes.list_.emplace_back();
  put(static_cast<int>(nodes.size()) - 1, std::move(node));
}

void Ir::put(int index, IrNode node) {
  unlink(index);
  at(index) = std::move(node);
  link(index);
  const std::vector<int>& outputs = at(index).outputs;
  for (size_t o = 0; o < outputs.size(); ++o) {
    IrValue& value = values[static_cast<size_t>(outputs[o])];
    value.index = index;
    value.output = static_cast<int>(o);
  }
}

void Ir::setInputs(int index, std::vector<int> inputs) {
  unlink(index);
  at(index).inputs = std::move(inputs);
  link(index);
}

void Ir::setInput(int index, size_t input, int value) {
  std::vector<int> inputs = at(index).inputs;
  inputs[input] = value;
  setInputs(index, std::move(inputs));
}

void Ir::addInput(int index, int value) {
  std::vector<int> inputs = at(index).inputs;
  inputs.push_back(value);
  setInputs(index, std::move(inputs));
}

int Ir::addOutput(int index, const TensorType& type) {
  const int value = addValue(type, Origin::Computed, index);
  values.back().output = static_cast<int>(at(index).outputs.size());
  at(index).outputs.push_back(value);
  return value;
}

std::vector<IrNode> Ir::takeNodes() {
  for (std::vector<int>& readers : readers_) readers.clear();
  return std::exchange(nodes.list_, {});
}

void Ir::link(int index) {
  for (int input : at(index).inputs) {
    std::vector<int>& readers = readers_[static_cast<size_t>(input)];
    readers.insert(std::upper_bound(readers.begin(), readers.end(), index), index);
  }
}

void Ir::unlink(int index) {
  for (int input : at(index).inputs) {
    std::vector<int>& readers = readers_[static_cast<size_t>(input)];
    readers.erase(std::lower_bound(readers.begin(), readers.end(), index));
  }
}

void Ir::countUses() {
  readers_.assign(values.size(), {});
  kept_.assign(values.size(), 0);
  updated_.assign(parameters.size(), false);
  for (size_t n = 0; n < nodes.size(); ++n)
    for (int input : nodes[n].inputs) readers_[static_cast<size_t>(input)].push_back(static_cast<int>(n));
  for (int value : fetches) ++kept_[static_cast<size_t>(value)];
  for (const IrUpdate& update : updates) {
    ++kept_[static_cast<size_t>(update.value)];
    updated_[static_cast<size_t>(update.parameter)] = true;
  }
}

const IrNode* Ir::producer(int value) const {
  const IrValue& v = values[static_cast<size_t>(value)];
  return v.origin == Origin::Computed ? &nodes[static_cast<size_t>(v.index)] : nullptr;
}

int Ir::uses(int value) const {
  return static_cast<int>(readers(value).size()) + kept_[static_cast<size_t>(value)];
}

int Ir::soleReader(int value) const { return uses(value) == 1 && !isKept(value) ? readers(value)[0] : -1; }

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
  if (from == to) return;
  std::vector<int>& left = readers_[static_cast<size_t>(from)];
  std::vector<int>& readers = readers_[static_cast<size_t>(to)];
  for (int n : left) {
    std::replace(at(n).inputs.begin(), at(n).inputs.end(), from, to);
    readers.insert(std::upper_bound(readers.begin(), readers.end(), n), n);
  }
  left.clear();
  int& kept = kept_[static_cast<size_t>(from)];
  if (kept == 0) return;
  std::replace(fetches.begin(), fetches.end(), from, to);
  for (IrUpdate& update : updates)
    if (update.value == from) update.value = to;
  kept_[static_cast<size_t>(to)] += std::exchange(kept, 0);
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
    sorted.push_back(std::move(at(index)));
  }
  if (sorted.size() != static_cast<size_t>(std::count(needed.begin(), needed.end(), true)))
    fail(ErrorCode::Internal, "a pass of the plan made a cycle");
  nodes.list_ = std::move(sorted);
  countUses();
}

bool Ir::isSteady(int value) const {
  const IrValue& v = values[static_cast<size_t>(value)];
  if (v.origin == Origin::Computed) return nodes[static_cast<size_t>(v.index)].steady;
  return v.origin == Origin::Parameter && !updated_[static_cast<size_t>(v.index)];
}

KernelSpec Ir::spec(const IrNode& node) const {
  KernelSpec spec;
  spec.op = node.op;
  spec.attrs = node.attrs;
  spec.program = node.program;
  spec.compute = compute;
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
