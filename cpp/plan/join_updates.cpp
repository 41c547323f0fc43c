#include <algorithm>

#include "plan/ir.h"

namespace nodegrad::plan {

namespace {

// Updates of one rule with the same scalars, which one kernel can make.
struct Group {
  std::vector<NodeId> nodes;
  size_t bytes = 0;
};

// How many tensors go into an update of one weight; the scalars follow (spec/update.h).
size_t tensors(const IrNode& node) { return node.outputs.size() + 1; }

bool mayJoin(const IrNode& a, const IrNode& b) {
  return a.op == b.op && a.attrs == b.attrs && a.inputs.size() == b.inputs.size() &&
         std::equal(a.inputs.begin() + static_cast<long>(tensors(a)), a.inputs.end(),
                    b.inputs.begin() + static_cast<long>(tensors(b)));
}

// The last node takes over what the others do, weight after weight.
void join(Ir& ir, const std::vector<NodeId>& members) {
  IrNode joined = ir.nodes[members.back()];
  const std::vector<ValueId> scalars(joined.inputs.begin() + static_cast<long>(tensors(joined)),
                                     joined.inputs.end());
  joined.inputs.clear();
  joined.outputs.clear();
  for (NodeId n : members) {
    const IrNode& node = ir.nodes[n];
    joined.inputs.insert(joined.inputs.end(), node.inputs.begin(),
                         node.inputs.begin() + static_cast<long>(tensors(node)));
    joined.outputs.insert(joined.outputs.end(), node.outputs.begin(), node.outputs.end());
    ir.put(n, {});
  }
  joined.inputs.insert(joined.inputs.end(), scalars.begin(), scalars.end());
  ir.put(members.back(), std::move(joined));
}

}  // namespace

void joinUpdates(Ir& ir) {
  // A new weight that another node reads might lead to the gradient of the next.
  const auto isRead = [&](ValueId output) { return !ir.readers(output).empty(); };
  std::vector<Group> groups;
  for (NodeId n : ir.nodes.ids()) {
    const IrNode& node = ir.nodes[n];
    if (!isUpdate(node.op)) continue;
    const size_t bytes = bytesOf(ir.values[node.inputs[1]]);
    // A larger weight is worth its own sweep, made while its gradient is in the cache.
    if (bytes > ir.habits.smallUpdate || std::any_of(node.outputs.begin(), node.outputs.end(), isRead))
      continue;
    const auto group = std::find_if(groups.begin(), groups.end(), [&](const Group& other) {
      return other.bytes + bytes <= ir.habits.waitingUpdates && mayJoin(ir.nodes[other.nodes[0]], node);
    });
    Group& target = group == groups.end() ? groups.emplace_back() : *group;
    target.nodes.push_back(n);
    target.bytes += bytes;
  }
  for (const Group& group : groups)
    if (group.nodes.size() > 1) join(ir, group.nodes);
  ir.sweepAndSort();
}

}  // namespace nodegrad::plan
