#include <algorithm>
#include <iterator>
#include <map>
#include <numeric>
#include <set>

#include "core/align.h"
#include "plan/ir.h"

namespace nodegrad::plan {

namespace {

// A piece of the arena that is in use from one node to another.
struct Interval {
  size_t bytes = 0;
  int first = 0, last = 0;
  size_t offset = 0;
};

// Ranges of addresses, those that touch joined.
class Ranges {
 public:
  void add(size_t begin, size_t end) {
    auto it = ends_.upper_bound(begin);
    if (it != ends_.begin() && std::prev(it)->second >= begin) --it;
    while (it != ends_.end() && it->first <= end) {
      begin = std::min(begin, it->first);
      end = std::max(end, it->second);
      it = ends_.erase(it);
    }
    ends_[begin] = end;
  }
  // The lowest address from `from` on after which so many bytes are free.
  size_t free(size_t from, size_t bytes) const {
    auto it = ends_.upper_bound(from);
    if (it != ends_.begin() && std::prev(it)->second > from) from = std::prev(it)->second;
    for (; it != ends_.end() && it->first < from + bytes; ++it) from = it->second;
    return from;
  }

 private:
  std::map<size_t, size_t> ends_;  // of each range by its begin
};

// What is occupied when, as a tree over the time: each of its nodes stands for half of the time of the one
// above it.
class Occupancy {
 public:
  explicit Occupancy(int times) {
    while (leaves_ < static_cast<size_t>(times)) leaves_ *= 2;
    throughout_.resize(2 * leaves_);
    sometime_.resize(2 * leaves_);
  }

  void add(const Interval& interval) {
    const size_t begin = interval.offset, end = begin + interval.bytes;
    cover(interval, [&](size_t node) {
      throughout_[node].add(begin, end);
      for (; node > 0; node /= 2) sometime_[node].add(begin, end);
    });
  }

  // The lowest address where an interval meets no other.
  size_t free(const Interval& interval) const {
    std::vector<const Ranges*> met;
    cover(interval, [&](size_t node) {
      met.push_back(&sometime_[node]);
      for (node /= 2; node > 0; node /= 2) met.push_back(&throughout_[node]);
    });
    size_t offset = 0;
    for (size_t before = 1; before != offset;) {
      before = offset;
      for (const Ranges* ranges : met) offset = ranges->free(offset, interval.bytes);
    }
    return offset;
  }

 private:
  // The tree's nodes that make up the interval's time.
  template <class Visit>
  void cover(const Interval& interval, Visit visit) const {
    size_t first = leaves_ + static_cast<size_t>(interval.first);
    size_t end = leaves_ + static_cast<size_t>(interval.last) + 1;
    for (; first < end; first /= 2, end /= 2) {
      if (first % 2) visit(first++);
      if (end % 2) visit(--end);
    }
  }

  size_t leaves_ = 1;
  std::vector<Ranges> throughout_, sometime_;
};

// The largest first, each as low as it fits.
size_t pack(std::vector<Interval>& intervals) {
  std::vector<size_t> bySize(intervals.size());
  std::iota(bySize.begin(), bySize.end(), size_t{0});
  std::stable_sort(bySize.begin(), bySize.end(),
                   [&](size_t a, size_t b) { return intervals[a].bytes > intervals[b].bytes; });
  int times = 1;
  for (const Interval& interval : intervals) times = std::max(times, interval.last + 1);
  Occupancy occupancy(times);
  size_t total = 0;
  for (size_t index : bySize) {
    Interval& interval = intervals[index];
    if (interval.bytes == 0) break;
    interval.offset = occupancy.free(interval);
    occupancy.add(interval);
    total = std::max(total, interval.offset + interval.bytes);
  }
  return total;
}

class Assignment {
 public:
  Assignment(const Ir& ir, const Backend& backend)
      : ir_(ir), backend_(backend), lastUse_(ir.values.size(), -1), updatedBy_(ir.values.size()) {
    for (ValueId value : ir.values.ids()) aliasOf_.add(value);
    map_.slots.resize(ir.values.size());
    map_.skipped.assign(ir.nodes.size(), false);
    for (const IrUpdate& update : ir.updates) updatedBy_[update.value] = update.parameter;
  }

  MemoryMap run(const PerNode<size_t>& scratchBytes) {
    assignOutside();
    lifetimes();
    for (NodeId n : ir_.nodes.ids()) share(n);
    std::vector<Interval> intervals;
    std::vector<ValueId> owner;
    for (ValueId v : ir_.values.ids()) {
      if (!ownsArena(v)) continue;
      Interval interval;
      interval.bytes = aligned(bytesOf(ir_.values[v]));
      interval.first = timeOf(ir_.values[v].node);
      interval.last = std::max(interval.first, lastUse_[v]);
      intervals.push_back(interval);
      owner.push_back(v);
    }
    const size_t values = intervals.size();
    for (NodeId n : scratchBytes.ids()) {
      Interval interval;
      interval.bytes = aligned(scratchBytes[n]);
      interval.first = interval.last = timeOf(n);
      intervals.push_back(interval);
    }
    map_.arenaBytes = pack(intervals);
    for (size_t i = 0; i < values; ++i) map_.slots[owner[i]].offset = intervals[i].offset;
    for (NodeId n : scratchBytes.ids()) map_.scratch.add(intervals[values + n.index()].offset);
    for (ValueId v : ir_.values.ids()) map_.slots[v] = map_.slots[root(v)];
    for (const IrUpdate& update : ir_.updates) {
      const Slot& slot = map_.slots[update.value];
      if (slot.kind != MemoryKind::Parameter || slot.index != update.parameter) map_.copies.push_back(update);
    }
    return std::move(map_);
  }

 private:
  size_t aligned(size_t bytes) const { return roundUp(bytes, ir_.habits.alignment); }

  // Nodes run one after another.
  static int timeOf(NodeId n) { return static_cast<int>(n.index()); }

  // The value whose memory a value has.
  ValueId root(ValueId value) const {
    while (aliasOf_[value] != value) value = aliasOf_[value];
    return value;
  }

  Slot& slot(ValueId value) { return map_.slots[value]; }

  bool ownsArena(ValueId value) {
    return ir_.values[value].origin == Origin::Computed && root(value) == value && isProduced(value) &&
           slot(value).kind == MemoryKind::Arena;
  }

  // Values of nodes that were dropped have no node that makes them any more.
  bool isProduced(ValueId value) const {
    const IrValue& v = ir_.values[value];
    if (!ir_.nodes.has(v.node)) return false;
    const std::vector<ValueId>& outputs = ir_.nodes[v.node].outputs;
    return v.index < outputs.size() && outputs[v.index] == value;
  }

  void assignOutside() {
    for (ValueId v : ir_.values.ids()) {
      const IrValue& value = ir_.values[v];
      if (value.origin == Origin::Feed) slot(v) = {MemoryKind::Feed, value.index, 0};
      if (value.origin == Origin::Parameter) slot(v) = {MemoryKind::Parameter, value.index, 0};
    }
    for (size_t f = 0; f < ir_.fetches.size(); ++f) slot(ir_.fetches[f]) = {MemoryKind::Fetch, f, 0};
    for (NodeId n : ir_.nodes.ids())
      if (ir_.nodes[n].invariant && !isAlias(ir_, ir_.nodes[n])) {
        for (ValueId output : ir_.nodes[n].outputs) slot(output) = {MemoryKind::Invariant, output.index(), 0};
        map_.skipped[n] = true;
      }
  }

  void lifetimes() {
    for (NodeId n : ir_.nodes.ids())
      for (ValueId input : ir_.nodes[n].inputs) lastUse_[input] = timeOf(n);
    const int end = static_cast<int>(ir_.nodes.size());
    for (const IrUpdate& update : ir_.updates) lastUse_[update.value] = end;
    for (ValueId value : ir_.fetches) lastUse_[value] = end;
    // An alias lengthens the life of the memory that it looks at.
    for (size_t n = ir_.nodes.size(); n-- > 0;) {
      const IrNode& node = ir_.nodes[NodeId(n)];
      if (!isAlias(ir_, node)) continue;
      int& input = lastUse_[node.inputs[0]];
      input = std::max(input, lastUse_[node.outputs[0]]);
    }
  }

  // The output gets the memory of the input.
  void alias(ValueId output, ValueId input) {
    const ValueId memory = root(input);
    aliasOf_[output] = memory;
    lastUse_[memory] = std::max(lastUse_[memory], lastUse_[output]);
  }

  // Gives outputs of a node the memory of inputs that nothing needs afterwards.
  void share(NodeId n) {
    const IrNode& node = ir_.nodes[n];
    if (isAlias(ir_, node) && slot(node.outputs[0]).kind == MemoryKind::Arena) {
      alias(node.outputs[0], node.inputs[0]);
      map_.skipped[n] = true;
      return;
    }
    std::vector<size_t> spare;            // inputs in the arena that nothing needs afterwards
    std::map<size_t, size_t> parameters;  // the input of each parameter, likewise
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const ValueId memory = root(node.inputs[i]);
      if (lastUse_[memory] > timeOf(n)) continue;
      if (slot(memory).kind == MemoryKind::Arena) spare.push_back(i);
      if (slot(memory).kind == MemoryKind::Parameter) parameters.emplace(slot(memory).index, i);
    }
    if (spare.empty() && parameters.empty()) return;
    const KernelSpec spec = ir_.spec(node);
    std::set<ValueId> given;  // memory that an output of this node has taken already
    const auto take = [&](size_t o, size_t i) {
      const ValueId output = node.outputs[o], memory = root(node.inputs[i]);
      if (given.count(memory) || !backend_.inPlace(spec, o, i) ||
          bytesOf(ir_.values[output]) != bytesOf(ir_.values[memory]))
        return false;
      alias(output, node.inputs[i]);
      given.insert(memory);
      return true;
    };
    for (size_t o = 0; o < node.outputs.size(); ++o) {
      if (slot(node.outputs[o]).kind != MemoryKind::Arena) continue;
      // A parameter is overwritten by its own update alone.
      if (const std::optional<size_t> parameter = updatedBy_[node.outputs[o]]) {
        const auto own = parameters.find(*parameter);
        if (own != parameters.end() && take(o, own->second)) continue;
      }
      for (size_t i = 0; i < spare.size() && !take(o, spare[i]);) ++i;
    }
  }

  const Ir& ir_;
  const Backend& backend_;
  PerValue<ValueId> aliasOf_;  // itself, or a value whose memory it has
  PerValue<int> lastUse_;
  PerValue<std::optional<size_t>> updatedBy_;  // the parameter that each value is written to
  MemoryMap map_;
};

}  // namespace

MemoryMap assignMemory(const Ir& ir, const Backend& backend, const PerNode<size_t>& scratchBytes) {
  return Assignment(ir, backend).run(scratchBytes);
}

}  // namespace nodegrad::plan
