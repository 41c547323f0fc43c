#include "cpu/isa/rnn_kernels.h"
#include "cpu/isa/tables.h"

namespace nodegrad::NODEGRAD_ISA_NAMESPACE {

const RnnKernels<float> rnnKernels = rnnKernelsFor<float>();

}  // namespace nodegrad::NODEGRAD_ISA_NAMESPACE
