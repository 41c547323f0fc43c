#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "backend.h"

namespace nodegrad {

// The attribute of an op that may have it: "linear" where it has none.
std::string activationOf(const KernelSpec& spec);

// Makes the kernel of an op on oneDNN, with its activation fused or "linear".
using MakeKernel = std::function<std::unique_ptr<Kernel>(const KernelSpec&)>;

// The kernel of an op that has an activation, by which NaN stays NaN. Some of oneDNN's fused ones make a
// number of it (onednn::losesNan); then the activation is applied afterwards.
//
// oneDNN's ReLU does so everywhere. Where no operand is NaN, infinite or so large that a sum of products
// might become so, nothing is NaN: a kernel here looks through the operands first where that is less work
// than a pass over the result, and takes the fused computation if it may.
//
// operands: the inputs whose products are summed.
std::unique_ptr<Kernel> withNanKeepingActivation(const KernelSpec& spec, const std::vector<size_t>& operands,
                                                 const MakeKernel& make);

// The kernel of an op without its activation, and that on its result.
std::unique_ptr<Kernel> withActivationAfterwards(const KernelSpec& spec, const MakeKernel& make);

}  // namespace nodegrad
