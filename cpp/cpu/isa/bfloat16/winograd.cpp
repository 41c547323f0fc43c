#include "cpu/isa/bfloat16/dot.h"
#include "cpu/isa/bfloat16/tables.h"
#include "cpu/isa/winograd_kernels.h"

namespace nodegrad::NODEGRAD_ISA_NAMESPACE {

const WinogradKernels winogradKernelsBfloat16 = winogradKernelsFor<uint16_t>();

}  // namespace nodegrad::NODEGRAD_ISA_NAMESPACE
