#include "cpu/isa/bfloat16_tables.h"

namespace nodegrad::NODEGRAD_ISA_NAMESPACE {
namespace {

#if defined(__AVX512BF16__)
constexpr const char* kName = "avx512_bf16";
#else
constexpr const char* kName = "avx512_bf16_emulated";
#endif

}  // namespace

const Bfloat16Kernels& bfloat16Kernels() {
  static const Bfloat16Kernels all = {.name = kName,
                                      .tiles = nullptr,
                                      .winograd = &winogradKernelsBfloat16,
                                      .attention = &attentionKernelsBfloat16,
                                      .product = &productKernelsBfloat16,
                                      .rnn = &rnnKernelsBfloat16};
  return all;
}

}  // namespace nodegrad::NODEGRAD_ISA_NAMESPACE
