#pragma once
#include "cpu/isa/isa_kernels.h"

// The table of each family, which its *.isa.cpp defines.
namespace nodegrad::NODEGRAD_ISA_NAMESPACE {

extern const ElementwiseKernels elementwiseKernels;
extern const RandomKernels randomKernels;
extern const OptimizerKernels optimizerKernels;
extern const ReduceKernels reduceKernels;
extern const SoftmaxKernels softmaxKernels;
extern const GatherKernels gatherKernels;
extern const WarpKernels warpKernels;
extern const PoolKernels<float> poolKernels;
extern const PoolKernels<uint16_t> poolKernelsBfloat16;
extern const NormKernels<float> normKernels;
extern const NormKernels<uint16_t> normKernelsBfloat16;
extern const LayerNormKernels<float> layerNormKernels;
extern const LayerNormKernels<uint16_t> layerNormKernelsBfloat16;
extern const WinogradKernels winogradKernels;
extern const SampleConvKernels sampleConvKernels;
extern const FilterGradientKernels filterGradientKernels;
extern const NarrowConvKernels narrowConvKernels;
extern const AttentionKernels<float> attentionKernels;
extern const ProductKernels<float> productKernels;
extern const RnnKernels<float> rnnKernels;
extern const ReluKernels<float> reluKernels;
extern const ReluKernels<uint16_t> reluKernelsBfloat16;
extern const HouseholderKernels householderKernels;
extern const QuantizeKernels quantizeKernels;

}  // namespace nodegrad::NODEGRAD_ISA_NAMESPACE
