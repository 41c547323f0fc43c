#include "cpu/isa/bfloat16_dot.h"
#include "cpu/isa/bfloat16_tables.h"
#include "cpu/rnn/kernels.h"
#include "cpu/rnn/loops.h"

namespace nodegrad::NODEGRAD_ISA_NAMESPACE {

const RnnKernels<uint16_t> rnnKernelsBfloat16 = rnnKernelsFor<uint16_t>();

}  // namespace nodegrad::NODEGRAD_ISA_NAMESPACE
