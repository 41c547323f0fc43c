#include "spec/quantized.h"

#include "ops/quantize.h"
#include "spec/composition.h"

namespace nodegrad::spec {

namespace {

// The numbers of bytes; S8 counts as float32 here.
Expr asFloats(const Expr& bytes) {
  if (bytes.type().dtype == DType::F32) return bytes;
  return apply("cast", {bytes}, {{"dtype", std::string("float32")}});
}

Expr asBytes(const Expr& x, double scale, bool isSigned) {
  const Expr whole = quantizedTo(x, scale, isSigned);
  return isSigned ? whole : apply("cast", {whole}, {{"dtype", std::string("uint8")}});
}

Exprs lowerQuantize(const Lowering& node) {
  const Attrs& attrs = node.spec.attrs;
  return {asBytes(node.inputs[0], attrs.number("scale"), attrs.boolean("signed"))};
}

Exprs lowerQuantizeAlong(const Lowering& node) {
  const Expr& x = node.inputs[0];
  const int64_t axis = node.spec.attrs.integer("axis");
  const Expr scales = scalesAlong(x, axis);
  const Dims places{x.shape()[static_cast<size_t>(axis)]};
  return {rounded(x * (1.0 / scales)), apply("reshape", {scales}, {{"shape", places}})};
}

Exprs lowerProduct(const Lowering& node) {
  const QuantizedProduct product(node.spec);
  const Expr x = asFloats(node.inputs[0]), w = node.inputs[1];
  const Expr sums = product.isConv ? apply("conv", {x, w}, node.attrsOf("conv")) : apply("matmul", {x, w});
  Expr y = sums * (node.inputs[2] * product.scale);
  if (product.bias) y = y + node.inputs[3];
  y = activate(y, node.spec.attrs.text("activation"));
  if (product.outScale == 0) return {y};
  return {asBytes(y, product.outScale, node.spec.attrs.boolean("outSigned"))};
}

Exprs lowerMaxPool(const Lowering& node) {
  const Expr& x = node.inputs[0];
  const Expr y = node.op("maxPool", {asFloats(x)}, node.attrsOf("maxPool"))[0];
  return {x.type().dtype == DType::F32 ? y : apply("cast", {y}, {{"dtype", std::string("uint8")}})};
}

std::vector<AttrSpec> with(std::vector<AttrSpec> attrs, const std::vector<AttrSpec>& more) {
  attrs.insert(attrs.end(), more.begin(), more.end());
  return attrs;
}

}  // namespace

QuantizedProduct::QuantizedProduct(const KernelSpec& spec)
    : isConv(spec.op == "quantizedConv"),
      bias(spec.inputs.size() > 3),
      relu(spec.attrs.has("activation") && spec.attrs.text("activation") == "relu"),
      scale(spec.attrs.number("scale")),
      outScale(spec.attrs.has("outScale") ? spec.attrs.number("outScale") : 0),
      x(spec.inputs[0]),
      w(spec.inputs[1]),
      y(spec.outputs[0]) {}

Convolution convolutionOf(const KernelSpec& quantizedConv) {
  KernelSpec conv = quantizedConv;
  conv.op = "conv";
  conv.inputs.erase(conv.inputs.begin() + 2);
  conv.inputLayouts.assign(conv.inputs.size(), nullptr);
  conv.outputLayouts.assign(1, nullptr);
  return Convolution(conv);
}

void addQuantized(FusedOps& ops) {
  const std::vector<AttrSpec> product = {{"scale", AttrKind::Number},
                                         {"activation", AttrKind::Text, std::string("linear")},
                                         {"outScale", AttrKind::Number, 0.0},
                                         {"outSigned", AttrKind::Boolean, false}};
  ops["quantize"] = {{{"scale", AttrKind::Number}, {"signed", AttrKind::Boolean}}, lowerQuantize};
  ops["quantizeAlong"] = {{{"axis", AttrKind::Integer}}, lowerQuantizeAlong};
  ops["quantizedConv"] = {with(findOp("conv").attrs, product), lowerProduct};
  ops["quantizedMatmul"] = {product, lowerProduct};
  ops["quantizedMaxPool"] = {findOp("maxPool").attrs, lowerMaxPool};
}

}  // namespace nodegrad::spec
