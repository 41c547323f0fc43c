#include <algorithm>

#include "core/window.h"
#include "plan/match.h"
#include "spec/norm.h"

namespace nodegrad::plan {

namespace {

using Forward = spec::NormForward;
using Backward = spec::NormBackward;

class NormFusion {
 public:
  NormFusion(Ir& ir, const Backend& backend) : ir_(ir), backend_(backend) {}

  // batchNormalization becomes the statistics of its input and their use, so that either can be part of a
  // neighbour.
  void split() {
    for (NodeId n : ir_.nodes.ids()) {
      if (ir_.nodes[n].op != "batchNormalization") continue;
      const IrNode node = ir_.nodes[n];
      const ValueId x = node.inputs[0], mean = node.outputs[1], variance = node.outputs[2];
      Attrs attrs = node.attrs;
      attrs.set("activation", std::string("linear"));
      const IrNode statistics = nodeOf("batchNormStatistics", {x}, {mean, variance},
                                       {{"axis", node.attrs.integer("axis")}}, node.rank);
      const IrNode normalize =
          nodeOf("batchNormNormalize", {x, node.inputs[1], node.inputs[2], mean, variance}, {node.outputs[0]},
                 std::move(attrs), node.rank);
      if (!supports(statistics) || !supports(normalize)) continue;
      ir_.put(n, normalize);
      ir_.append(statistics);
    }
    ir_.sweepAndSort();
  }

  // relu(batchNormalization(x) + residual), either of them or both, becomes one node.
  void residualAndActivation() {
    for (NodeId n : ir_.nodes.ids()) {
      if (ir_.nodes[n].op != "batchNormNormalize") continue;
      fuseResidual(n);
      const NodeId reader = ir_.soleReader(ir_.nodes[n].outputs[0]);
      if (!reader || ir_.nodes[reader].op != "relu") continue;
      IrNode fused = ir_.nodes[n];
      fused.attrs.set("activation", std::string("relu"));
      absorb(ir_, backend_, n, std::move(fused), reader);
    }
    ir_.sweepAndSort();
  }

  // A max-pooling that is the only reader takes x as it is: what is not pooled is never written.
  void pooling() {
    for (NodeId n : ir_.nodes.ids()) {
      const IrNode node = ir_.nodes[n];
      if (node.op != "batchNormNormalize" || Forward(ir_.spec(node)).residual) continue;
      const NodeId reader = ir_.soleReader(node.outputs[0]);
      if (!reader || ir_.nodes[reader].op != "maxPool") continue;
      const IrNode pool = ir_.nodes[reader];
      const size_t rank = ir_.type(node.outputs[0]).shape.size();
      const int64_t axis = normalizeAxis(node.op, node.attrs.integer("axis"), rank);
      if (axis != imageAxes(pool.op, pool.attrs, rank).c) continue;
      const ValueId pooledX = ir_.addValue(ir_.type(pool.outputs[0]));
      const IrNode whole =
          nodeOf("batchNormMaxPool", node.inputs, {pool.outputs[0], pool.outputs[1], pooledX},
                 merged(node.attrs, pool.attrs), pool.rank);
      if (supports(whole)) ir_.put(reader, whole);
    }
    ir_.sweepAndSort();
  }

  // The gradients of all that.
  void backward() {
    for (NodeId n : ir_.nodes.ids()) {
      if (ir_.nodes[n].op != "batchNormalizationBackward") continue;
      const NodeId forward = forwardOf(ir_.nodes[n]);
      if (!forward) continue;
      const IrNode& node = ir_.nodes[forward];
      if (node.op == "batchNormMaxPool") {
        fusePoolBackward(n, IrNode(node));
      } else if (node.attrs.text("activation") == "relu") {
        fuseMask(n, IrNode(node));
      }
    }
    ir_.sweepAndSort();
  }

 private:
  static IrNode nodeOf(const char* op, std::vector<ValueId> inputs, std::vector<ValueId> outputs, Attrs attrs,
                       double rank) {
    IrNode node;
    node.op = op;
    node.inputs = std::move(inputs);
    node.outputs = std::move(outputs);
    node.attrs = std::move(attrs);
    node.rank = rank;
    return node;
  }

  bool supports(const IrNode& node) const { return backend_.supports(ir_.spec(node)); }

  static Attrs merged(Attrs attrs, const Attrs& more) {
    for (const auto& item : more) attrs.set(item.first, item.second);
    return attrs;
  }

  void fuseResidual(NodeId n) {
    const ValueId y = ir_.nodes[n].outputs[0];
    const NodeId reader = ir_.soleReader(y);
    if (!reader || ir_.nodes[reader].op != "add") return;
    const IrNode& sum = ir_.nodes[reader];
    const ValueId other = sum.inputs[0] == y ? sum.inputs[1] : sum.inputs[0];
    if (ir_.type(other) != ir_.type(y)) return;
    IrNode fused = ir_.nodes[n];
    fused.inputs.push_back(other);
    absorb(ir_, backend_, n, std::move(fused), reader);
  }

  // The node that normalizes what a gradient is taken of, or -1.
  NodeId forwardOf(const IrNode& back) const {
    for (NodeId reader : ir_.readers(back.inputs[Backward::x])) {
      const IrNode& node = ir_.nodes[reader];
      if (node.op != "batchNormNormalize" && node.op != "batchNormMaxPool") continue;
      if (node.inputs[Forward::x] == back.inputs[Backward::x] &&
          node.inputs[Forward::gamma] == back.inputs[Backward::gamma] &&
          node.inputs[Forward::mean] == back.inputs[Backward::mean] &&
          node.inputs[Forward::variance] == back.inputs[Backward::variance])
        return reader;
    }
    return {};
  }

  // The mask is found again in the pass that adds the gradients up. Where others need the masked gradient
  // too, as a residual does, that pass writes it.
  void fuseMask(NodeId n, const IrNode& forward) {
    const ValueId dy = ir_.nodes[n].inputs[Backward::dy];
    const auto mask = reluMask(ir_, dy);
    if (!mask || mask->y != forward.outputs[0] || ir_.type(mask->gradient) != ir_.type(dy)) return;
    const bool alone = ir_.soleReader(dy) == n;
    const bool residual = Forward(ir_.spec(forward)).residual.has_value();
    const NodeId masking = ir_.producerId(dy);
    IrNode fused = ir_.nodes[n];
    fused.inputs[Backward::dy] = mask->gradient;
    fused.inputs.push_back(residual ? forward.outputs[0] : forward.inputs[Forward::beta]);
    fused.attrs.set("mask", std::string(residual ? "y" : "x"));
    if (!alone) fused.outputs.push_back(dy);
    if (!supports(fused)) return;
    if (alone) {
      ir_.put(n, std::move(fused));
      return;
    }
    ir_.put(masking, {});  // the pass writes dy
    ir_.put(n, std::move(fused));
    addGradients(n);
  }

  // dy that is the sum of two gradients, as where a block's output goes two ways, is summed up by the pass
  // that writes it masked. Where a chain makes one of them, the chain is the better place.
  void addGradients(NodeId n) {
    const ValueId dy = ir_.nodes[n].inputs[Backward::dy];
    const IrNode* sum = ir_.producer(dy);
    if (!sum || sum->op != "add" || ir_.soleReader(dy) != n) return;
    for (ValueId part : sum->inputs) {
      const IrNode* from = ir_.producer(part);
      if (ir_.type(part) != ir_.type(dy) || (from && isElementwise(from->op))) return;
    }
    IrNode fused = ir_.nodes[n];
    fused.inputs[Backward::dy] = sum->inputs[0];
    fused.inputs.push_back(sum->inputs[1]);
    if (supports(fused)) ir_.put(n, std::move(fused));
  }

  void fusePoolBackward(NodeId n, const IrNode& forward) {
    const IrNode node = ir_.nodes[n];
    const IrNode* unpool = ir_.producer(node.inputs[Backward::dy]);
    if (!unpool || unpool->op != "maxPoolBackward" || unpool->inputs[1] != forward.outputs[1]) return;
    if (ir_.soleReader(node.inputs[Backward::dy]) != n) return;
    ValueId dy = unpool->inputs[0];
    if (forward.attrs.text("activation") == "relu") {
      const auto mask = reluMask(ir_, dy);
      if (!mask || mask->y != forward.outputs[0]) return;
      if (ir_.type(mask->gradient) == ir_.type(dy)) dy = mask->gradient;
    }
    IrNode fused = nodeOf("batchNormMaxPoolBackward",
                          {dy, node.inputs[Backward::x], node.inputs[Backward::gamma],
                           node.inputs[Backward::mean], node.inputs[Backward::variance],
                           forward.inputs[Forward::beta], forward.outputs[1], forward.outputs[2]},
                          node.outputs, forward.attrs, node.rank);
    if (supports(fused)) ir_.put(n, std::move(fused));
  }

  Ir& ir_;
  const Backend& backend_;
};

}  // namespace

void fuseNorm(Ir& ir, const Backend& backend) {
  NormFusion fusion(ir, backend);
  fusion.split();
  fusion.residualAndActivation();
  fusion.pooling();
  fusion.backward();
}

}  // namespace nodegrad::plan
