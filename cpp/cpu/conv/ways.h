#pragma once
#include <memory>
#include <vector>

#include "cpu/conv/costs.h"

// How a convolution is computed: the cheapest of the ways that can (costs.h).
namespace nodegrad {

// A way and the picoseconds that it is to take, with the images in the layouts that they have.
struct ConvOption {
  ConvWay way;
  double cost;
};

// The ways that can compute a pass of the dtypes that it has, the cheapest first.
std::vector<ConvOption> convOptions(const KernelSpec& spec, const Convolution& conv);

// The way by whose prices another one goes: Direct is five. hasCode: whether oneDNN generates code for it.
ConvWay pricedWay(ConvWay way, const Convolution& conv, bool hasCode);

// Numbers of the images that the pass reads and that lie in blocks of samples, or do not.
double convNumbersRead(const Convolution& conv, bool inSamples);

// The layouts that a way wants, and whether the spec has them.
LayoutChoice convLayoutsFor(ConvWay way, const KernelSpec& spec, const Convolution& conv,
                            const std::vector<bool>& undecided);
bool hasConvLayoutsFor(ConvWay way, const KernelSpec& spec, const Convolution& conv);

// Expects those layouts.
std::unique_ptr<Kernel> makeConvFor(ConvWay way, const KernelSpec& spec, const Convolution& conv);

}  // namespace nodegrad
