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

using winograd::Sizes;

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
// save: with them the transforms alone took longer than direct convolutions.
bool hasDtypes(const KernelSpec& spec, const Convolution& conv) {
  if (conv.w.dtype != DType::F32 || (spec.compute == Compute::BFloat16 && cpuHasTiles())) return false;
  if (conv.multiplicandType() == DType::F32) return conv.x.dtype == DType::F32 && conv.y.dtype == DType::F32;
  return cpuHasBfloat16() && !cpuHasTiles() &&
         (conv.pass != ConvPass::BackwardFilter || conv.y.dtype == DType::BF16);
}

// Whether the filters are transformed before the steps.
bool preparesFilters(const KernelSpec& spec, const Convolution& conv) {
  return conv.pass == ConvPass::Forward && spec.isInvariant(conv.wIndex);
}

// How many of three taps lie in an image of a height, added up over the rows of the output; or of columns.
int64_t tapsInside(int64_t size, int64_t outSize, int64_t padding) {
  int64_t taps = 0;
  for (int64_t o = 0; o < outSize; ++o)
    for (int64_t tap = 0; tap < 3; ++tap) taps += o + tap >= padding && o + tap < padding + size;
  return taps;
}

// Whether the work is less than the direct convolution's. Counted for each pair of channels, in units of the
// floating point operations that the matrix products do in the same time. Measured on Zen 4: in float32 the
// direct one is to take longer by a sixth; in bfloat16 products take half the time but transforms the same,
// and oneDNN leaves out the taps that lie in the padding.
bool paysOff(const KernelSpec& spec, const Convolution& conv, const Sizes& s) {
  const bool inBf16 = conv.multiplicandType() == DType::BF16;
  const double transform = inBf16 ? 1200 : 700;  // of a tile and channel, input or output
  const bool filterPass = conv.pass == ConvPass::BackwardFilter;
  const bool backwardData = conv.pass == ConvPass::BackwardData;
  const double tiles =
      static_cast<double>(backwardData ? winograd::tileCount(s.images, s.height, s.width)
                                       : winograd::tileCount(s.images, s.outHeight, s.outWidth));
  const double work = tiles * (2 * winograd::kElements + transform / static_cast<double>(s.in) +
                               transform / static_cast<double>(s.out));
  // Transforming a filter: half of it or more is the memory that 36 numbers for 9 take.
  if (inBf16) {
    const int64_t rows = tapsInside(s.height, s.outHeight, s.top);
    const int64_t columns = tapsInside(s.width, s.outWidth, s.left);
    const double direct = 2 * static_cast<double>(s.images * rows * columns) * (filterPass ? 1.4 : 1);
    return work + (preparesFilters(spec, conv) ? 1000 : 2000) < 0.95 * direct;
  }
  const double direct = 2 * 9 * static_cast<double>(s.images * s.outHeight * s.outWidth);
  return work + (filterPass || preparesFilters(spec, conv) ? 1500 : 3000) < 0.85 * direct;
}

}  // namespace

bool winogradSuits(const KernelSpec& spec, const Convolution& conv) {
  const int lanes = isaKernels().winograd->lanes;
  if (lanes == 0 || !settings().winograd || !hasShape(spec, conv) || !hasDtypes(spec, conv)) return false;
  const Sizes sizes(conv);
  if (sizes.in % lanes != 0 || sizes.out % lanes != 0) return false;
  // What is fused had paid off in float32, and is faster in bfloat16.
  return (conv.multiplicandType() == DType::BF16 && conv.isFused()) || paysOff(spec, conv, sizes);
}

bool winogradTakesBfloat16(const KernelSpec& spec, const Convolution& conv) {
  KernelSpec inBf16 = spec;
  for (size_t index : conv.imageInputs()) inBf16.inputs[index].dtype = DType::BF16;
  return winogradSuits(inBf16, Convolution(inBf16));
}

bool winogradFuses(const KernelSpec& spec, const Convolution& conv) {
  if (!winogradSuits(spec, conv) || (conv.mask && conv.concatChannels.size() > 1) ||
      (conv.pooling && conv.statistics))
    return false;
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
      preparesFilters(spec, conv) ? winograd::filterLayout(conv.w.shape, conv.multiplicandType()) : nullptr);
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
