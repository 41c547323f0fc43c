#include <algorithm>
#include <set>
#include <utility>

#include "graph/subgraph.h"
#include "plan/ir.h"

namespace nodegrad::plan {

namespace {

// A copy for every fetch and update whose memory is not its own: what is fed, a parameter, invariant, an
// alias or wanted twice.
void giveOwnMemory(Ir& ir) {
  std::set<ValueId> taken;
  const double last = ir.nodes.empty() ? 0 : ir.nodes.back().rank;
  const auto owned = [&](ValueId value) {
    const IrNode* from = ir.producer(value);
    const bool own = from && !from->invariant && !isAlias(ir, *from) && taken.insert(value).second;
    if (own) return value;
    const ValueId copy = ir.add("reorder", {value}, ir.type(value), {}, last);
    ir.values[copy].layout = ir.values[value].layout;
    taken.insert(copy);
    return copy;
  };
  for (IrUpdate& update : ir.updates) update.value = owned(update.value);
  for (ValueId& value : ir.fetches) value = owned(value);
}

// Pairs (first, then) of nodes, kept free of cycles.
class Order {
 public:
  explicit Order(const Ir& ir) : next_(ir.nodes.size()), seen_(ir.nodes.size(), 0) {
    for (NodeId n : ir.nodes.ids())
      for (ValueId input : ir.nodes[n].inputs)
        if (const NodeId maker = ir.producerId(input)) next_[maker].push_back(n);
  }

  bool reaches(NodeId from, NodeId to) {
    ++searches_;
    std::vector<NodeId> stack = {from};
    while (!stack.empty()) {
      const NodeId node = stack.back();
      stack.pop_back();
      if (node == to) return true;
      if (std::exchange(seen_[node], searches_) == searches_) continue;
      for (NodeId then : next_[node]) stack.push_back(then);
    }
    return false;
  }

  // The nodes that come after any of these, and these.
  PerNode<bool> from(const std::vector<NodeId>& nodes) const {
    PerNode<bool> after(next_.size(), false);
    std::vector<NodeId> stack = nodes;
    while (!stack.empty()) {
      const NodeId node = stack.back();
      stack.pop_back();
      if (after[node]) continue;
      after[node] = true;
      stack.insert(stack.end(), next_[node].begin(), next_[node].end());
    }
    return after;
  }

  // Where that makes no cycle.
  void add(NodeId first, NodeId then) {
    if (first != then && !reaches(then, first)) addFree(first, then);
  }
  // `then` is known to lead to no node that `first` waits for.
  void addFree(NodeId first, NodeId then) {
    next_[first].push_back(then);
    pairs_.push_back({first, then});
  }

  const std::vector<std::pair<NodeId, NodeId>>& pairs() const { return pairs_; }

 private:
  PerNode<std::vector<NodeId>> next_;
  PerNode<int> seen_;  // the search that met each node last
  int searches_ = 0;
  std::vector<std::pair<NodeId, NodeId>> pairs_;
};

// A step that fails leaves the parameters as they were: what may fail comes before all writers. One after
// another, so that there are not as many pairs as there are products of the two; but what reads written
// numbers by itself.
void finishBeforeWriting(const Ir& ir, Order& order, const std::vector<NodeId>& writers) {
  const PerNode<bool> written = order.from(writers);
  NodeId last;
  std::vector<NodeId> readers;
  for (NodeId n : ir.nodes.ids()) {
    const OpDef* op = findKnownOp(ir.nodes[n].op);
    if (!op || !mayFail(*op, ir.nodes[n].attrs)) continue;
    if (written[n]) {
      readers.push_back(n);
      continue;
    }
    if (last) order.addFree(last, n);
    last = n;
  }
  for (NodeId writer : writers) {
    if (last) order.addFree(last, writer);
    for (NodeId node : readers) order.add(node, writer);
  }
}

}  // namespace

bool isAlias(const Ir& ir, const IrNode& node) {
  return node.op == "reshape" && !ir.values[node.inputs[0]].layout && !ir.values[node.outputs[0]].layout;
}

std::vector<NodeId> memoryReaders(const Ir& ir, ValueId value) {
  std::vector<NodeId> readers;
  for (NodeId reader : ir.readers(value)) {
    readers.push_back(reader);
    const IrNode& node = ir.nodes[reader];
    if (!isAlias(ir, node)) continue;
    const std::vector<NodeId> more = memoryReaders(ir, node.outputs[0]);
    readers.insert(readers.end(), more.begin(), more.end());
  }
  return readers;
}

void schedule(Ir& ir) {
  giveOwnMemory(ir);
  ir.sweepAndSort();
  Order order(ir);
  std::vector<NodeId> writers;
  for (const IrUpdate& update : ir.updates) {
    const NodeId writer = ir.producerId(update.value);
    const ValueId parameter = ir.parameters[update.parameter];
    for (NodeId reader : memoryReaders(ir, parameter)) order.add(reader, writer);
    // As early as its inputs allow: the gradient's memory is then free for others.
    ir.setRank(writer, -1);
    writers.push_back(writer);
  }
  finishBeforeWriting(ir, order, writers);
  ir.sweepAndSort(order.pairs());
}

}  // namespace nodegrad::plan
