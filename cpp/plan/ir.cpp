#include "plan/ir.h"

#include <algorithm>
#include <queue>
#include <utility>

#include "graph/precision.h"

namespace nodegrad::plan {

ValueId Ir::addValue(const TensorType& type, Origin origin, size_t index) {
  IrValue value;
  value.type = type;
  value.origin = origin;
  value.index = index;
  readers_.add({});
  kept_.add(0);
  return values.add(std::move(value));
}

NodeId Ir::addNode(const std::string& op, std::vector<ValueId> inputs, const std::vector<TensorType>& outputs,
                   Attrs attrs, double rank) {
  IrNode node;
  node.op = op;
  node.inputs = std::move(inputs);
  node.attrs = std::move(attrs);
  node.rank = rank;
  for (const TensorType& type : outputs) node.outputs.push_back(addValue(type));
  append(std::move(node));
  return NodeId(nodes.size() - 1);
}

ValueId Ir::add(const std::string& op, std::vector<ValueId> inputs, const TensorType& output, Attrs attrs,
                double rank) {
  return nodes[addNode(op, std::move(inputs), {output}, std::move(attrs), rank)].outputs[0];
}

void Ir::append(IrNode node) { put(nodes.list_.add({}), std::move(node)); }

void Ir::put(NodeId id, IrNode node) {
  unlink(id);
  at(id) = std::move(node);
  link(id);
  const std::vector<ValueId>& outputs = at(id).outputs;
  for (size_t o = 0; o < outputs.size(); ++o) {
    values[outputs[o]].node = id;
    values[outputs[o]].index = o;
  }
}

void Ir::setInputs(NodeId id, std::vector<ValueId> inputs) {
  unlink(id);
  at(id).inputs = std::move(inputs);
  link(id);
}

void Ir::setInput(NodeId id, size_t input, ValueId value) {
  std::vector<ValueId> inputs = at(id).inputs;
  inputs[input] = value;
  setInputs(id, std::move(inputs));
}

void Ir::addInput(NodeId id, ValueId value) {
  std::vector<ValueId> inputs = at(id).inputs;
  inputs.push_back(value);
  setInputs(id, std::move(inputs));
}

ValueId Ir::addOutput(NodeId id, const TensorType& type) {
  const ValueId value = addValue(type, Origin::Computed, at(id).outputs.size());
  values[value].node = id;
  at(id).outputs.push_back(value);
  return value;
}

std::vector<IrNode> Ir::takeNodes() {
  for (std::vector<NodeId>& readers : readers_) readers.clear();
  std::vector<IrNode> taken(std::make_move_iterator(nodes.list_.begin()),
                            std::make_move_iterator(nodes.list_.end()));
  nodes.list_ = {};
  return taken;
}

void Ir::link(NodeId id) {
  for (ValueId input : at(id).inputs) {
    std::vector<NodeId>& readers = readers_[input];
    readers.insert(std::upper_bound(readers.begin(), readers.end(), id), id);
  }
}

void Ir::unlink(NodeId id) {
  for (ValueId input : at(id).inputs) {
    std::vector<NodeId>& readers = readers_[input];
    readers.erase(std::lower_bound(readers.begin(), readers.end(), id));
  }
}

void Ir::countUses() {
  readers_.assign(values.size(), {});
  kept_.assign(values.size(), 0);
  updated_.assign(parameters.size(), false);
  for (NodeId n : nodes.ids())
    for (ValueId input : nodes[n].inputs) readers_[input].push_back(n);
  for (ValueId value : fetches) ++kept_[value];
  for (const IrUpdate& update : updates) {
    ++kept_[update.value];
    updated_[update.parameter] = true;
  }
}

const IrNode* Ir::producer(ValueId value) const {
  const NodeId node = producerId(value);
  return node ? &nodes[node] : nullptr;
}

NodeId Ir::soleReader(ValueId value) const {
  return uses(value) == 1 && !isKept(value) ? readers(value)[0] : NodeId();
}

std::optional<double> Ir::constantOf(ValueId value) const {
  const IrNode* node = producer(value);
  if (!node || node->op != "constant") return std::nullopt;
  return node->attrs.number("value");
}

ValueId Ir::channelVector(ValueId value, int64_t channels, size_t channelFromEnd) const {
  const Dims& shape = type(value).shape;
  if (shape == Dims{channels}) return channelFromEnd == 0 ? value : ValueId();
  if (count(shape) != channels || shape.size() <= channelFromEnd ||
      shape[shape.size() - 1 - channelFromEnd] != channels)
    return {};
  const IrNode* node = producer(value);
  return node && node->op == "reshape" && type(node->inputs[0]).shape == Dims{channels} ? node->inputs[0]
                                                                                        : ValueId();
}

void Ir::replaceUses(ValueId from, ValueId to) {
  if (from == to) return;
  std::vector<NodeId>& left = readers_[from];
  std::vector<NodeId>& readers = readers_[to];
  for (NodeId n : left) {
    std::replace(at(n).inputs.begin(), at(n).inputs.end(), from, to);
    readers.insert(std::upper_bound(readers.begin(), readers.end(), n), n);
  }
  left.clear();
  if (kept_[from] == 0) return;
  std::replace(fetches.begin(), fetches.end(), from, to);
  for (IrUpdate& update : updates)
    if (update.value == from) update.value = to;
  kept_[to] += std::exchange(kept_[from], 0);
}

void Ir::sweepAndSort(const std::vector<std::pair<NodeId, NodeId>>& before) {
  const size_t count = nodes.size();
  PerNode<bool> needed(count, false);
  std::vector<NodeId> stack;
  const auto need = [&](ValueId value) {
    const NodeId node = producerId(value);
    if (!node || needed[node]) return;
    needed[node] = true;
    stack.push_back(node);
  };
  for (ValueId value : fetches) need(value);
  for (const IrUpdate& update : updates) need(update.value);
  while (!stack.empty()) {
    const NodeId node = stack.back();
    stack.pop_back();
    for (ValueId input : nodes[node].inputs) need(input);
  }

  // All edges, and where those that begin at each node stand in `next`: lists of their own would cost an
  // allocation for each node.
  std::vector<std::pair<NodeId, NodeId>> edges;
  PerNode<size_t> waiting(count, 0), end(count, 0);
  const auto edge = [&](NodeId first, NodeId then) {
    if (!needed[first] || !needed[then]) return;
    edges.emplace_back(first, then);
    ++end[first];
    ++waiting[then];
  };
  for (NodeId n : nodes.ids()) {
    if (!needed[n]) continue;
    for (ValueId input : nodes[n].inputs)
      if (const NodeId from = producerId(input)) edge(from, n);
  }
  for (const auto& [first, then] : before) edge(first, then);
  size_t total = 0;
  for (NodeId n : nodes.ids()) total += std::exchange(end[n], total);
  std::vector<NodeId> next(edges.size());
  for (const auto& [first, then] : edges) next[end[first]++] = then;

  using Entry = std::pair<double, NodeId>;
  const auto later = [](const Entry& a, const Entry& b) { return b < a; };
  std::priority_queue<Entry, std::vector<Entry>, decltype(later)> ready(later);
  for (NodeId n : nodes.ids())
    if (needed[n] && !waiting[n]) ready.push({nodes[n].rank, n});
  PerNode<IrNode> sorted;
  while (!ready.empty()) {
    const NodeId node = ready.top().second;
    ready.pop();
    // Those of the node before end where its own begin.
    for (size_t i = node.index() > 0 ? end[NodeId(node.index() - 1)] : 0; i < end[node]; ++i)
      if (--waiting[next[i]] == 0) ready.push({nodes[next[i]].rank, next[i]});
    for (ValueId output : nodes[node].outputs) values[output].node = NodeId(sorted.size());
    sorted.add(std::move(at(node)));
  }
  if (sorted.size() != static_cast<size_t>(std::count(needed.begin(), needed.end(), true)))
    fail(ErrorCode::Internal, "a pass of the plan made a cycle");
  nodes.list_ = std::move(sorted);
  countUses();
}

bool Ir::isInvariant(ValueId value) const {
  if (const IrNode* node = producer(value)) return node->invariant;
  return values[value].origin == Origin::Parameter && !updated_[values[value].index];
}

KernelSpec Ir::spec(const IrNode& node) const {
  KernelSpec spec;
  spec.op = node.op;
  spec.attrs = node.attrs;
  spec.program = node.program;
  const auto own = computeFromName(precisionOf(node.attrs));
  spec.compute = own && *own != Compute::BFloat16 ? *own : compute;
  for (ValueId input : node.inputs) {
    spec.inputs.push_back(type(input));
    spec.inputLayouts.push_back(values[input].layout);
    spec.invariant.push_back(isInvariant(input));
  }
  for (ValueId output : node.outputs) {
    spec.outputs.push_back(type(output));
    spec.outputLayouts.push_back(values[output].layout);
  }
  return spec;
}

size_t bytesOf(const IrValue& value) {
  return value.layout ? value.layout->bytes() : nodegrad::bytesOf(value.type);
}

}  // namespace nodegrad::plan
