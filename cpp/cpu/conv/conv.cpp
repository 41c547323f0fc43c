#include "cpu/conv/conv.h"

#include "cpu/conv/filter_gradient.h"
#include "cpu/conv/narrow.h"
#include "cpu/conv/samples.h"
#include "cpu/conv/tile_gradient.h"
#include "cpu/conv/tile_narrow.h"
#include "cpu/conv/winograd/winograd.h"
#include "cpu/cpu_backend.h"
#include "cpu/elementwise/activation.h"
#include "cpu/isa.h"
#include "cpu/kernel_table.h"
#include "cpu/memory/onednn.h"

namespace nodegrad {

namespace {

bool hasNothingToCompute(const Convolution& conv) {
  return count(conv.x.shape) == 0 || count(conv.w.shape) == 0 || count(conv.y.shape) == 0;
}

// Convolutions over samples have float32 tensors.
bool isFloat32(const Convolution& conv) {
  return conv.x.dtype == DType::F32 && conv.w.dtype == DType::F32 && conv.y.dtype == DType::F32;
}

bool isTileGradient(const Convolution& conv) { return cpuHasTiles() && tileGradientSuits(conv); }
bool isTileNarrow(const KernelSpec& spec, const Convolution& conv) {
  return cpuHasTiles() && tileNarrowSuits(spec, conv);
}

LayoutChoice convLayouts(const KernelSpec& spec, const std::vector<bool>& undecided) {
  const Convolution conv(spec);
  if (hasNothingToCompute(conv)) return convChoice(spec, conv, nullptr, nullptr, nullptr);
  if (winogradSuits(spec, conv)) return winogradLayouts(spec, conv);
  if (isFloat32(conv) && sampleConvSuits(spec, conv)) return sampleConvLayouts(spec, conv);
  if (narrowConvSuits(conv)) return narrowConvLayouts(spec, conv);
  if (isTileGradient(conv)) return tileGradientLayouts(spec, conv);
  if (isTileNarrow(spec, conv)) return tileNarrowLayouts(spec, conv);
  if (filterGradientSuits(spec, conv)) return filterGradientLayouts(spec, conv);
  const bool undecidedWeights = conv.pass != ConvPass::BackwardFilter && undecided[conv.wIndex];
  return directConvLayouts(spec, conv, undecidedWeights);
}

// How many outputs are always made. The whole image of a pooled convolution and a bias's gradient are
// optional.
size_t fewestOutputs(const Convolution& conv) {
  if (conv.pass == ConvPass::BackwardData) return conv.concatChannels.size();
  return conv.pooling ? 2 : conv.statistics ? 3 : 1;
}

bool convSupports(const KernelSpec& spec) {
  const Convolution conv(spec);
  if (spec.outputs.size() < fewestOutputs(conv)) return false;
  if (hasNothingToCompute(conv)) return !conv.isFused() && !conv.residual;
  if (winogradSuits(spec, conv)) return winogradFuses(spec, conv);
  return !conv.isFused() && (!conv.residual || directConvTakesResidual(spec, conv));
}

std::unique_ptr<Kernel> makeConv(const KernelSpec& spec) {
  const Convolution conv(spec);
  if (hasNothingToCompute(conv)) {
    if (conv.pass == ConvPass::Forward && count(conv.y.shape) > 0)
      fail(ErrorCode::Shape, "[conv] expected an image of at least one channel, received ", toString(conv.x));
    return onednn::zerosKernel(spec);
  }
  if (winogradSuits(spec, conv) && hasWinogradLayouts(spec, conv)) return makeWinograd(spec, conv);
  if (conv.isFused()) fail(ErrorCode::Device, "[", spec.op, "] cannot fuse that into this convolution");
  if (isFloat32(conv) && sampleConvSuits(spec, conv) && hasSampleConvLayouts(conv))
    return makeSampleConv(spec, conv);
  if (narrowConvSuits(conv) && hasNarrowConvLayouts(conv))
    return withActivationAfterwards(spec, [](const KernelSpec& s) { return makeNarrowConv(Convolution(s)); });
  if (isTileGradient(conv) && hasTileGradientLayouts(conv))
    return makeTileGradient(conv, *bfloat16Kernels().tiles);
  if (isTileNarrow(spec, conv) && hasTileNarrowLayouts(conv))
    return makeTileNarrow(spec, conv, *bfloat16Kernels().tiles);
  if (filterGradientSuits(spec, conv) && hasFilterGradientLayouts(conv)) return makeFilterGradient(conv);
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
  if (spec.op != "convBackwardFilter") choice.outputs[0] = Precision::Either;
  return choice;
}

}  // namespace

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

const KernelFamily family([](KernelTable& table) {
  for (const char* op : {"conv", "convBackwardData", "convBackwardFilter"})
    table[op] = {.make = makeConv,
                 .layouts = convLayouts,
                 .supports = convSupports,
                 .precisions = convPrecisions,
                 .windows = true};
});

}  // namespace nodegrad
