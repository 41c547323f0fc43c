#include "spec/conv.h"

#include <numeric>

#include "spec/composition.h"

namespace nodegrad::spec {

namespace {

ConvPass passOf(const std::string& op) {
  if (op == "conv") return ConvPass::Forward;
  return op == "convBackwardData" ? ConvPass::BackwardData : ConvPass::BackwardFilter;
}

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

Convolution::Convolution(const KernelSpec& spec)
    : pass(passOf(spec.op)),
      axes(imageAxes(spec.op, spec.attrs, spec.inputs[0].shape.size())),
      groups(spec.attrs.integer("groups")) {
  const bool filter = pass == ConvPass::BackwardFilter, forward = pass == ConvPass::Forward;
  const auto fused = [&](const char* name) { return spec.attrs.has(name) && spec.attrs.boolean(name); };
  pooling = fused("pooling");
  statistics = fused("statistics");
  pooledGradient = fused("pooledGradient");
  mask = fused("mask");
  residual = fused("residual");
  hasImage = pooling && spec.outputs.size() > 2;
  xIndex = 0;
  wIndex = forward ? 1 : 0;
  yIndex = forward ? (pooling ? 2 : 0) : 1;
  argmaxIndex = 2;
  maskIndex = spec.inputs.size() - 1;
  const auto take = [&](bool computed, size_t index, TensorType& type, LayoutPtr& layout) {
    type = (computed ? spec.outputs : spec.inputs)[index];
    layout = (computed ? spec.outputLayouts : spec.inputLayouts)[index];
  };
  const bool backwardData = pass == ConvPass::BackwardData;
  take(backwardData, xIndex, x, xLayout);
  int64_t& channels = x.shape[static_cast<size_t>(axes.c)];
  if (spec.attrs.has("concatChannels")) concatChannels = spec.attrs.integers("concatChannels");
  if (concatChannels.empty()) concatChannels = {channels};
  channels = std::accumulate(concatChannels.begin(), concatChannels.end(), int64_t{0});
  const size_t tensors = (backwardData ? spec.outputs : spec.inputs).size(),
               others = concatChannels.size() - 1;
  concatIndices = {xIndex};
  for (size_t p = 0; p < others; ++p) concatIndices.push_back(tensors - others + p);
  for (size_t index : concatIndices)
    concatDtypes.push_back((backwardData ? spec.outputs : spec.inputs)[index].dtype);
  take(filter, wIndex, w, wLayout);
  window = convWindow(spec.op, spec.attrs, axes.spatialOf(x.shape), Dims(w.shape.begin(), w.shape.end() - 2));
  if (pooling || pooledGradient) {
    y = x;
    y.dtype = (forward ? spec.outputs[hasImage ? yIndex : 0] : spec.inputs[yIndex]).dtype;
    axes.setSpatial(y.shape, window.out);
    y.shape[static_cast<size_t>(axes.c)] = w.shape.back();
  } else {
    take(forward, yIndex, y, yLayout);
  }
  if (pooling) pooledDtype = spec.outputs[0].dtype;
  if (mask) maskDtype = spec.inputs[maskIndex].dtype;
  residualIndex = spec.inputs.size() - 1 - others;
  if (residual) residualDtype = spec.inputs[residualIndex].dtype;
  const size_t data = forward ? spec.inputs.size() - others - (residual ? 1 : 0) : 0;
  bias = filter ? spec.outputs.size() > 1 : data > 2;
}

std::vector<size_t> Convolution::imageInputs() const {
  std::vector<size_t> indices;
  if (pass != ConvPass::BackwardData) indices = concatIndices;
  if (pass != ConvPass::Forward) indices.push_back(yIndex);
  return indices;
}

std::vector<size_t> Convolution::imageOutputs() const {
  if (pass == ConvPass::BackwardData) return concatIndices;
  if (pass == ConvPass::BackwardFilter) return {};
  if (!pooling) return {yIndex};
  return hasImage ? std::vector<size_t>{0, yIndex} : std::vector<size_t>{0};
}

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
