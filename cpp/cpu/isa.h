#pragma once
#include <string>
#include <vector>

#include "cpu/isa/isa_kernels.h"

namespace nodegrad {

// The levels that this machine can run, lowest first: "base" (x86-64-v2), "avx2" (v3), "avx512" (v4).
std::vector<std::string> isaLevels();

// The kernels of the level in use: the machine's highest, or the one that NODEGRAD_ISA names. Fails where
// that is unknown or too high.
const IsaKernels& isaKernels();

// The kernels on bfloat16: with the processor's instructions for it unless NODEGRAD_BFLOAT16=emulate. Only
// where cpuHasBfloat16().
const Bfloat16Kernels& bfloat16Kernels();

// Has kernels made from now on use another level. Fails as above.
void useIsa(const std::string& level);

}  // namespace nodegrad
