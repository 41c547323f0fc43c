#include <algorithm>

#include "plan/ir.h"

namespace nodegrad::plan {

namespace {

// Inputs of batchNormNormalize and batchNormMaxPool, and of batchNormBackward.
enum Forward { kX, kGamma, kBeta, kMean, kVariance, kResidual };
enum Backward { kDy, kBackX, kBackGamma, kBackMean, kBackVariance };

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

  // relu(batchNorm(x) + residual), either of them or both, becomes one node.
  void residualAndActivation() {
    for (size_t n = 0; n < ir_.nodes.size(); ++n) {
      if (ir_.nodes[n].op != "batchNormNormalize") continue;
      fuseResidual(n);
      const int reader = ir_.soleReader(ir_.nodes[n].outputs[0]);
      if (reader < 0 || ir_.nodes[static_cast<size_t>(reader)].op != "relu") continue;
      absorb(n, reader);
      ir_.setAttr(static_cast<int>(n), "activation", std::string("relu"));
    }
    ir_.sweepAndSort();
  }

  // A max-pooling that is the only reader takes x as it is: what is not pooled is never written.
  void pooling() {
    const size_t count = ir_.nodes.size();
    for (size_t n = 0; n < count; ++n) {
      const IrNode node = ir_.nodes[n];
      if (node.op != "batchNormNormalize" || node.inputs.size() > kResidual) continue;
      const int reader = ir_.soleReader(node.outputs[0]);
      if (reader < 0 || ir_.nodes[static_cast<size_t>(reader)].op != "maxPool2d") continue;
      const IrNode pool = ir_.nodes[static_cast<size_t>(reader)];
      const int64_t axis = normalizeAxis(node.op, node.attrs.integer("axis"), 4);
      if (axis != (pool.attrs.text("dataFormat") == "channelsLast" ? 3 : 1)) continue;
      const TensorType pooled = ir_.type(pool.outputs[0]);
      replace(pool.outputs, add("batchNormMaxPool", node.inputs, {pooled, ir_.type(pool.outputs[1]), pooled},
                                merged(node.attrs, pool.attrs), pool.rank));
    }
    ir_.sweepAndSort();
  }

  // The gradients of all that.
  void backward() {
    const size_t count = ir_.nodes.size();
    for (size_t n = 0; n < count; ++n) {
      if (ir_.nodes[n].op != "batchNormBackward") continue;
      const int forward = forwardOf(ir_.nodes[n]);
      if (forward < 0) continue;
      const IrNode& node = ir_.nodes[static_cast<size_t>(forward)];
      if (node.op == "batchNormMaxPool") {
        fusePoolBackward(n, IrNode(node));
      } else if (node.attrs.text("activation") == "relu") {
        fuseMask(n, IrNode(node));
      }
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

  static Attrs merged(Attrs attrs, const Attrs& more) {
    for (const auto& item : more) attrs.set(item.first, item.second);
    return attrs;
  }

  // The node does what its only reader did; that one reads nothing any more.
  void absorb(size_t n, int reader) {
    ir_.detach(reader);
    ir_.replaceUses(ir_.nodes[static_cast<size_t>(reader)].outputs[0], ir_.nodes[n].outputs[0]);
  }

  void fuseResidual(size_t n) {
    const int y = ir_.nodes[n].outputs[0];
    const int reader = ir_.soleReader(y);
    if (reader < 0 || ir_.nodes[static_cast<size_t>(reader)].op != "add") return;
    const IrNode& sum = ir_.nodes[static_cast<size_t>(reader)];
    const int other = sum.inputs[0] == y ? sum.inputs[1] : sum.inputs[0];
    if (ir_.type(other) != ir_.type(y)) return;
    ir_.addInput(static_cast<int>(n), other);
    absorb(n, reader);
  }

  // The node that normalizes what a gradient is taken of, or -1.
  int forwardOf(const IrNode& back) const {
    for (int reader : ir_.readers(back.inputs[kBackX])) {
      const IrNode& node = ir_.nodes[static_cast<size_t>(reader)];
      if (node.op != "batchNormNormalize" && node.op != "batchNormMaxPool") continue;
      if (node.inputs[kX] == back.inputs[kBackX] && node.inputs[kGamma] == back.inputs[kBackGamma] &&
          node.inputs[kMean] == back.inputs[kBackMean] &&
          node.inputs[kVariance] == back.inputs[kBackVariance])
        return reader;
    }
    return -1;
  }

  // Whether a value is where(y > 0, gradient, 0), a ReLU's gradient.
  const IrNode* maskBy(int y, int value) const {
    const IrNode* select = ir_.producer(value);
    if (!select || select->op != "where" || ir_.constantOf(select->inputs[2]) != 0.0) return nullptr;
    const IrNode* mask = ir_.producer(select->inputs[0]);
    if (!mask || mask->op != "greater" || mask->inputs[0] != y || ir_.constantOf(mask->inputs[1]) != 0.0)
      return nullptr;
    return select;
  }

  // The mask is found again in the pass that adds the gradients up. Where others need the masked gradient
  // too, as a residual does, that pass writes it.
  void fuseMask(size_t n, const IrNode& forward) {
    const int dy = ir_.nodes[n].inputs[kDy];
    const IrNode* select = maskBy(forward.outputs[0], dy);
    if (!select || ir_.type(select->inputs[1]) != ir_.type(dy)) return;
    const bool alone = ir_.soleReader(dy) == static_cast<int>(n);
    const bool residual = forward.inputs.size() > kResidual;
    const int index = static_cast<int>(n);
    ir_.setInput(index, kDy, select->inputs[1]);
    ir_.addInput(index, residual ? forward.outputs[0] : forward.inputs[kBeta]);
    ir_.setAttr(index, "mask", std::string(residual ? "y" : "x"));
    if (alone) return;
    ir_.replaceUses(dy, ir_.addOutput(index, ir_.type(dy)));
    ir_.detach(ir_.values[static_cast<size_t>(dy)].index);  // read by nobody
    addGradients(n);
  }

  // dy that is the sum of two gradients, as where a block's output goes two ways, is summed up by the pass
  // that writes it masked. One of them that a chain makes had better be summed up there.
  void addGradients(size_t n) {
    const int dy = ir_.nodes[n].inputs[kDy];
    const IrNode* sum = ir_.producer(dy);
    if (!sum || sum->op != "add" || ir_.soleReader(dy) != static_cast<int>(n)) return;
    for (int part : sum->inputs) {
      const IrNode* from = ir_.producer(part);
      if (ir_.type(part) != ir_.type(dy) || (from && isElementwise(from->op))) return;
    }
    const std::vector<int> parts = sum->inputs;
    ir_.setInput(static_cast<int>(n), kDy, parts[0]);
    ir_.addInput(static_cast<int>(n), parts[1]);
  }

  void fusePoolBackward(size_t n, const IrNode& forward) {
    const IrNode node = ir_.nodes[n];
    const IrNode* unpool = ir_.producer(node.inputs[kDy]);
    if (!unpool || unpool->op != "maxPool2dBackward" || unpool->inputs[1] != forward.outputs[1]) return;
    if (ir_.soleReader(node.inputs[kDy]) != static_cast<int>(n)) return;
    int dy = unpool->inputs[0];
    if (forward.attrs.text("activation") == "relu") {
      const IrNode* select = maskBy(forward.outputs[0], dy);
      if (!select) return;
      if (ir_.type(select->inputs[1]) == ir_.type(dy)) dy = select->inputs[1];
    }
    std::vector<TensorType> types;
    for (int output : node.outputs) types.push_back(ir_.type(output));
    replace(node.outputs,
            add("batchNormMaxPoolBackward",
                {dy, node.inputs[kBackX], node.inputs[kBackGamma], node.inputs[kBackMean],
                 node.inputs[kBackVariance], forward.inputs[kBeta], forward.outputs[1], forward.outputs[2]},
                types, forward.attrs, node.rank));
  }

  Ir& ir_;
};

}  // namespace

void fuseNorm(Ir& ir) {
  NormFusion fusion(ir);
  fusion.split();
  fusion.residualAndActivation();
  fusion.pooling();
  fusion.backward();
}

}  // namespace nodegrad::plan
