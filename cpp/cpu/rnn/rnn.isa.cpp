#include "cpu/isa/tables.h"
#include "cpu/rnn/kernels.h"
#include "cpu/rnn/loops.h"

namespace nodegrad::NODEGRAD_ISA_NAMESPACE {

const RnnKernels<float> rnnKernels = rnnKernelsFor<float>();

}  // namespace nodegrad::NODEGRAD_ISA_NAMESPACE
