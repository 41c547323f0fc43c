#include "cpu/attention/kernels.h"
#include "cpu/attention/loops.h"
#include "cpu/isa/tables.h"

namespace nodegrad::NODEGRAD_ISA_NAMESPACE {

const AttentionKernels<float> attentionKernels = attentionKernelsFor<float>();

}  // namespace nodegrad::NODEGRAD_ISA_NAMESPACE
