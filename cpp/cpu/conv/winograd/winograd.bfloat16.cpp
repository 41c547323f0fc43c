#include "cpu/conv/winograd/kernels.h"
#include "cpu/conv/winograd/loops.h"
#include "cpu/isa/bfloat16_dot.h"
#include "cpu/isa/bfloat16_tables.h"

namespace nodegrad::NODEGRAD_ISA_NAMESPACE {

const WinogradKernels winogradKernelsBfloat16 = winogradKernelsFor<uint16_t>();

}  // namespace nodegrad::NODEGRAD_ISA_NAMESPACE
