#include "cpu/isa/winograd.h"

#include "cpu/isa/tables.h"
#if defined(__AVX2__)
#include "cpu/isa/winograd_kernels.h"
#endif

namespace nodegrad::NODEGRAD_ISA_NAMESPACE {

#if defined(__AVX2__)
const WinogradKernels winogradKernels = winogradKernelsFor<float>();
#else
const WinogradKernels winogradKernels = {};
#endif

}  // namespace nodegrad::NODEGRAD_ISA_NAMESPACE
