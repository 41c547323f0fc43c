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
      updatedShapes_.insert(ir.type(ir.parameters[update.parameter]).shape);
  }

  // matmul(reshape(x), W) and its two gradients become innerProduct ops that take the image in its layout.
  void denseLayers() {
    for (NodeId n : ir_.nodes.ids()) {
      if (ir_.nodes[n].op != "matmul") continue;
      const IrNode node = ir_.nodes[n];
      const bool ta = node.attrs.boolean("transposeA"), tb = node.attrs.boolean("transposeB");
      if (rank(node.inputs[0]) != 2 || rank(node.inputs[1]) != 2) continue;
      if (!ta && !tb && isParameter(node.inputs[1])) {
        replace(n, "innerProduct", {flattened(node.inputs[0]), node.inputs[1]});
      } else if (!ta && tb && isParameter(node.inputs[1])) {
        backwardData(n);
      } else if (ta && !tb && feedsParameter(node.outputs[0])) {
        replace(n, "innerProductBackwardWeights", {flattened(node.inputs[0]), node.inputs[1]});
      }
    }
    ir_.sweepAndSort();
  }

  // add(conv(x, w), bias) and an activation after it become one node.
  void biasAndActivation() {
    for (NodeId n : ir_.nodes.ids()) {
      const std::string op = ir_.nodes[n].op;
      if (op != "conv" && op != "innerProduct" && op != "quantizedConv" && op != "quantizedMatmul") continue;
      fuseBias(n);
      fuseActivation(n);
    }
    ir_.sweepAndSort();
  }

  // sum(dy) over all but the channels becomes the second output of the weight gradient that reads the same
  // dy.
  void biasGradients() {
    for (NodeId n : ir_.nodes.ids()) {
      const std::string op = ir_.nodes[n].op;
      const bool conv = op == "convBackwardFilter";
      if (!conv && op != "innerProductBackwardWeights") continue;
      const ValueId dy = ir_.nodes[n].inputs[1];
      const size_t channel = conv && !channelsLast(ir_.nodes[n]) ? 1 : rank(dy) - 1;
      const NodeId sum = channelSum(dy, channel);
      if (!sum || ir_.nodes[n].outputs.size() != 1) continue;
      const ValueId old = ir_.nodes[sum].outputs[0];
      IrNode fused = ir_.nodes[n];
      fused.outputs.push_back(old);
      if (!backend_.supports(ir_.spec(fused))) continue;
      ir_.replaceUses(old, ir_.addOutput(n, ir_.type(old)));
    }
    ir_.sweepAndSort();
  }

 private:
  size_t rank(ValueId value) const { return ir_.type(value).shape.size(); }
  bool isParameter(ValueId value) const { return ir_.values[value].origin == Origin::Parameter; }

  void replace(NodeId n, const std::string& op, std::vector<ValueId> inputs) {
    IrNode node = ir_.nodes[n];
    node.op = op;
    node.inputs = std::move(inputs);
    node.attrs = {};
    if (backend_.supports(ir_.spec(node))) ir_.put(n, std::move(node));
  }

  // The image of which a value [n, k] is only the flat form, else the value.
  ValueId flattened(ValueId value) const {
    const IrNode* node = ir_.producer(value);
    if (!node || node->op != "reshape") return value;
    const Dims& image = ir_.type(node->inputs[0]).shape;
    return image.size() == 4 && image[0] == ir_.type(value).shape[0] ? node->inputs[0] : value;
  }

  // Whether a value goes, perhaps through element-wise ops and updates, to a parameter of the same shape: a
  // weight's gradient.
  bool feedsParameter(ValueId value) const { return updatedShapes_.count(ir_.type(value).shape) != 0; }

  void backwardData(NodeId n) {
    const IrNode node = ir_.nodes[n];
    const ValueId output = node.outputs[0];
    if (const NodeId reader = ir_.soleReader(output)) {
      const IrNode& reshape = ir_.nodes[reader];
      const Dims& image = ir_.type(reshape.outputs[0]).shape;
      if (reshape.op == "reshape" && image.size() == 4 && image[0] == ir_.type(output).shape[0]) {
        const ValueId result = reshape.outputs[0];
        IrNode whole;
        whole.op = "innerProductBackwardData";
        whole.inputs = {node.inputs[1], node.inputs[0]};
        whole.outputs = {result};
        if (!backend_.supports(ir_.spec(whole))) return;
        ir_.replaceUses(result, ir_.add(whole.op, whole.inputs, ir_.type(result), {}, node.rank));
        return;
      }
    }
    replace(n, "innerProductBackwardData", {node.inputs[1], node.inputs[0]});
  }

  void fuseBias(NodeId n) {
    const ValueId output = ir_.nodes[n].outputs[0];
    const NodeId reader = ir_.soleReader(output);
    if (!reader || ir_.nodes[reader].op != "add") return;
    const IrNode add = ir_.nodes[reader];
    if (ir_.type(add.outputs[0]) != ir_.type(output)) return;
    const bool first = ir_.nodes[n].op != "conv" || channelsLast(ir_.nodes[n]);
    const Dims& shape = ir_.type(output).shape;
    const size_t channelFromEnd = first ? 0 : shape.size() - 2;
    const ValueId other = add.inputs[0] == output ? add.inputs[1] : add.inputs[0];
    const ValueId bias = ir_.channelVector(other, shape[shape.size() - 1 - channelFromEnd], channelFromEnd);
    if (!bias || !availableBefore(bias, n)) return;
    IrNode fused = ir_.nodes[n];
    fused.inputs.push_back(bias);
    absorb(ir_, backend_, n, std::move(fused), reader);
  }

  // A bias that is computed after this node would turn the order around; a parameter never is.
  bool availableBefore(ValueId value, NodeId n) const {
    const NodeId maker = ir_.producerId(value);
    return !maker || maker < n;
  }

  // A reshape between the two stays: dense layers compute the products of all positions of a sequence as
  // rows.
  void fuseActivation(NodeId n) {
    NodeId reader = ir_.soleReader(ir_.nodes[n].outputs[0]);
    ValueId result = ir_.nodes[n].outputs[0];
    if (reader && ir_.nodes[reader].op == "reshape") {
      result = ir_.nodes[reader].outputs[0];
      reader = ir_.soleReader(result);
    }
    if (!reader) return;
    const IrNode activation = ir_.nodes[reader];
    if (const OpDef* op = findKnownOp(activation.op); !op || !op->activation) return;
    IrNode fused = ir_.nodes[n];
    fused.attrs.set("activation", activation.op);
    absorb(ir_, backend_, n, std::move(fused), reader, result);
  }

  NodeId channelSum(ValueId dy, size_t channel) const {
    for (NodeId reader : ir_.readers(dy)) {
      const IrNode& node = ir_.nodes[reader];
      if (node.op != "sum" || node.attrs.boolean("keepDims")) continue;
      // Another weight gradient of the same dy may have taken it over already.
      if (ir_.uses(node.outputs[0]) == 0) continue;
      std::set<int64_t> axes;
      for (int64_t axis : node.attrs.integers("axes")) axes.insert(normalizeAxis("sum", axis, rank(dy)));
      if (axes.size() == rank(dy) - 1 && axes.count(static_cast<int64_t>(channel)) == 0) return reader;
    }
    return {};
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
