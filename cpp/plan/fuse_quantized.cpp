#include <map>

#include "plan/lower.h"
#include "plan/quantized_nodes.h"
#include "spec/quantized.h"

namespace nodegrad::plan {

namespace {

class QuantizedFusion {
 public:
  QuantizedFusion(Ir& ir, const Backend& backend) : ir_(ir), backend_(backend) {}

  void products() {
    for (NodeId n : ir_.nodes.ids()) {
      const std::string op = ir_.nodes[n].op;
      if (op == "conv" || op == "matmul") fuse(n);
    }
    ir_.sweepAndSort();
  }

 private:
  static constexpr double kSlightly = 0.25;  // ranks of traced nodes are whole

  size_t rank(ValueId value) const { return ir_.type(value).shape.size(); }

  void fuse(NodeId n) {
    const IrNode node = ir_.nodes[n];
    const ValueId image = node.inputs[0], weights = node.inputs[1], y = node.outputs[0];
    const TensorType type = ir_.type(y);  // a reference would not outlive a new value
    const IrNode* x = ir_.producer(image);
    const bool isFixed = x && x->op == "fakeQuantize";
    if (!isQuantizedAlong(ir_, ir_.producer(weights), rank(weights) - 1)) return;
    if (!isFixed && !isQuantizedAlong(ir_, x, 0)) return;
    KernelSpec product;
    product.op = "quantizedConv";
    product.attrs = node.attrs;
    if (node.op == "matmul") {
      if (node.attrs.boolean("transposeA") || node.attrs.boolean("transposeB")) return;
      if (rank(image) != 2 || rank(weights) != 2) return;
      product.op = "quantizedMatmul";
      product.attrs = {};
    }
    const bool isSigned = !isFixed || x->attrs.boolean("signed");
    product.attrs.set("scale", isFixed ? x->attrs.number("scale") : 1.0);
    product.inputs = {{spec::bytesWithSign(isSigned), ir_.type(image).shape},
                      {DType::S8, ir_.type(weights).shape},
                      {DType::F32, {ir_.type(weights).shape.back()}}};
    product.outputs = {type};
    product.inputLayouts.resize(3);
    product.outputLayouts.resize(1);
    if (!backend_.supports(product)) return;
    const std::vector<ValueId> w = bytesAlong(weights);
    if (isFixed) {
      ir_.replaceUses(y, ir_.add(product.op, {bytes(image), w[0], w[1]}, type, product.attrs, node.rank));
      return;
    }
    const std::vector<ValueId> bytesAndScales = bytesAlong(image);
    Dims along(rank(y), 1);
    along[0] = type.shape[0];
    const ValueId sums = ir_.add(product.op, {bytesAndScales[0], w[0], w[1]}, type, product.attrs, node.rank);
    const ValueId scales = ir_.add("reshape", {bytesAndScales[1]}, {DType::F32, along},
                                   Attrs{{"shape", along}}, node.rank - kSlightly);
    ir_.replaceUses(y, ir_.add("multiply", {sums, scales}, type, {}, node.rank + kSlightly));
  }

  // What a value is rounded to, as bytes.
  ValueId bytes(ValueId value) {
    const IrNode node = *ir_.producer(value);
    std::vector<ValueId>& known = bytes_[value];
    if (known.empty()) {
      const TensorType type{spec::bytesWithSign(node.attrs.boolean("signed")), ir_.type(value).shape};
      known = {ir_.add("quantize", node.inputs, type, node.attrs, node.rank)};
    }
    return known[0];
  }

  // The same with their scales.
  std::vector<ValueId> bytesAlong(ValueId value) {
    const IrNode node = *ir_.producer(value);
    std::vector<ValueId>& known = bytes_[value];
    if (known.empty()) {
      const Dims& shape = ir_.type(value).shape;
      const int64_t axis = normalizeAxis(node.op, node.attrs.integer("axis"), shape.size());
      const std::vector<TensorType> types = {{DType::S8, shape},
                                             {DType::F32, {shape[static_cast<size_t>(axis)]}}};
      const NodeId made = ir_.addNode("quantizeAlong", node.inputs, types, Attrs{{"axis", axis}}, node.rank);
      known = ir_.nodes[made].outputs;
    }
    return known;
  }

  Ir& ir_;
  const Backend& backend_;
  std::map<ValueId, std::vector<ValueId>> bytes_;  // of what is rounded
};

void lowerTheRest(Ir& ir) {
  for (NodeId n : ir.nodes.ids()) {
    const IrNode node = ir.nodes[n];
    const OpDef* op = findKnownOp(node.op);
    if (!op || !op->lowersLate) continue;
    const ValueId y = node.outputs[0];
    ir.replaceUses(y, addLowered(ir, *op, node.inputs, ir.type(y), node.attrs, node.rank)[0]);
  }
  ir.sweepAndSort();
}

}  // namespace

void fuseQuantized(Ir& ir, const Backend& backend, bool fuse) {
  if (fuse) QuantizedFusion(ir, backend).products();
  lowerTheRest(ir);
}

}  // namespace nodegrad::plan
