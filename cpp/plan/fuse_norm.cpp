#include "plan/ir.h"

namespace nodegrad::plan {

namespace {

class NormFusion {
 public:
  explicit NormFusion(Ir& ir) : ir_(ir) {}

  // batchNorm becomes the statistics of its input and their use, so that either can be part of a neighbour.
  void split() {
    const size_t count = ir_.nodes.size();
    for (size_t n = 0; n < count; ++n) {
      if (ir_.nodes[n].op != "batchNorm") continue;
      const IrNode node = ir_.nodes[n];
      const Attrs axis{{"axis", node.attrs.integer("axis")}};
      const std::vector<int> statistics =
          add("batchNormStatistics", {node.inputs[0]}, {ir_.type(node.outputs[1]), ir_.type(node.outputs[2])},
              axis, node.rank);
      Attrs attrs = node.attrs;
      attrs.set("activation", std::string("linear"));
      const std::vector<int> y =
          add("batchNormNormalize",
              {node.inputs[0], node.inputs[1], node.inputs[2], statistics[0], statistics[1]},
              {ir_.type(node.outputs[0])}, std::move(attrs), node.rank);
      replace(node.outputs, {y[0], statistics[0], statistics[1]});
    }
    ir_.sweepAndSort();
  }

 private:
  std::vector<int> add(const char* op, std::vector<int> inputs, const std::vector<TensorType>& outputs,
                       Attrs attrs, double rank) {
    const int made = ir_.addNode(op, std::move(inputs), outputs, std::move(attrs), rank);
    return ir_.nodes[static_cast<size_t>(made)].outputs;
  }

  void replace(const std::vector<int>& from, const std::vector<int>& to) {
    for (size_t i = 0; i < from.size(); ++i) ir_.replaceUses(from[i], to[i]);
  }

  Ir& ir_;
};

}  // namespace

void fuseNorm(Ir& ir) {
  NormFusion fusion(ir);
  fusion.split();
}

}  // namespace nodegrad::plan
