#include <algorithm>
#include <numeric>

#include "plan/ir.h"

namespace nodegrad::plan {

namespace {

constexpr size_t kAlignment = 64;

// A piece of the arena that is in use from one node to another.
struct Interval {
  size_t bytes = 0;
  int first = 0, last = 0;
  size_t offset = 0;
};

size_t pack(std::vector<Interval>& intervals) {
  std::vector<size_t> bySize(intervals.size());
  std::iota(bySize.begin(), bySize.end(), size_t{0});
  std::stable_sort(bySize.begin(), bySize.end(),
                   [&](size_t a, size_t b) { return intervals[a].bytes > intervals[b].bytes; });
  std::vector<const Interval*> placed;  // by offset
  size_t total = 0;
  for (size_t index : bySize) {
    Interval& interval = intervals[index];
    size_t offset = 0;
    for (const Interval* other : placed) {
      if (other->last < interval.first || interval.last < other->first) continue;
      if (offset + interval.bytes <= other->offset) break;
      offset = std::max(offset, other->offset + other->bytes);
    }
    interval.offset = offset;
    total = std::max(total, offset + interval.bytes);
    const auto behind = [](const Interval* a, const Interval* b) { return a->offset < b->offset; };
    placed.insert(std::upper_bound(placed.begin(), placed.end(), &interval, behind), &interval);
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
  static size_t roundUp(size_t bytes) { return (bytes + kAlignment - 1) / kAlignment * kAlignment; }

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
    const KernelSpec spec = ir_.spec(node);
    std::vector<int> given;  // roots that an output of this node has taken already
    for (size_t o = 0; o < node.outputs.size(); ++o) {
      const int output = node.outputs[o];
      if (slot(output).place != Place::Arena) continue;
      for (size_t i = 0; i < node.inputs.size(); ++i) {
        const int memory = root(node.inputs[i]);
        if (std::count(given.begin(), given.end(), memory)) continue;
        if (!mayOverwrite(n, memory, output) || !backend_.inPlace(spec, o, i)) continue;
        if (bytesOf(ir_.values[static_cast<size_t>(output)]) !=
            bytesOf(ir_.values[static_cast<size_t>(memory)]))
          continue;
        become(output, node.inputs[i]);
        given.push_back(memory);
        break;
      }
    }
  }

  bool mayOverwrite(int n, int memory, int output) {
    if (lastUse_[static_cast<size_t>(memory)] > n) return false;
    const Slot& place = slot(memory);
    if (place.place == Place::Arena) return true;
    // A parameter is overwritten by its own update alone.
    return place.place == Place::Parameter &&
           std::any_of(ir_.updates.begin(), ir_.updates.end(), [&](const IrUpdate& update) {
             return update.value == output && update.parameter == place.index;
           });
  }

  const Ir& ir_;
  const Backend& backend_;
  std::vector<int> root_;
  std::vector<int> lastUse_;
  MemoryMap map_;
};

}  // namespace

MemoryMap assignMemory(const Ir& ir, const Backend& backend, const std::vector<size_t>& scratchBytes) {
  return Assignment(ir, backend).run(scratchBytes);
}

}  // namespace nodegrad::plan
