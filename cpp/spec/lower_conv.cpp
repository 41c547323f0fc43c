#include "spec/composition.h"
#include "spec/conv.h"

namespace nodegrad::spec {

namespace {

// Windows of 2×2 that do not overlap.
Attrs poolingOf(const KernelSpec& spec) {
  return {{"poolSize", Dims{2, 2}}, {"dataFormat", spec.attrs.text("dataFormat")}};
}

// x, or the tensors that it consists of.
Expr imageOf(const Lowering& node, const Convolution& conv) {
  if (conv.concatChannels.size() == 1) return node.inputs[conv.xIndex];
  Exprs parts;
  for (size_t index : conv.concatIndices) parts.push_back(node.inputs[index]);
  return apply("concatenate", parts, {{"axis", int64_t{conv.axes.c}}});
}

// dy, or what a pooling's gradient makes it.
Expr gradientOf(const Lowering& node, const Convolution& conv) {
  const Expr& dy = node.inputs[conv.yIndex];
  if (!conv.pooledGradient) return dy;
  return apply("maxPoolBackward", {dy, node.inputs[conv.argmaxIndex], node.like(conv.y)},
               poolingOf(node.spec));
}

Exprs lowerForward(const Lowering& node) {
  const Convolution conv(node.spec);
  Expr y = apply("conv", {imageOf(node, conv), node.inputs[conv.wIndex]}, node.attrsOf("conv"));
  if (conv.bias) y = y + alongAxis(node.inputs[2], conv.axes.c, conv.axes.rank());
  if (conv.residual) y = y + node.inputs[conv.residualIndex];
  y = activate(y, node.spec.attrs.text("activation"));
  if (conv.pooling) {
    Exprs outputs = node.op("maxPool", {y}, poolingOf(node.spec));
    outputs.push_back(y);
    return outputs;
  }
  Exprs outputs{y};
  if (conv.statistics)
    for (const Expr& moment : momentsAlong(y, conv.axes.c)) outputs.push_back(moment);
  return outputs;
}

Exprs lowerBackwardData(const Lowering& node) {
  const Convolution conv(node.spec);
  Expr dx = apply("convBackwardData", {node.inputs[conv.wIndex], gradientOf(node, conv), node.like(conv.x)},
                  node.attrsOf("convBackwardData"));
  if (conv.mask) dx = maskBy(node.inputs[conv.maskIndex], dx);
  if (conv.concatChannels.size() == 1) return {dx};
  Exprs outputs;
  int64_t begin = 0;
  for (int64_t channels : conv.concatChannels) {
    Dims first(conv.axes.rank(), 0), end = conv.x.shape;
    first[static_cast<size_t>(conv.axes.c)] = begin;
    end[static_cast<size_t>(conv.axes.c)] = begin + channels;
    outputs.push_back(apply("slice", {dx}, {{"begin", first}, {"end", end}}));
    begin += channels;
  }
  return outputs;
}

Exprs lowerBackwardFilter(const Lowering& node) {
  const Convolution conv(node.spec);
  const Expr dy = gradientOf(node, conv);
  return {apply("convBackwardFilter", {imageOf(node, conv), dy, node.like(conv.w)},
                node.attrsOf("convBackwardFilter")),
          sumToAxis(dy, conv.axes.c)};
}

AttrSpec flag(const char* name) { return {name, AttrKind::Boolean, false}; }

}  // namespace

void addConvolutions(FusedOps& ops) {
  const AttrSpec concatChannels{"concatChannels", AttrKind::Integers, Dims{}};
  ops["conv"] = {{{"activation", AttrKind::Text, std::string("linear")},
                  flag("residual"),
                  flag("pooling"),
                  flag("statistics"),
                  concatChannels},
                 lowerForward};
  ops["convBackwardData"] = {{flag("pooledGradient"), flag("mask"), concatChannels}, lowerBackwardData};
  ops["convBackwardFilter"] = {{flag("pooledGradient"), concatChannels}, lowerBackwardFilter};
}

}  // namespace nodegrad::spec
