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
  static const IsaKernels all = {kName,
                                 &elementwiseKernels,
                                 &randomKernels,
                                 &optimizerKernels,
                                 &reduceKernels,
                                 &softmaxKernels,
                                 &gatherKernels,
                                 &poolKernels,
                                 &poolKernelsBfloat16,
                                 &winogradKernels,
                                 &sampleConvKernels,
                                 &normKernels,
                                 &normKernelsBfloat16,
                                 &layerNormKernels,
                                 &layerNormKernelsBfloat16,
                                 &rnnKernels,
                                 &reluKernels,
                                 &reluKernelsBfloat16,
                                 &householderKernels};
  return all;
}

}  // namespace nodegrad::NODEGRAD_ISA_NAMESPACE
