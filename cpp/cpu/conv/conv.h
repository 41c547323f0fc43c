#pragma once
#include <memory>
#include <string>

#include "backend.h"
#include "spec/conv.h"

namespace nodegrad {

using spec::Convolution;
using spec::ConvPass;

// The layouts chosen for a pass, in the roles of Convolution, as the plan wants them.
LayoutChoice convChoice(const KernelSpec& spec, const Convolution& conv, const LayoutPtr& x,
                        const LayoutPtr& w, const LayoutPtr& y);

// oneDNN's direct convolutions; they serve every case.
LayoutChoice directConvLayouts(const KernelSpec& spec, const Convolution& conv, bool undecidedWeights);
// Whether the convolution takes a residual in as well as it does without.
bool directConvTakesResidual(const KernelSpec& spec, const Convolution& conv);
// Whether oneDNN generates code for the convolution, in some layouts.
bool directConvHasCode(const KernelSpec& spec, const Convolution& conv);
// Whether oneDNN generates code for the convolution on bfloat16 images and weights.
bool directConvTakesBfloat16(const KernelSpec& spec);
std::unique_ptr<Kernel> makeDirectConv(const KernelSpec& spec, const Convolution& conv);

}  // namespace nodegrad
