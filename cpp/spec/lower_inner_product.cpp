#include "spec/composition.h"
#include "spec/inner_product.h"

namespace nodegrad::spec {

namespace {

Expr product(const Expr& a, const Expr& b, bool transposeA, bool transposeB) {
  return apply("matmul", {a, b}, {{"transposeA", transposeA}, {"transposeB", transposeB}});
}

Expr shaped(const Expr& x, const Dims& shape) { return apply("reshape", {x}, {{"shape", shape}}); }

Exprs lowerForward(const Lowering& node) {
  const InnerProduct ip(node.spec);
  Expr y = product(shaped(node.inputs[0], {ip.n, ip.k}), node.inputs[1], false, false);
  if (ip.bias) y = y + node.inputs[2];
  return {activate(y, node.spec.attrs.text("activation"))};
}

Exprs lowerBackwardData(const Lowering& node) {
  return {shaped(product(node.inputs[1], node.inputs[0], false, true), node.spec.outputs[0].shape)};
}

Exprs lowerBackwardWeights(const Lowering& node) {
  const InnerProduct ip(node.spec);
  const Expr& dy = node.inputs[1];
  return {product(shaped(node.inputs[0], {ip.n, ip.k}), dy, true, false), sumToAxis(dy, 1)};
}

}  // namespace

void addInnerProducts(FusedOps& ops) {
  ops["innerProduct"] = {{{"activation", AttrKind::Text, std::string("linear")}}, lowerForward};
  ops["innerProductBackwardData"] = {{}, lowerBackwardData};
  ops["innerProductBackwardWeights"] = {{}, lowerBackwardWeights};
}

}  // namespace nodegrad::spec
