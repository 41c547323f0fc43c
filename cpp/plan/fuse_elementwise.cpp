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
      : ir_(ir), makers_(ir.nodes.size()), group_(ir.nodes.size(), kNoGroup), seen_(ir.nodes.size(), 0) {
    for (NodeId n : ir.nodes.ids())
      for (ValueId input : ir.nodes[n].inputs)
        if (const NodeId maker = ir.producerId(input)) makers_[n].push_back(maker);
    for (NodeId n : ir.nodes.ids())
      if (isFusible(ir.nodes[n])) assign(n);
  }

  // The nodes of each group, in order.
  const std::vector<std::vector<NodeId>>& groups() const { return members_; }

 private:
  static constexpr size_t kNoGroup = static_cast<size_t>(-1);

  const Dims& shapeOf(NodeId n) const { return ir_.type(ir_.nodes[n].outputs[0]).shape; }

  // A condition is cheap to make where it is used. Its bytes are not worth keeping in addition to the numbers
  // that it is made of, and they cannot have a blocked layout: it begins a group that the op which reads it
  // may join.
  bool waitsForReader(NodeId n) const {
    const ValueId output = ir_.nodes[n].outputs[0];
    if (ir_.type(output).dtype != DType::Bool) return false;
    const std::vector<NodeId>& readers = ir_.readers(output);
    return !readers.empty() && std::all_of(readers.begin(), readers.end(), [&](NodeId reader) {
      return isFusible(ir_.nodes[reader]) && shapeOf(reader) == shapeOf(n);
    });
  }

  void assign(NodeId n) {
    size_t target = kNoGroup;
    for (NodeId maker : waitsForReader(n) ? std::vector<NodeId>{} : makers_[n]) {
      const size_t candidate = group_[maker];
      if (candidate == kNoGroup || candidate == target || shapeOf(maker) != shapeOf(n)) continue;
      if (target == kNoGroup) {
        if (fits(candidate, 1) && !leadsAround(candidate, kNoGroup, n)) target = candidate;
      } else if (fits(target, members_[candidate].size() + 1) && !leadsAround(target, candidate, n)) {
        unite(target, candidate);
      }
    }
    if (target == kNoGroup) {
      target = members_.size();
      members_.emplace_back();
    }
    group_[n] = target;
    members_[target].push_back(n);
  }

  bool fits(size_t group, size_t more) const {
    return members_[group].size() + more <= ir_.habits.longestChain;
  }

  // Whether a path leads from the groups through nodes outside of them back to them or to the target, so that
  // to make one node of all would make a circle. Nodes of one group count as one. other: may be kNoGroup.
  bool leadsAround(size_t group, size_t other, NodeId target) {
    ++searches_;
    size_t met = 0;
    stack_.clear();
    const auto inside = [&](NodeId node) {
      const size_t g = group_[node];
      return g != kNoGroup && (g == group || g == other);
    };
    const auto push = [&](NodeId node) {
      seen_[node] = searches_;
      stack_.push_back(node);
      ++met;
    };
    // Pushes what a node outside reads, or what leads from outside into one inside; tells whether an outside
    // node reads one inside.
    const auto follow = [&](NodeId node, bool isOutside) {
      for (NodeId maker : makers_[node]) {
        if (inside(maker)) {
          if (isOutside) return true;
          continue;
        }
        if (seen_[maker] == searches_) continue;  // and with it all of its group
        if (group_[maker] == kNoGroup) {
          push(maker);
        } else {
          for (NodeId member : members_[group_[maker]]) push(member);
        }
      }
      return false;
    };
    follow(target, false);
    if (other != kNoGroup)
      for (size_t g : {group, other})
        for (NodeId member : members_[g]) follow(member, false);
    while (!stack_.empty() && met <= kMostMet) {
      const NodeId node = stack_.back();
      stack_.pop_back();
      if (follow(node, true)) return true;
    }
    return met > kMostMet;
  }

  // The members of one group join another.
  void unite(size_t target, size_t group) {
    std::vector<NodeId>& from = members_[group];
    std::vector<NodeId>& to = members_[target];
    for (NodeId member : from) group_[member] = target;
    to.insert(to.end(), from.begin(), from.end());
    std::sort(to.begin(), to.end());
    from.clear();
  }

  const Ir& ir_;
  PerNode<std::vector<NodeId>> makers_;  // the nodes that each node reads
  PerNode<size_t> group_;
  std::vector<std::vector<NodeId>> members_;  // of each group
  PerNode<int> seen_;                         // the search that met each node last
  std::vector<NodeId> stack_;                 // of a search
  int searches_ = 0;
};

// Turns the nodes of a group into one fusedElementwise node.
void fuseGroup(Ir& ir, const std::vector<NodeId>& members) {
  const std::set<NodeId> inside(members.begin(), members.end());
  auto program = std::make_shared<ElementwiseProgram>();
  std::vector<ValueId> inputs;
  std::map<ValueId, int> registerOf;
  std::map<ValueId, Attrs> constants;
  for (NodeId n : members)
    for (ValueId input : ir.nodes[n].inputs) {
      const IrNode* from = ir.producer(input);
      const bool own = from && inside.count(ir.producerId(input)) != 0;
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
  std::vector<ValueId> outputs;
  double rank = 0;
  for (NodeId n : members) {
    const IrNode& node = ir.nodes[n];
    std::vector<int> args;
    for (ValueId input : node.inputs) args.push_back(registerOf.at(input));
    const ValueId output = node.outputs[0];
    registerOf[output] = addStep(*program, node, args, ir.type(output).dtype);
    rank = std::max(rank, node.rank);
    const std::vector<NodeId>& readers = ir.readers(output);
    const bool outside =
        std::any_of(readers.begin(), readers.end(), [&](NodeId reader) { return inside.count(reader) == 0; });
    if (outside || ir.isKept(output)) {
      outputs.push_back(output);
      program->outputs.push_back(registerOf[output]);
    }
  }
  std::vector<TensorType> types;
  for (ValueId output : outputs) types.push_back(ir.type(output));
  const NodeId fused = ir.addNode("fusedElementwise", inputs, types, {}, rank);
  IrNode chain = ir.nodes[fused];
  chain.program = program;
  for (size_t i = 0; i < outputs.size(); ++i) ir.replaceUses(outputs[i], chain.outputs[i]);
  ir.put(fused, std::move(chain));
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
  const std::vector<std::vector<NodeId>> groups = Grouping(ir).groups();
  for (const auto& members : groups) {
    const bool alone = members.size() == 1;
    const auto constantInput = [&](ValueId input) {
      const IrNode* from = ir.producer(input);
      return from && from->op == "constant";
    };
    if (members.empty()) continue;
    const IrNode& first = ir.nodes[members[0]];
    // A lone op without constants runs as it is.
    if (alone && std::none_of(first.inputs.begin(), first.inputs.end(), constantInput)) continue;
    fuseGroup(ir, members);
  }
  ir.sweepAndSort();
}

}  // namespace nodegrad::plan
