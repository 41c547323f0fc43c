#pragma once
#include <string>
#include <vector>

#include "cpu/isa/isa_kernels.h"

namespace nodegrad {

// The levels that this machine can run, lowest first: "base" (x86-64-v2), "avx2" (v3), "avx512" (v4).
std::vector<std::string> isaLevels();

// The kernels of the level in use: the machine's highest, or the one of the settings. Fails with ARGUMENT
// where the machine has none of that name.
const IsaKernels& isaKernels();

// The kernels on bfloat16: with the processor's instructions for it unless the settings say else. Only where
// cpuHasBfloat16().
const Bfloat16Kernels& bfloat16Kernels();

}  // namespace nodegrad
