#include "cpu/attention/kernels.h"
#include "cpu/attention/loops.h"
#include "cpu/isa/bfloat16_tables.h"

namespace nodegrad::NODEGRAD_ISA_NAMESPACE {

const AttentionKernels<uint16_t> attentionKernelsBfloat16 = attentionKernelsFor<uint16_t>();

}  // namespace nodegrad::NODEGRAD_ISA_NAMESPACE
