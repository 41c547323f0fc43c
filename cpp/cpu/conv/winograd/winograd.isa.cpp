#include "cpu/conv/winograd/kernels.h"
#include "cpu/isa/tables.h"
#if defined(__AVX2__)
#include "cpu/conv/winograd/loops.h"
#endif

namespace nodegrad::NODEGRAD_ISA_NAMESPACE {

#if defined(__AVX2__)
const WinogradKernels winogradKernels = winogradKernelsFor<float>();
#else
const WinogradKernels winogradKernels = {};
#endif

}  // namespace nodegrad::NODEGRAD_ISA_NAMESPACE
