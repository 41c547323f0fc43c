#include "cpu/conv/winograd/winograd.h"

#include <algorithm>
#include <string>

#include "core/settings.h"
#include "cpu/conv/winograd/filters.h"
#include "cpu/conv/winograd/kernels.h"
#include "cpu/cpu_backend.h"
#include "cpu/isa.h"
#include "cpu/memory/onednn.h"
#include "cpu/pool/images.h"

namespace nodegrad {

namespace {

bool hasShape(const KernelSpec& spec, const Convolution& conv) {
  const Window& w = conv.window;
  if (w.spatial != 2 || conv.groups != 1 || w.kernel[0] != 3 || w.kernel[1] != 3) return false;
  for (int axis : {0, 1})
    if (w.strides[axis] != 1 || w.dilations[axis] != 1) return false;
  if (std::any_of(w.pads, w.pads + 4, [](int64_t pad) { return pad > 2; })) return false;
  if (!spec.attrs.has("activation")) return true;
  const std::string& activation = spec.attrs.text("activation");
  return activation == "linear" || activation == "relu";
}

// Images in bfloat16 where the processor has that, else all in float32. Products of tiles leave nothing to
// save: there the transforms alone took longer than direct convolutions.
bool hasDtypes(const Convolution& conv) {
  if (conv.w.dtype != DType::F32) return false;
  if (conv.multiplicandType() == DType::F32) return conv.x.dtype == DType::F32 && conv.y.dtype == DType::F32;
  return cpuHasBfloat16() && !cpuHasTiles() &&
         (conv.pass != ConvPass::BackwardFilter || conv.y.dtype == DType::BF16);
}

}  // namespace

bool winogradPreparesFilters(const KernelSpec& spec, const Convolution& conv) {
  return conv.pass == ConvPass::Forward && spec.isInvariant(conv.wIndex);
}

bool winogradTakes(const KernelSpec& spec, const Convolution& conv) {
  const int lanes = isaKernels().winograd->lanes;
  if (lanes == 0 || !settings().winograd || !hasShape(spec, conv) || !hasDtypes(conv)) return false;
  const winograd::Sizes sizes(conv);
  return sizes.in % lanes == 0 && sizes.out % lanes == 0;
}

bool winogradFuses(const Convolution& conv) {
  if ((conv.mask && conv.concatChannels.size() > 1) || (conv.pooling && conv.statistics)) return false;
  const int lanes = isaKernels().winograd->lanes;
  for (int64_t channels : conv.concatChannels)
    if (channels % lanes != 0) return false;
  // Windows of 2×2 lie within tiles of the output.
  return !(conv.pooling || conv.pooledGradient) || (conv.window.out[0] >= 2 && conv.window.out[1] >= 2);
}

LayoutChoice winogradLayouts(const KernelSpec& spec, const Convolution& conv) {
  const int lanes = isaKernels().winograd->lanes;
  const Blocks blocks{Blocks::Channels, lanes};
  const auto lay = [&](const TensorType& type) { return blockedLayout(type, conv.axes, blocks); };
  LayoutChoice choice{spec.inputLayouts, std::vector<LayoutPtr>(spec.outputs.size())};
  const auto set = [&](bool computed, size_t index, const LayoutPtr& layout) {
    (computed ? choice.outputs : choice.inputs)[index] = layout;
  };
  const bool forward = conv.pass == ConvPass::Forward;
  const bool backwardData = conv.pass == ConvPass::BackwardData;
  for (size_t index : conv.concatIndices)
    set(backwardData, index, lay((backwardData ? spec.outputs : spec.inputs)[index]));
  set(conv.pass == ConvPass::BackwardFilter, conv.wIndex,
      winogradPreparesFilters(spec, conv) ? winograd::filterLayout(conv.w.shape, conv.multiplicandType())
                                          : nullptr);
  if (!forward) set(false, conv.yIndex, lay(spec.inputs[conv.yIndex]));
  if (forward && conv.computesImage()) set(true, conv.yIndex, lay(conv.y));
  if (conv.pooling)
    for (size_t o : {0, 1}) set(true, o, lay(spec.outputs[o]));
  if (conv.pooledGradient) set(false, conv.argmaxIndex, lay(spec.inputs[conv.argmaxIndex]));
  if (conv.mask) set(false, conv.maskIndex, lay(spec.inputs[conv.maskIndex]));
  if (conv.residual) set(false, conv.residualIndex, lay(spec.inputs[conv.residualIndex]));
  return choice;
}

bool hasWinogradLayouts(const KernelSpec& spec, const Convolution& conv) {
  const LayoutChoice wanted = winogradLayouts(spec, conv);
  return std::equal(wanted.inputs.begin(), wanted.inputs.end(), spec.inputLayouts.begin(), sameLayout) &&
         std::equal(wanted.outputs.begin(), wanted.outputs.end(), spec.outputLayouts.begin(), sameLayout);
}

std::unique_ptr<Kernel> makeWinograd(const KernelSpec& spec, const Convolution& conv) {
  if (conv.pass == ConvPass::BackwardFilter) return winograd::makeBackwardFilter(conv);
  return winograd::makeConvolution(conv,
                                   spec.attrs.has("activation") && spec.attrs.text("activation") == "relu");
}

}  // namespace nodegrad
