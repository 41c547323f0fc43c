#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "plan/ir.h"

namespace nodegrad::plan {

namespace {

// A search for a path that has met so many nodes is given up, and the group with it: the time that a plan
// takes stays linear in its nodes.
constexpr size_t kMostMet = 1024;

bool isFusible(const IrNode& node) {
  const OpDef* def = findKnownOp(node.op);
  return def && def->isFusible();
}

// Groups neighbours by merging a node with the group of an input where no other path leads from that group to
// the node.
class Grouping {
 public:
  explicit Grouping(const Ir& ir)
      : ir_(ir), makers_(ir.nodes.size()), group_(ir.nodes.size(), -1), seen_(ir.nodes.size(), 0) {
    for (size_t n = 0; n < ir.nodes.size(); ++n)
      for (int input : ir.nodes[n].inputs) {
        const IrValue& value = ir.values[static_cast<size_t>(input)];
        if (value.origin == Origin::Computed) makers_[n].push_back(value.index);
      }
    for (size_t n = 0; n < ir.nodes.size(); ++n)
      if (isFusible(ir.nodes[n])) place(n);
  }

  // Node indices of each group, in order.
  const std::vector<std::vector<int>>& groups() const { return members_; }

 private:
  const Dims& shapeOf(size_t n) const { return ir_.type(ir_.nodes[n].outputs[0]).shape; }

  // A condition is cheap to make where it is used, and its bytes are not worth keeping beside the numbers
  // that it is made of, nor do they lie in blocks: it begins a group that the op which reads it may join.
  bool waitsForReader(size_t n) const {
    const int output = ir_.nodes[n].outputs[0];
    if (ir_.type(output).dtype != DType::Bool) return false;
    const std::vector<int>& readers = ir_.readers(output);
    return !readers.empty() && std::all_of(readers.begin(), readers.end(), [&](int reader) {
      return isFusible(ir_.nodes[static_cast<size_t>(reader)]) &&
             shapeOf(static_cast<size_t>(reader)) == shapeOf(n);
    });
  }

  void place(size_t n) {
    int home = -1;
    for (int maker : waitsForReader(n) ? std::vector<int>{} : makers_[n]) {
      const int candidate = group_[static_cast<size_t>(maker)];
      if (candidate < 0 || candidate == home || shapeOf(static_cast<size_t>(maker)) != shapeOf(n)) continue;
      if (home < 0) {
        if (fits(candidate, 1) && !leadsAround(candidate, -1, static_cast<int>(n))) home = candidate;
      } else if (fits(home, size(candidate) + 1) && !leadsAround(home, candidate, static_cast<int>(n))) {
        home = unite(home, candidate);
      }
    }
    if (home < 0) {
      home = static_cast<int>(members_.size());
      members_.emplace_back();
    }
    group_[n] = home;
    members_[static_cast<size_t>(home)].push_back(static_cast<int>(n));
  }

  size_t size(int group) const { return members_[static_cast<size_t>(group)].size(); }
  bool fits(int group, size_t more) const { return size(group) + more <= ir_.habits.longestChain; }

  // Whether a path leads from the groups through nodes outside of them back to them or to the target, so that
  // to make one node of all would make a circle. Nodes of one group count as one. other: -1 for none.
  bool leadsAround(int group, int other, int target) {
    ++searches_;
    size_t met = 0;
    stack_.clear();
    const auto inside = [&](int node) {
      const int g = group_[static_cast<size_t>(node)];
      return g >= 0 && (g == group || g == other);
    };
    const auto push = [&](int node) {
      if (std::exchange(seen_[static_cast<size_t>(node)], searches_) == searches_) return;
      stack_.push_back(node);
      ++met;
    };
    // Pushes what a node outside reads, or what leads from outside into one inside; tells whether an outside
    // node reads one inside.
    const auto follow = [&](int node, bool isOutside) {
      for (int maker : makers_[static_cast<size_t>(node)]) {
        if (inside(maker)) {
          if (isOutside) return true;
          continue;
        }
        const int g = group_[static_cast<size_t>(maker)];
        if (g < 0) {
          push(maker);
        } else {
          for (int member : members_[static_cast<size_t>(g)]) push(member);
        }
      }
      return false;
    };
    follow(target, false);
    if (other >= 0)
      for (int g : {group, other})
        for (int member : members_[static_cast<size_t>(g)]) follow(member, false);
    while (!stack_.empty() && met <= kMostMet) {
      const int node = stack_.back();
      stack_.pop_back();
      if (follow(node, true)) return true;
    }
    return met > kMostMet;
  }

  int unite(int a, int b) {
    auto& from = members_[static_cast<size_t>(b)];
    auto& to = members_[static_cast<size_t>(a)];
    for (int member : from) group_[static_cast<size_t>(member)] = a;
    to.insert(to.end(), from.begin(), from.end());
    std::sort(to.begin(), to.end());
    from.clear();
    return a;
  }

  const Ir& ir_;
  std::vector<std::vector<int>> makers_;  // the nodes that each node reads
  std::vector<int> group_;
  std::vector<std::vector<int>> members_;
  std::vector<int> seen_, stack_;  // of a search; seen_: the search that met each node last
  int searches_ = 0;
};

// Turns the nodes of a group into one fusedElementwise node.
void fuseGroup(Ir& ir, const std::vector<int>& members) {
  std::set<int> inside;
  for (int n : members) inside.insert(n);
  auto program = std::make_shared<ElementwiseProgram>();
  std::vector<int> inputs;
  std::map<int, int> registerOf;
  std::map<int, Attrs> constants;
  for (int n : members)
    for (int input : ir.nodes[static_cast<size_t>(n)].inputs) {
      const IrNode* from = ir.producer(input);
      const bool own = from && inside.count(ir.values[static_cast<size_t>(input)].index) != 0;
      if (own || registerOf.count(input) || constants.count(input)) continue;
      if (from && from->op == "constant") {
        constants[input] = from->attrs;
      } else {
        registerOf[input] = program->inputs++;
        inputs.push_back(input);
      }
    }
  for (const auto& item : constants) {
    IrNode step;
    step.op = "constant";
    step.attrs = Attrs{{"value", item.second.number("value")}};
    registerOf[item.first] = addStep(*program, step, {}, ir.type(item.first).dtype);
  }
  std::vector<int> outputs;
  double rank = 0;
  for (int n : members) {
    const IrNode& node = ir.nodes[static_cast<size_t>(n)];
    std::vector<int> args;
    for (int input : node.inputs) args.push_back(registerOf.at(input));
    const int output = node.outputs[0];
    registerOf[output] = addStep(*program, node, args, ir.type(output).dtype);
    rank = std::max(rank, node.rank);
    const std::vector<int>& readers = ir.readers(output);
    const bool outside =
        std::any_of(readers.begin(), readers.end(), [&](int reader) { return inside.count(reader) == 0; });
    if (outside || ir.isKept(output)) {
      outputs.push_back(output);
      program->outputs.push_back(registerOf[output]);
    }
  }
  std::vector<TensorType> types;
  for (int output : outputs) types.push_back(ir.type(output));
  const int made = ir.addNode("fusedElementwise", inputs, types, {}, rank);
  IrNode chain = ir.nodes[static_cast<size_t>(made)];
  chain.program = program;
  for (size_t i = 0; i < outputs.size(); ++i) ir.replaceUses(outputs[i], chain.outputs[i]);
  ir.put(made, std::move(chain));
}

}  // namespace

int addStep(ElementwiseProgram& program, const IrNode& node, const std::vector<int>& args, DType dtype) {
  program.steps.push_back({node.op, args, node.attrs, dtype});
  return program.inputs + static_cast<int>(program.steps.size()) - 1;
}

bool isUpdate(const std::string& op) {
  const OpDef* def = findKnownOp(op);
  return def && def->isUpdate();
}

bool isElementwise(const std::string& op) {
  const OpDef* def = findKnownOp(op);
  return def && def->elementwise;
}

void fuseElementwise(Ir& ir) {
  const std::vector<std::vector<int>> groups = Grouping(ir).groups();
  for (const auto& members : groups) {
    const bool alone = members.size() == 1;
    const auto constantInput = [&](int input) {
      const IrNode* from = ir.producer(input);
      return from && from->op == "constant";
    };
    if (members.empty()) continue;
    const IrNode& first = ir.nodes[static_cast<size_t>(members[0])];
    // A lone op without constants runs as it is.
    if (alone && std::none_of(first.inputs.begin(), first.inputs.end(), constantInput)) continue;
    fuseGroup(ir, members);
  }
  ir.sweepAndSort();
}

}  // namespace nodegrad::plan
