#include <algorithm>
#include <set>
#include <utility>

#include "graph/subgraph.h"
#include "plan/ir.h"

namespace nodegrad::plan {

namespace {

// A copy for every fetch and update whose memory is not its own: what is fed, a parameter, steady, an alias
// or wanted twice.
void giveOwnMemory(Ir& ir) {
  std::set<int> taken;
  const double last = ir.nodes.empty() ? 0 : ir.nodes.back().rank;
  const auto owned = [&](int value) {
    const IrNode* from = ir.producer(value);
    const bool own = from && !from->steady && !isAlias(ir, *from) && taken.insert(value).second;
    if (own) return value;
    const int node = ir.addNode("reorder", {value}, {ir.type(value)}, {}, last);
    const int copy = ir.nodes[static_cast<size_t>(node)].outputs[0];
    ir.values[static_cast<size_t>(copy)].layout = ir.values[static_cast<size_t>(value)].layout;
    taken.insert(copy);
    return copy;
  };
  for (IrUpdate& update : ir.updates) update.value = owned(update.value);
  for (int& value : ir.fetches) value = owned(value);
}

// Pairs (first, then) of nodes, kept free of cycles.
class Order {
 public:
  explicit Order(const Ir& ir) : next_(ir.nodes.size()), seen_(ir.nodes.size(), 0) {
    for (size_t n = 0; n < ir.nodes.size(); ++n)
      for (int input : ir.nodes[n].inputs)
        if (const IrValue& value = ir.values[static_cast<size_t>(input)]; value.origin == Origin::Computed)
          next_[static_cast<size_t>(value.index)].push_back(static_cast<int>(n));
  }

  bool reaches(int from, int to) {
    ++searches_;
    std::vector<int> stack = {from};
    while (!stack.empty()) {
      const int node = stack.back();
      stack.pop_back();
      if (node == to) return true;
      if (std::exchange(seen_[static_cast<size_t>(node)], searches_) == searches_) continue;
      for (int then : next_[static_cast<size_t>(node)]) stack.push_back(then);
    }
    return false;
  }

  // The nodes that come after any of these, and these.
  std::vector<bool> from(const std::vector<int>& nodes) const {
    std::vector<bool> after(next_.size(), false);
    std::vector<int> stack = nodes;
    while (!stack.empty()) {
      const auto node = static_cast<size_t>(stack.back());
      stack.pop_back();
      if (after[node]) continue;
      after[node] = true;
      stack.insert(stack.end(), next_[node].begin(), next_[node].end());
    }
    return after;
  }

  // Where that makes no cycle.
  void add(int first, int then) {
    if (first != then && !reaches(then, first)) addFree(first, then);
  }
  // `then` is known to lead to no node that `first` waits for.
  void addFree(int first, int then) {
    next_[static_cast<size_t>(first)].push_back(then);
    pairs_.push_back({first, then});
  }

  const std::vector<std::pair<int, int>>& pairs() const { return pairs_; }

 private:
  std::vector<std::vector<int>> next_;
  std::vector<int> seen_;  // the search that met each node last
  int searches_ = 0;
  std::vector<std::pair<int, int>> pairs_;
};

// A step that fails leaves the parameters as they were: what may fail comes before all writers. One after
// another, so that there are not as many pairs as there are products of the two; but what reads written
// numbers by itself.
void finishBeforeWriting(const Ir& ir, Order& order, const std::vector<int>& writers) {
  const std::vector<bool> written = order.from(writers);
  int last = -1;
  std::vector<int> readers;
  for (size_t n = 0; n < ir.nodes.size(); ++n) {
    const OpDef* op = findKnownOp(ir.nodes[n].op);
    if (!op || !mayFail(*op, ir.nodes[n].attrs)) continue;
    const int node = static_cast<int>(n);
    if (written[n]) {
      readers.push_back(node);
      continue;
    }
    if (last >= 0) order.addFree(last, node);
    last = node;
  }
  for (int writer : writers) {
    if (last >= 0) order.addFree(last, writer);
    for (int node : readers) order.add(node, writer);
  }
}

}  // namespace

bool isAlias(const Ir& ir, const IrNode& node) {
  return node.op == "reshape" && !ir.values[static_cast<size_t>(node.inputs[0])].layout &&
         !ir.values[static_cast<size_t>(node.outputs[0])].layout;
}

std::vector<int> memoryReaders(const Ir& ir, int value) {
  std::vector<int> readers;
  for (int reader : ir.readers(value)) {
    readers.push_back(reader);
    const IrNode& node = ir.nodes[static_cast<size_t>(reader)];
    if (!isAlias(ir, node)) continue;
    const std::vector<int> more = memoryReaders(ir, node.outputs[0]);
    readers.insert(readers.end(), more.begin(), more.end());
  }
  return readers;
}

void schedule(Ir& ir) {
  giveOwnMemory(ir);
  ir.sweepAndSort();
  Order order(ir);
  std::vector<int> writers;
  for (const IrUpdate& update : ir.updates) {
    const int writer = ir.values[static_cast<size_t>(update.value)].index;
    const int parameter = ir.parameters[static_cast<size_t>(update.parameter)];
    for (int reader : memoryReaders(ir, parameter)) order.add(reader, writer);
    // As early as its inputs allow: the gradient's memory is then free for others.
    ir.setRank(writer, -1);
    writers.push_back(writer);
  }
  finishBeforeWriting(ir, order, writers);
  ir.sweepAndSort(order.pairs());
}

}  // namespace nodegrad::plan
