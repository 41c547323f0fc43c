#include "spec/conv.h"

#include <numeric>

namespace nodegrad::spec {

namespace {

ConvPass passOf(const std::string& op) {
  if (op == "conv") return ConvPass::Forward;
  return op == "convBackwardData" ? ConvPass::BackwardData : ConvPass::BackwardFilter;
}

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

}  // namespace nodegrad::spec
