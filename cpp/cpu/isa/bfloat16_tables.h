#pragma once
#include "cpu/isa/isa_kernels.h"

// The table of each family, which its *.bfloat16.cpp defines.
namespace nodegrad::NODEGRAD_ISA_NAMESPACE {

extern const WinogradKernels winogradKernelsBfloat16;
extern const AttentionKernels<uint16_t> attentionKernelsBfloat16;
extern const ProductKernels<uint16_t> productKernelsBfloat16;
extern const RnnKernels<uint16_t> rnnKernelsBfloat16;

}  // namespace nodegrad::NODEGRAD_ISA_NAMESPACE
