#include "cpu/conv/ways.h"

#include <algorithm>

#include "core/error.h"
#include "cpu/conv/filter_gradient.h"
#include "cpu/conv/filter_gradient_kernels.h"
#include "cpu/conv/narrow.h"
#include "cpu/conv/samples.h"
#include "cpu/conv/tile_gradient.h"
#include "cpu/conv/tile_narrow.h"
#include "cpu/conv/winograd/winograd.h"
#include "cpu/cpu_backend.h"
#include "cpu/elementwise/activation.h"
#include "cpu/isa.h"
#include "cpu/memory/onednn.h"

namespace nodegrad {

double convNumbersRead(const Convolution& conv, bool inSamples) {
  double numbers = 0;
  const auto add = [&](const TensorType& type, const LayoutPtr& layout) {
    if (isInSamples(type, layout, conv.axes) == inSamples) numbers += static_cast<double>(count(type.shape));
  };
  if (conv.pass != ConvPass::BackwardData) add(conv.x, conv.xLayout);
  if (conv.pass != ConvPass::Forward) add(conv.y, conv.yLayout);
  return numbers;
}

namespace {

// oneDNN's code for AVX2 took up to 200 times as long as ours to make few channels.
bool isSlowInOneDnn(const Convolution& conv) {
  return isaKernels().name == std::string("avx2") && conv.pass != ConvPass::BackwardFilter &&
         narrowConvTakes(conv);
}

// Winograd's transforms take a digit or so of float32. For few multiplications they save microseconds, which
// is not worth it.
bool isWorthItsError(const Convolution& conv) {
  constexpr double kFewestProducts = 1 << 20;
  return convWork(ConvWay::Direct, conv, 1, false).products >= kFewestProducts;
}

bool takes(ConvWay way, const KernelSpec& spec, const Convolution& conv) {
  switch (way) {
    case ConvWay::Winograd: return winogradTakes(spec, conv) && isWorthItsError(conv);
    case ConvWay::Samples: return sampleConvTakes(spec, conv);
    case ConvWay::Narrow: return narrowConvTakes(conv);
    case ConvWay::Boxes: return filterGradientTakes(conv);
    case ConvWay::TileBoxes: return cpuHasTiles() && tileGradientTakes(conv);
    case ConvWay::TileRows: return cpuHasTiles() && tileNarrowTakes(spec, conv);
    case ConvWay::Direct:
      // On tiles oneDNN's threads wait for each other in the gradient of filters without giving the core
      // away: with another process on a core it took ten times as long.
      return !conv.isFused() && !isSlowInOneDnn(conv) &&
             (conv.pass == ConvPass::BackwardFilter ? !takes(ConvWay::TileBoxes, spec, conv)
                                                    : conv.w.dtype == conv.multiplicandType());
    default: break;
  }
  return false;
}

double costOf(ConvWay way, const KernelSpec& spec, const Convolution& conv) {
  const ConvWork work =
      convWork(way, conv, isaKernels().filterGradient->lanes, winogradPreparesFilters(spec, conv));
  double cost = convCost(work, convPrices(conv.multiplicandType(), way, conv.pass));
  if (conv.window.spatial == 2 && conv.multiplicandType() == DType::F32) {
    const double others = convNumbersRead(conv, way != ConvWay::Samples);
    if (others > 0)
      cost += convCost({0, others}, convPrices(DType::F32, ConvWay::Relayout, ConvPass::Forward));
  }
  return cost;
}

}  // namespace

ConvWay pricedWay(ConvWay way, const Convolution& conv, bool hasCode) {
  if (way != ConvWay::Direct) return way;
  if (!hasCode) return ConvWay::Unfolded;
  if (conv.groups > 1)
    return conv.groups == conv.x.shape[static_cast<size_t>(conv.axes.c)] ? ConvWay::Depthwise
                                                                         : ConvWay::Grouped;
  const Window& w = conv.window;
  return std::all_of(w.kernel, w.kernel + w.spatial, [](int64_t taps) { return taps == 1; })
             ? ConvWay::Pointwise
             : way;
}

std::vector<ConvOption> convOptions(const KernelSpec& spec, const Convolution& conv) {
  std::vector<ConvOption> options;
  const auto sort = [&] {
    std::stable_sort(options.begin(), options.end(),
                     [](const ConvOption& a, const ConvOption& b) { return a.cost < b.cost; });
  };
  for (ConvWay way : {ConvWay::Direct, ConvWay::Winograd, ConvWay::Samples, ConvWay::Narrow, ConvWay::Boxes,
                      ConvWay::TileBoxes, ConvWay::TileRows})
    if (takes(way, spec, conv)) options.push_back({way, costOf(pricedWay(way, conv, true), spec, conv)});
  sort();
  // Only oneDNN knows whether it generates code, and takes a while to say so.
  if (options.size() > 1 && options.front().way == ConvWay::Direct && conv.multiplicandType() == DType::F32 &&
      !directConvHasCode(spec, conv)) {
    options.front().cost = costOf(ConvWay::Unfolded, spec, conv);
    sort();
  }
  return options;
}

LayoutChoice convLayoutsFor(ConvWay way, const KernelSpec& spec, const Convolution& conv,
                            const std::vector<bool>& undecided) {
  switch (way) {
    case ConvWay::Winograd: return winogradLayouts(spec, conv);
    case ConvWay::Samples: return sampleConvLayouts(spec, conv);
    case ConvWay::Narrow: return narrowConvLayouts(spec, conv);
    case ConvWay::Boxes: return filterGradientLayouts(spec, conv);
    case ConvWay::TileBoxes: return tileGradientLayouts(spec, conv);
    case ConvWay::TileRows: return tileNarrowLayouts(spec, conv);
    case ConvWay::Direct:
      return directConvLayouts(spec, conv, conv.pass != ConvPass::BackwardFilter && undecided[conv.wIndex]);
    default: break;
  }
  fail(ErrorCode::Internal, "no way to compute a convolution");
}

bool hasConvLayoutsFor(ConvWay way, const KernelSpec& spec, const Convolution& conv) {
  switch (way) {
    case ConvWay::Winograd: return hasWinogradLayouts(spec, conv);
    case ConvWay::Samples: return hasSampleConvLayouts(conv);
    case ConvWay::Narrow: return hasNarrowConvLayouts(conv);
    case ConvWay::Boxes: return hasFilterGradientLayouts(conv);
    case ConvWay::TileBoxes: return hasTileGradientLayouts(conv);
    case ConvWay::TileRows: return hasTileNarrowLayouts(conv);
    case ConvWay::Direct: return true;
    default: break;
  }
  fail(ErrorCode::Internal, "no way to compute a convolution");
}

std::unique_ptr<Kernel> makeConvFor(ConvWay way, const KernelSpec& spec, const Convolution& conv) {
  switch (way) {
    case ConvWay::Winograd: return makeWinograd(spec, conv);
    case ConvWay::Samples: return makeSampleConv(spec, conv);
    case ConvWay::Narrow:
      return withActivationAfterwards(spec,
                                      [](const KernelSpec& s) { return makeNarrowConv(Convolution(s)); });
    case ConvWay::Boxes: return makeFilterGradient(conv);
    case ConvWay::TileBoxes: return makeTileGradient(conv, *bfloat16Kernels().tiles);
    case ConvWay::TileRows: return makeTileNarrow(spec, conv, *bfloat16Kernels().tiles);
    case ConvWay::Direct: {
      std::vector<size_t> operands{0, 1};
      if (conv.bias) operands.push_back(2);
      if (conv.residual) operands.push_back(conv.residualIndex);
      return withNanKeepingActivation(spec, operands,
                                      [](const KernelSpec& s) { return makeDirectConv(s, Convolution(s)); });
    }
    default: break;
  }
  fail(ErrorCode::Internal, "no way to compute a convolution");
}

}  // namespace nodegrad
