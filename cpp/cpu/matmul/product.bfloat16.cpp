#include "cpu/matmul/product.h"

#include "cpu/isa/bfloat16_dot.h"
#include "cpu/isa/bfloat16_tables.h"
#include "cpu/matmul/kernels.h"

namespace nodegrad::NODEGRAD_ISA_NAMESPACE {

const ProductKernels<uint16_t> productKernelsBfloat16 = productKernelsFor<uint16_t>();

}  // namespace nodegrad::NODEGRAD_ISA_NAMESPACE
