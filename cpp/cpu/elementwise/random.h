#pragma once
#include "cpu/kernel_table.h"

namespace nodegrad {

void registerRandomKernels(KernelTable& table);  // randomUniform, randomNormal, truncatedNormal

}  // namespace nodegrad
