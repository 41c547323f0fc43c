#include "cpu/isa/tables.h"

namespace nodegrad::NODEGRAD_ISA_NAMESPACE {
namespace {

#if defined(__AVX512F__)
constexpr const char* kName = "avx512";
#elif defined(__AVX2__)
constexpr const char* kName = "avx2";
#else
constexpr const char* kName = "base";
#endif

}  // namespace

const IsaKernels& kernels() {
  static const IsaKernels all = {
      .name = kName,
      .elementwise = &elementwiseKernels,
      .random = &randomKernels,
      .optimizer = &optimizerKernels,
      .reduce = &reduceKernels,
      .softmax = &softmaxKernels,
      .gather = &gatherKernels,
      .warp = &warpKernels,
      .pool = {&poolKernels, &poolKernelsBfloat16},
      .winograd = &winogradKernels,
      .sampleConv = &sampleConvKernels,
      .filterGradient = &filterGradientKernels,
      .narrowConv = &narrowConvKernels,
      .norm = {&normKernels, &normKernelsBfloat16},
      .layerNorm = {&layerNormKernels, &layerNormKernelsBfloat16},
      .attention = &attentionKernels,
      .product = &productKernels,
      .rnn = &rnnKernels,
      .relu = {&reluKernels, &reluKernelsBfloat16},
      .householder = &householderKernels,
      .quantize = &quantizeKernels,
  };
  return all;
}

}  // namespace nodegrad::NODEGRAD_ISA_NAMESPACE
