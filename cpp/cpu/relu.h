#pragma once
#include <functional>
#include <memory>
#include <vector>

#include "backend.h"

namespace nodegrad {

// oneDNN's fused ReLU is max(x, 0) with the operands in an order that makes 0 of NaN. Where no operand is
// NaN, infinite or so large that a sum of products might become so, nothing is NaN. A kernel here looks
// through the operands first where that is less work than a pass over the result, and takes the fused
// computation if it may; otherwise it computes without ReLU and applies it afterwards.
//
// spec: of the op, with ReLU as its activation. make: makes its kernel, fused or without the activation.
// operands: the inputs whose products are summed.
using MakeKernel = std::function<std::unique_ptr<Kernel>(const KernelSpec&)>;
std::unique_ptr<Kernel> withNanKeepingRelu(const KernelSpec& spec, const std::vector<size_t>& operands,
                                           const MakeKernel& make);

// Whether the activation of a node is ReLU.
bool hasRelu(const KernelSpec& spec);

}  // namespace nodegrad
