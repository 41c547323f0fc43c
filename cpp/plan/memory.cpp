#include <algorithm>
#include <iterator>
#include <map>
#include <numeric>
#include <set>

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
  // The lowest address from `from` on with so many free bytes behind it.
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
  Assignment(const Ir& ir, const Backend& backend) : ir_(ir), backend_(backend), root_(ir.values.size()) {
    std::iota(root_.begin(), root_.end(), 0);
    map_.slots.resize(ir.values.size());
    map_.skipped.assign(ir.nodes.size(), false);
    lastUse_.assign(ir.values.size(), -1);
    updatedBy_.assign(ir.values.size(), -1);
    for (const IrUpdate& update : ir.updates)
      updatedBy_[static_cast<size_t>(update.value)] = update.parameter;
  }

  MemoryMap run(const std::vector<size_t>& scratchBytes) {
    placeOutside();
    lifetimes();
    for (size_t n = 0; n < ir_.nodes.size(); ++n) share(static_cast<int>(n));
    std::vector<Interval> intervals;
    std::vector<int> owner;
    for (size_t v = 0; v < ir_.values.size(); ++v) {
      const IrValue& value = ir_.values[v];
      if (!ownsArena(static_cast<int>(v))) continue;
      Interval interval;
      interval.bytes = roundUp(bytesOf(value));
      interval.first = value.index;
      interval.last = std::max(value.index, lastUse_[v]);
      intervals.push_back(interval);
      owner.push_back(static_cast<int>(v));
    }
    const size_t values = intervals.size();
    for (size_t n = 0; n < scratchBytes.size(); ++n) {
      Interval interval;
      interval.bytes = roundUp(scratchBytes[n]);
      interval.first = interval.last = static_cast<int>(n);
      intervals.push_back(interval);
    }
    map_.arenaBytes = pack(intervals);
    for (size_t i = 0; i < values; ++i)
      map_.slots[static_cast<size_t>(owner[i])].offset = intervals[i].offset;
    for (size_t n = 0; n < scratchBytes.size(); ++n) map_.scratch.push_back(intervals[values + n].offset);
    for (size_t v = 0; v < ir_.values.size(); ++v)
      map_.slots[v] = map_.slots[static_cast<size_t>(root(static_cast<int>(v)))];
    for (const IrUpdate& update : ir_.updates) {
      const Slot& slot = map_.slots[static_cast<size_t>(update.value)];
      if (slot.place != Place::Parameter || slot.index != update.parameter)
        map_.copies.push_back({update.value, update.parameter});
    }
    return std::move(map_);
  }

 private:
  size_t roundUp(size_t bytes) const {
    const size_t alignment = ir_.habits.alignment;
    return (bytes + alignment - 1) / alignment * alignment;
  }

  int root(int value) const {
    while (root_[static_cast<size_t>(value)] != value) value = root_[static_cast<size_t>(value)];
    return value;
  }

  Slot& slot(int value) { return map_.slots[static_cast<size_t>(value)]; }

  bool ownsArena(int value) {
    return ir_.values[static_cast<size_t>(value)].origin == Origin::Computed && root(value) == value &&
           produced(value) && slot(value).place == Place::Arena;
  }

  // Values of nodes that were dropped have no node that makes them any more.
  bool produced(int value) const {
    const IrValue& v = ir_.values[static_cast<size_t>(value)];
    if (v.index < 0 || static_cast<size_t>(v.index) >= ir_.nodes.size()) return false;
    const auto& outputs = ir_.nodes[static_cast<size_t>(v.index)].outputs;
    return static_cast<size_t>(v.output) < outputs.size() && outputs[static_cast<size_t>(v.output)] == value;
  }

  void placeOutside() {
    for (size_t v = 0; v < ir_.values.size(); ++v) {
      const IrValue& value = ir_.values[v];
      if (value.origin == Origin::Feed) map_.slots[v] = {Place::Feed, value.index, 0};
      if (value.origin == Origin::Parameter) map_.slots[v] = {Place::Parameter, value.index, 0};
    }
    for (size_t f = 0; f < ir_.fetches.size(); ++f)
      slot(ir_.fetches[f]) = {Place::Fetch, static_cast<int>(f), 0};
    for (size_t n = 0; n < ir_.nodes.size(); ++n)
      if (ir_.nodes[n].steady && !isAlias(ir_, ir_.nodes[n])) {
        for (int output : ir_.nodes[n].outputs) slot(output) = {Place::Steady, output, 0};
        map_.skipped[n] = true;
      }
  }

  void lifetimes() {
    for (size_t n = 0; n < ir_.nodes.size(); ++n)
      for (int input : ir_.nodes[n].inputs) lastUse_[static_cast<size_t>(input)] = static_cast<int>(n);
    const int end = static_cast<int>(ir_.nodes.size());
    for (const IrUpdate& update : ir_.updates) lastUse_[static_cast<size_t>(update.value)] = end;
    for (int value : ir_.fetches) lastUse_[static_cast<size_t>(value)] = end;
    // An alias lengthens the life of the memory that it looks at.
    for (size_t n = ir_.nodes.size(); n-- > 0;)
      if (isAlias(ir_, ir_.nodes[n])) {
        int& input = lastUse_[static_cast<size_t>(ir_.nodes[n].inputs[0])];
        input = std::max(input, lastUse_[static_cast<size_t>(ir_.nodes[n].outputs[0])]);
      }
  }

  void become(int output, int input) {
    const int memory = root(input);
    root_[static_cast<size_t>(output)] = memory;
    lastUse_[static_cast<size_t>(memory)] =
        std::max(lastUse_[static_cast<size_t>(memory)], lastUse_[static_cast<size_t>(output)]);
  }

  // Lets the outputs of a node lie where an input lies that nobody needs afterwards.
  void share(int n) {
    const IrNode& node = ir_.nodes[static_cast<size_t>(n)];
    if (isAlias(ir_, node) && slot(node.outputs[0]).place == Place::Arena) {
      become(node.outputs[0], node.inputs[0]);
      map_.skipped[static_cast<size_t>(n)] = true;
      return;
    }
    std::vector<size_t> spare;         // inputs in the arena that nobody needs afterwards
    std::map<int, size_t> parameters;  // the input of each parameter, likewise
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const int memory = root(node.inputs[i]);
      if (lastUse_[static_cast<size_t>(memory)] > n) continue;
      if (slot(memory).place == Place::Arena) spare.push_back(i);
      if (slot(memory).place == Place::Parameter) parameters.emplace(slot(memory).index, i);
    }
    if (spare.empty() && parameters.empty()) return;
    const KernelSpec spec = ir_.spec(node);
    std::set<int> given;  // memory that an output of this node has taken already
    const auto take = [&](size_t o, size_t i) {
      const int output = node.outputs[o], memory = root(node.inputs[i]);
      if (given.count(memory) || !backend_.inPlace(spec, o, i) ||
          bytesOf(ir_.values[static_cast<size_t>(output)]) !=
              bytesOf(ir_.values[static_cast<size_t>(memory)]))
        return false;
      become(output, node.inputs[i]);
      given.insert(memory);
      return true;
    };
    for (size_t o = 0; o < node.outputs.size(); ++o) {
      if (slot(node.outputs[o]).place != Place::Arena) continue;
      // A parameter is overwritten by its own update alone.
      const auto own = parameters.find(updatedBy_[static_cast<size_t>(node.outputs[o])]);
      if (own != parameters.end() && take(o, own->second)) continue;
      for (size_t i = 0; i < spare.size() && !take(o, spare[i]);) ++i;
    }
  }

  const Ir& ir_;
  const Backend& backend_;
  std::vector<int> root_;
  std::vector<int> lastUse_;
  std::vector<int> updatedBy_;  // the parameter that each value is written to, or -1
  MemoryMap map_;
};

}  // namespace

MemoryMap assignMemory(const Ir& ir, const Backend& backend, const std::vector<size_t>& scratchBytes) {
  return Assignment(ir, backend).run(scratchBytes);
}

}  // namespace nodegrad::plan
