#include <algorithm>
#include <set>

#include "plan/match.h"

namespace nodegrad::plan {

namespace {

bool channelsLast(const IrNode& node) { return node.attrs.text("dataFormat") == "channelsLast"; }

class ComputeFusion {
 public:
  ComputeFusion(Ir& ir, const Backend& backend) : ir_(ir), backend_(backend) {
    for (const IrUpdate& update : ir.updates)
      updatedShapes_.insert(ir.type(ir.parameters[static_cast<size_t>(update.parameter)]).shape);
  }

  // matmul(reshape(x), W) and its two gradients become innerProduct ops that take the image as it lies.
  void denseLayers() {
    for (size_t n = 0; n < ir_.nodes.size(); ++n) {
      if (ir_.nodes[n].op != "matmul") continue;
      const IrNode node = ir_.nodes[n];
      const bool ta = node.attrs.boolean("transposeA"), tb = node.attrs.boolean("transposeB");
      if (rank(node.inputs[0]) != 2 || rank(node.inputs[1]) != 2) continue;
      if (!ta && !tb && isParameter(node.inputs[1])) {
        become(n, "innerProduct", {flattened(node.inputs[0]), node.inputs[1]});
      } else if (!ta && tb && isParameter(node.inputs[1])) {
        backwardData(n);
      } else if (ta && !tb && feedsParameter(node.outputs[0])) {
        become(n, "innerProductBackwardWeights", {flattened(node.inputs[0]), node.inputs[1]});
      }
    }
    ir_.sweepAndSort();
  }

  // add(conv(x, w), bias) and an activation behind it become one node.
  void biasAndActivation() {
    for (size_t n = 0; n < ir_.nodes.size(); ++n) {
      const std::string op = ir_.nodes[n].op;
      if (op != "conv" && op != "innerProduct") continue;
      fuseBias(n);
      fuseActivation(n);
    }
    ir_.sweepAndSort();
  }

  // sum(dy) over all but the channels becomes the second output of the weight gradient that reads the same
  // dy.
  void biasGradients() {
    for (size_t n = 0; n < ir_.nodes.size(); ++n) {
      const std::string op = ir_.nodes[n].op;
      const bool conv = op == "convBackwardFilter";
      if (!conv && op != "innerProductBackwardWeights") continue;
      const int dy = ir_.nodes[n].inputs[1];
      const size_t channel = conv && !channelsLast(ir_.nodes[n]) ? 1 : rank(dy) - 1;
      const int sum = channelSum(dy, channel);
      if (sum < 0 || ir_.nodes[n].outputs.size() != 1) continue;
      const int old = ir_.nodes[static_cast<size_t>(sum)].outputs[0];
      IrNode fused = ir_.nodes[n];
      fused.outputs.push_back(old);
      if (!backend_.supports(ir_.spec(fused))) continue;
      ir_.replaceUses(old, ir_.addOutput(static_cast<int>(n), ir_.type(old)));
    }
    ir_.sweepAndSort();
  }

 private:
  size_t rank(int value) const { return ir_.type(value).shape.size(); }
  bool isParameter(int value) const {
    return ir_.values[static_cast<size_t>(value)].origin == Origin::Parameter;
  }

  void become(size_t n, const std::string& op, std::vector<int> inputs) {
    IrNode node = ir_.nodes[n];
    node.op = op;
    node.inputs = std::move(inputs);
    node.attrs = {};
    if (backend_.supports(ir_.spec(node))) ir_.put(static_cast<int>(n), std::move(node));
  }

  // The image behind a value [n, k] that only flattens it, else the value.
  int flattened(int value) const {
    const IrNode* node = ir_.producer(value);
    if (!node || node->op != "reshape") return value;
    const Dims& image = ir_.type(node->inputs[0]).shape;
    return image.size() == 4 && image[0] == ir_.type(value).shape[0] ? node->inputs[0] : value;
  }

  // Whether a value goes, perhaps through element-wise ops and updates, to a parameter of its own shape: a
  // weight's gradient.
  bool feedsParameter(int value) const { return updatedShapes_.count(ir_.type(value).shape) != 0; }

  void backwardData(size_t n) {
    const IrNode node = ir_.nodes[n];
    const int output = node.outputs[0];
    if (const int reader = ir_.soleReader(output); reader >= 0) {
      const IrNode& reshape = ir_.nodes[static_cast<size_t>(reader)];
      const Dims& image = ir_.type(reshape.outputs[0]).shape;
      if (reshape.op == "reshape" && image.size() == 4 && image[0] == ir_.type(output).shape[0]) {
        const int result = reshape.outputs[0];
        IrNode whole;
        whole.op = "innerProductBackwardData";
        whole.inputs = {node.inputs[1], node.inputs[0]};
        whole.outputs = {result};
        if (!backend_.supports(ir_.spec(whole))) return;
        const int made = ir_.addNode(whole.op, whole.inputs, {ir_.type(result)}, {}, node.rank);
        ir_.replaceUses(result, ir_.nodes[static_cast<size_t>(made)].outputs[0]);
        return;
      }
    }
    become(n, "innerProductBackwardData", {node.inputs[1], node.inputs[0]});
  }

  void fuseBias(size_t n) {
    const int output = ir_.nodes[n].outputs[0];
    const int reader = ir_.soleReader(output);
    if (reader < 0 || ir_.nodes[static_cast<size_t>(reader)].op != "add") return;
    const IrNode add = ir_.nodes[static_cast<size_t>(reader)];
    if (ir_.type(add.outputs[0]) != ir_.type(output)) return;
    const bool first = ir_.nodes[n].op != "conv" || channelsLast(ir_.nodes[n]);
    const Dims& shape = ir_.type(output).shape;
    const size_t channelFromEnd = first ? 0 : shape.size() - 2;
    const int other = add.inputs[0] == output ? add.inputs[1] : add.inputs[0];
    const int bias = ir_.channelVector(other, shape[shape.size() - 1 - channelFromEnd], channelFromEnd);
    if (bias < 0 || !availableBefore(bias, n)) return;
    IrNode fused = ir_.nodes[n];
    fused.inputs.push_back(bias);
    absorb(ir_, backend_, n, std::move(fused), reader);
  }

  // A bias that is computed after this node would turn the order around; a parameter never is.
  bool availableBefore(int value, size_t n) const {
    const IrValue& v = ir_.values[static_cast<size_t>(value)];
    return v.origin != Origin::Computed || static_cast<size_t>(v.index) < n;
  }

  void fuseActivation(size_t n) {
    const int reader = ir_.soleReader(ir_.nodes[n].outputs[0]);
    if (reader < 0) return;
    const IrNode activation = ir_.nodes[static_cast<size_t>(reader)];
    if (const OpDef* op = findKnownOp(activation.op); !op || !op->activation) return;
    IrNode fused = ir_.nodes[n];
    fused.attrs.set("activation", activation.op);
    absorb(ir_, backend_, n, std::move(fused), reader);
  }

  int channelSum(int dy, size_t channel) const {
    for (int reader : ir_.readers(dy)) {
      const IrNode& node = ir_.nodes[static_cast<size_t>(reader)];
      if (node.op != "sum" || node.attrs.boolean("keepDims")) continue;
      // Another weight gradient of the same dy may have taken it over already.
      if (ir_.uses(node.outputs[0]) == 0) continue;
      std::set<int64_t> axes;
      for (int64_t axis : node.attrs.integers("axes")) axes.insert(normalizeAxis("sum", axis, rank(dy)));
      if (axes.size() == rank(dy) - 1 && axes.count(static_cast<int64_t>(channel)) == 0) return reader;
    }
    return -1;
  }

  Ir& ir_;
  const Backend& backend_;
  std::set<Dims> updatedShapes_;  // of the parameters that the computation changes
};

}  // namespace

void fuseCompute(Ir& ir, const Backend& backend) {
  ComputeFusion fusion(ir, backend);
  fusion.denseLayers();
  fusion.biasAndActivation();
  fusion.biasGradients();
}

}  // namespace nodegrad::plan
