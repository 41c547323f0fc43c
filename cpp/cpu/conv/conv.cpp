#include "cpu/conv/conv.h"

#include <optional>

#include "cpu/conv/ways.h"
#include "cpu/conv/winograd/winograd.h"
#include "cpu/cpu_backend.h"
#include "cpu/kernel_table.h"
#include "cpu/memory/onednn.h"

namespace nodegrad {

namespace {

bool hasNothingToCompute(const Convolution& conv) {
  return count(conv.x.shape) == 0 || count(conv.w.shape) == 0 || count(conv.y.shape) == 0;
}

// The same without what is fused into it, which oneDNN's could do as well.
Convolution plain(const Convolution& conv) {
  Convolution result = conv;
  result.pooling = result.statistics = result.pooledGradient = result.mask = result.residual = false;
  result.concatChannels.resize(1);
  return result;
}

// The same of bfloat16, as the precision pass would have it: the images and, but for Winograd, the weights.
Convolution inBfloat16(const Convolution& conv, bool weights) {
  Convolution result = conv;
  result.x.dtype = result.y.dtype = DType::BF16;
  if (weights && conv.pass != ConvPass::BackwardFilter) result.w.dtype = DType::BF16;
  result.xLayout = result.wLayout = result.yLayout = nullptr;
  return result;
}

// The cheapest way on bfloat16 of what is float32 yet. Null: there is none that is cheaper. Its neighbours
// are taken to be bfloat16, so that float32 costs the rounding of what is between; but those of an image in
// blocks of samples are float32, and there a pass alone saves less than the other layout costs around it
// (LeNet took a seventh longer on AMX).
std::optional<ConvWay> bfloat16Way(const KernelSpec& spec, const Convolution& conv) {
  std::optional<ConvWay> best;
  if (!cpuHasBfloat16()) return best;
  const ConvOption asFloats = convOptions(spec, conv).front();
  if (asFloats.way == ConvWay::Samples && convNumbersRead(conv, true) > 0) return best;
  const auto images = static_cast<double>(count(conv.x.shape) + count(conv.y.shape));
  double least =
      asFloats.cost + convCost({0, images}, convPrices(DType::F32, ConvWay::Rounding, ConvPass::Forward));
  for (bool weights : {false, true})
    for (const ConvOption& option : convOptions(spec, inBfloat16(conv, weights))) {
      const bool winograd = option.way == ConvWay::Winograd;
      if (winograd == weights || option.cost >= least ||
          (option.way == ConvWay::Direct && !directConvTakesBfloat16(spec)))
        continue;
      best = option.way;
      least = option.cost;
    }
  return best;
}

// How a convolution of float32 would be computed best where nothing is fused into it, maybe on bfloat16.
ConvWay bestWay(const KernelSpec& spec, const Convolution& conv) {
  const auto rounded = spec.compute == Compute::BFloat16 ? bfloat16Way(spec, conv) : std::nullopt;
  return rounded ? *rounded : convOptions(spec, conv).front().way;
}

LayoutChoice convLayouts(const KernelSpec& spec, const std::vector<bool>& undecided) {
  const Convolution conv(spec);
  if (hasNothingToCompute(conv)) return convChoice(spec, conv, nullptr, nullptr, nullptr);
  return convLayoutsFor(convOptions(spec, conv).front().way, spec, conv, undecided);
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
  if (!conv.isFused() && !conv.residual) return true;
  if (hasNothingToCompute(conv)) return false;
  // On bfloat16 nothing is fused that was not before.
  const ConvWay way = conv.multiplicandType() == DType::F32 ? bestWay(spec, plain(conv)) : ConvWay::Winograd;
  if (way == ConvWay::Winograd) return winogradTakes(spec, conv) && winogradFuses(conv);
  return !conv.isFused() && way == ConvWay::Direct && directConvTakesResidual(spec, conv);
}

std::unique_ptr<Kernel> makeConv(const KernelSpec& spec) {
  const Convolution conv(spec);
  if (hasNothingToCompute(conv)) {
    if (conv.pass == ConvPass::Forward && count(conv.y.shape) > 0)
      fail(ErrorCode::Shape, "[conv] expected an image of at least one channel, received ", toString(conv.x));
    return onednn::zerosKernel(spec);
  }
  for (const ConvOption& option : convOptions(spec, conv))
    if (hasConvLayoutsFor(option.way, spec, conv)) return makeConvFor(option.way, spec, conv);
  // Layouts that were given and that no way wants: oneDNN takes them all.
  if (!conv.isFused()) return makeConvFor(ConvWay::Direct, spec, conv);
  fail(ErrorCode::Device, "[", spec.op, "] cannot fuse that into this convolution");
}

PrecisionChoice convPrecisions(const KernelSpec& spec) {
  PrecisionChoice choice = onlyFloat32(spec);
  const Convolution conv(spec);
  if (hasNothingToCompute(conv)) return choice;
  const auto rounded = bfloat16Way(spec, conv);
  if (!rounded) return choice;
  if (conv.residual) choice.inputs[conv.residualIndex] = Precision::Either;
  if (*rounded == ConvWay::Winograd) {
    for (size_t index : conv.imageInputs()) choice.inputs[index] = Precision::BFloat16;
    for (size_t index : conv.imageOutputs()) choice.outputs[index] = Precision::Either;
    if (conv.mask) choice.inputs[conv.maskIndex] = Precision::Either;
    return choice;
  }
  choice.inputs[0] = choice.inputs[1] = Precision::BFloat16;
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
