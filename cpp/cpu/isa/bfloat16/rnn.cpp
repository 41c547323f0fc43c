#include "cpu/isa/bfloat16/dot.h"
#include "cpu/isa/bfloat16/tables.h"
#include "cpu/isa/rnn_kernels.h"

namespace nodegrad::NODEGRAD_ISA_NAMESPACE {

const RnnKernels<uint16_t> rnnKernelsBfloat16 = rnnKernelsFor<uint16_t>();

}  // namespace nodegrad::NODEGRAD_ISA_NAMESPACE
