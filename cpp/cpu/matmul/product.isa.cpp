#include "cpu/matmul/product.h"

#include "cpu/isa/tables.h"
#include "cpu/matmul/kernels.h"

namespace nodegrad::NODEGRAD_ISA_NAMESPACE {

const ProductKernels<float> productKernels = productKernelsFor<float>();

}  // namespace nodegrad::NODEGRAD_ISA_NAMESPACE
