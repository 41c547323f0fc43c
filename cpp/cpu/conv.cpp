#include "cpu/conv.h"

#include <numeric>

#include "cpu/activation.h"
#include "cpu/conv_samples.h"
#include "cpu/conv_winograd.h"
#include "cpu/kernel_table.h"
#include "cpu/onednn.h"

namespace nodegrad {

namespace {

ConvPass passOf(const std::string& op) {
  if (op == "conv2d") return ConvPass::Forward;
  return op == "conv2dBackwardData" ? ConvPass::BackwardData : ConvPass::BackwardFilter;
}

bool hasNothingToCompute(const Convolution& conv) {
  return count(conv.x.shape) == 0 || count(conv.w.shape) == 0 || count(conv.y.shape) == 0;
}

// Convolutions over samples have float32 tensors.
bool isFloat32(const Convolution& conv) {
  return conv.x.dtype == DType::F32 && conv.w.dtype == DType::F32 && conv.y.dtype == DType::F32;
}

LayoutChoice convLayouts(const KernelSpec& spec, const std::vector<bool>& flexible) {
  const Convolution conv(spec);
  if (hasNothingToCompute(conv)) return convChoice(spec, conv, nullptr, nullptr, nullptr);
  if (winogradSuits(spec, conv)) return winogradLayouts(spec, conv);
  if (isFloat32(conv) && sampleConvSuits(spec, conv)) return sampleConvLayouts(spec, conv);
  const bool flexibleWeights = conv.pass != ConvPass::BackwardFilter && flexible[conv.wIndex];
  return directConvLayouts(spec, conv, flexibleWeights);
}

bool convFuses(const KernelSpec& spec) {
  const Convolution conv(spec);
  if (hasNothingToCompute(conv)) return false;
  if (winogradSuits(spec, conv)) return winogradFuses(spec, conv);
  return conv.residual && !conv.isFused() && directConvTakesResidual(spec, conv);
}

std::unique_ptr<Kernel> makeConv(const KernelSpec& spec) {
  const Convolution conv(spec);
  if (hasNothingToCompute(conv)) {
    if (conv.pass == ConvPass::Forward && count(conv.y.shape) > 0)
      fail(ErrorCode::Shape, "[conv2d] expected an image of at least one channel, received ",
           toString(conv.x));
    return onednn::zerosKernel(spec);
  }
  if (winogradSuits(spec, conv) && hasWinogradLayouts(spec, conv)) return makeWinograd(spec, conv);
  if (conv.isFused()) fail(ErrorCode::Device, "[", spec.op, "] cannot fuse that into this convolution");
  if (isFloat32(conv) && sampleConvSuits(spec, conv) && hasSampleConvLayouts(conv))
    return makeSampleConv(spec, conv);
  std::vector<size_t> operands{0, 1};
  if (conv.bias) operands.push_back(2);
  if (conv.residual) operands.push_back(conv.residualIndex);
  return withNanKeepingActivation(spec, operands,
                                  [](const KernelSpec& s) { return makeDirectConv(s, Convolution(s)); });
}

PrecisionChoice convPrecisions(const KernelSpec& spec) {
  PrecisionChoice choice = onlyFloat32(spec);
  const Convolution conv(spec);
  if (hasNothingToCompute(conv)) return choice;
  if (winogradTakesBfloat16(spec, conv)) {
    for (size_t index : conv.imageInputs()) choice.inputs[index] = Precision::BFloat16;
    for (size_t index : conv.imageOutputs()) choice.outputs[index] = Precision::Either;
    if (conv.mask) choice.inputs[conv.maskIndex] = Precision::Either;
    if (conv.residual) choice.inputs[conv.residualIndex] = Precision::Either;
    return choice;
  }
  // The other own kernels beat oneDNN's bfloat16. Measured on Zen 4.
  if (conv.isFused() || sampleConvSuits(spec, conv) || !directConvTakesBfloat16(spec)) return choice;
  choice.inputs[0] = choice.inputs[1] = Precision::BFloat16;
  if (conv.residual) choice.inputs[conv.residualIndex] = Precision::Either;
  if (spec.op != "conv2dBackwardFilter") choice.outputs[0] = Precision::Either;
  return choice;
}

}  // namespace

Convolution::Convolution(const KernelSpec& spec)
    : pass(passOf(spec.op)), axes(imageAxes(spec.op, spec.attrs)), groups(spec.attrs.integer("groups")) {
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
  placesIndex = 2;
  maskIndex = spec.inputs.size() - 1;
  const auto take = [&](bool computed, size_t index, TensorType& type, LayoutPtr& layout) {
    type = (computed ? spec.outputs : spec.inputs)[index];
    layout = (computed ? spec.outputLayouts : spec.inputLayouts)[index];
  };
  const bool backwardData = pass == ConvPass::BackwardData;
  take(backwardData, xIndex, x, xLayout);
  int64_t& channels = x.shape[static_cast<size_t>(axes.c)];
  parts = spec.attrs.has("parts") ? spec.attrs.integers("parts") : Dims{channels};
  channels = std::accumulate(parts.begin(), parts.end(), int64_t{0});
  const size_t tensors = (backwardData ? spec.outputs : spec.inputs).size(), others = parts.size() - 1;
  partIndices = {xIndex};
  for (size_t p = 0; p < others; ++p) partIndices.push_back(tensors - others + p);
  for (size_t index : partIndices)
    partDtypes.push_back((backwardData ? spec.outputs : spec.inputs)[index].dtype);
  take(filter, wIndex, w, wLayout);
  window = convWindow(spec.op, spec.attrs, x.shape[static_cast<size_t>(axes.h)],
                      x.shape[static_cast<size_t>(axes.w)], w.shape[0], w.shape[1]);
  if (pooling || pooledGradient) {
    y = x;
    y.dtype = (forward ? spec.outputs[hasImage ? yIndex : 0] : spec.inputs[yIndex]).dtype;
    y.shape[static_cast<size_t>(axes.h)] = window.outH;
    y.shape[static_cast<size_t>(axes.w)] = window.outW;
    y.shape[static_cast<size_t>(axes.c)] = w.shape[3];
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
  if (pass != ConvPass::BackwardData) indices = partIndices;
  if (pass != ConvPass::Forward) indices.push_back(yIndex);
  return indices;
}

std::vector<size_t> Convolution::imageOutputs() const {
  if (pass == ConvPass::BackwardData) return partIndices;
  if (pass == ConvPass::BackwardFilter) return {};
  if (!pooling) return {yIndex};
  return hasImage ? std::vector<size_t>{0, yIndex} : std::vector<size_t>{0};
}

LayoutChoice convChoice(const KernelSpec& spec, const Convolution& conv, const LayoutPtr& x,
                        const LayoutPtr& w, const LayoutPtr& y) {
  LayoutChoice choice{std::vector<LayoutPtr>(spec.inputs.size()),
                      std::vector<LayoutPtr>(spec.outputs.size())};
  // What is read for its shape alone stays as it is.
  for (size_t i = 2; i < spec.inputs.size(); ++i) choice.inputs[i] = spec.inputLayouts[i];
  (conv.pass == ConvPass::BackwardData ? choice.outputs : choice.inputs)[conv.xIndex] = x;
  (conv.pass == ConvPass::BackwardFilter ? choice.outputs : choice.inputs)[conv.wIndex] = w;
  (conv.pass == ConvPass::Forward ? choice.outputs : choice.inputs)[conv.yIndex] = y;
  return choice;
}

void registerConvKernels(KernelTable& table) {
  for (const char* op : {"conv2d", "conv2dBackwardData", "conv2dBackwardFilter"})
    table[op] = {makeConv, convLayouts, nullptr, convFuses, convPrecisions};
}

}  // namespace nodegrad
