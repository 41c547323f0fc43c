#include <cmath>

#include "plan/ir.h"

namespace nodegrad::plan {

namespace {

class QuantizedChains {
 public:
  QuantizedChains(Ir& ir, const Backend& backend) : ir_(ir), backend_(backend) {}

  void run() {
    for (NodeId n : ir_.nodes.ids())
      if (ir_.nodes[n].op == "quantize")
        for (NodeId at = n; at;) at = moveUp(at);
    ir_.sweepAndSort();
  }

 private:
  // Rounding grows with what is rounded, so that maxima may be taken after it.
  // Gives the node that rounds now; none where it is at its end.
  NodeId moveUp(NodeId n) {
    const IrNode node = ir_.nodes[n];
    const ValueId value = node.inputs[0], bytes = node.outputs[0];
    const NodeId makerId = ir_.producerId(value);
    if (!makerId || ir_.soleReader(value) != n) return {};
    const IrNode maker = ir_.nodes[makerId];
    const DType dtype = ir_.type(bytes).dtype;
    if (maker.op == "multiply") return rescale(node, maker);
    if (maker.op == "reshape") return swap(node, maker, "reshape");
    if (maker.op == "maxPool" && ir_.uses(maker.outputs[1]) == 0) {
      KernelSpec pool = ir_.spec(maker);
      pool.op = "quantizedMaxPool";
      pool.inputs[0].dtype = pool.outputs[0].dtype = dtype;
      pool.outputs.resize(1);
      pool.outputLayouts.resize(1);
      return backend_.supports(pool) ? swap(node, maker, pool.op) : NodeId();
    }
    if (maker.op == "quantizedConv" || maker.op == "quantizedMatmul") absorb(node, maker, dtype);
    return {};
  }

  // A positive factor, as that of pixels from 0 to 255, becomes part of the scale.
  NodeId rescale(const IrNode& node, const IrNode& maker) {
    const ValueId x = maker.inputs[0], bytes = node.outputs[0];
    const double factor = ir_.constantOf(maker.inputs[1]).value_or(0);
    const double scale = node.attrs.number("scale") / factor;
    if (!(factor > 0) || !std::isfinite(scale) || ir_.type(x) != ir_.type(maker.outputs[0])) return {};
    Attrs attrs = node.attrs;
    attrs.set("scale", scale);
    const ValueId rounded = ir_.add("quantize", {x}, ir_.type(bytes), attrs, node.rank);
    ir_.replaceUses(bytes, rounded);
    detach(node, maker);
    return ir_.producerId(rounded);
  }

  NodeId swap(const IrNode& node, const IrNode& maker, const std::string& op) {
    const ValueId value = maker.inputs[0], bytes = node.outputs[0];
    const DType dtype = ir_.type(bytes).dtype;
    const ValueId rounded =
        ir_.add("quantize", {value}, {dtype, ir_.type(value).shape}, node.attrs, maker.rank);
    ir_.replaceUses(bytes, ir_.add(op, {rounded}, ir_.type(bytes), maker.attrs, node.rank));
    detach(node, maker);
    return ir_.producerId(rounded);
  }

  // y / outScale is what comes out of scales and a bias that are divided by it, since a ReLU keeps factors.
  // Bytes without sign end at 0 by themselves.
  void absorb(const IrNode& node, const IrNode& maker, DType dtype) {
    const double outScale = node.attrs.number("scale"), scale = maker.attrs.number("scale");
    const bool hasBias = maker.inputs.size() > 3;
    Attrs attrs = maker.attrs;
    attrs.set("scale", 1.0);
    attrs.set("outScale", 1.0);
    attrs.set("outSigned", node.attrs.boolean("signed"));
    if (dtype == DType::U8) attrs.set("activation", std::string("linear"));
    IrNode fused = maker;
    fused.attrs = attrs;
    KernelSpec product = ir_.spec(fused);
    product.outputs[0].dtype = dtype;
    if (!backend_.supports(product)) return;
    fused.inputs[2] = times(maker.inputs[2], scale / outScale, maker.rank);
    if (hasBias) fused.inputs[3] = times(maker.inputs[3], 1 / outScale, maker.rank);
    const ValueId bytes = node.outputs[0];
    const TensorType type = ir_.type(bytes);
    ir_.replaceUses(bytes, ir_.add(maker.op, fused.inputs, type, attrs, maker.rank));
    detach(node, maker);
  }

  ValueId times(ValueId vector, double factor, double rank) {
    const TensorType type = ir_.type(vector);
    const Attrs number{{"value", factor}, {"shape", Dims{}}, {"dtype", std::string(name(DType::F32))}};
    const ValueId constant = ir_.add("constant", {}, {DType::F32, {}}, number, rank);
    return ir_.add("multiply", {vector, constant}, type, {}, rank);
  }

  // The nodes whose work others do now read nothing any more.
  void detach(const IrNode& node, const IrNode& maker) {
    ir_.detach(ir_.producerId(node.outputs[0]));
    ir_.detach(ir_.producerId(maker.outputs[0]));
  }

  Ir& ir_;
  const Backend& backend_;
};

}  // namespace

void keepQuantized(Ir& ir, const Backend& backend) { QuantizedChains(ir, backend).run(); }

}  // namespace nodegrad::plan
