#include "cpu/isa/tables.h"

namespace nodegrad::NODEGRAD_ISA_NAMESPACE {

const IsaKernels& kernels() {
  static const IsaKernels all = {
#if defined(__AVX512F__)
    "avx512",
#elif defined(__AVX2__)
    "avx2",
#else
    "base",
#endif
    &elementwiseKernels,
    &randomKernels,
  };
  return all;
}

}  // namespace nodegrad::NODEGRAD_ISA_NAMESPACE
