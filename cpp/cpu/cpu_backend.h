#pragma once
#include <memory>

#include "backend.h"

namespace nodegrad {

// The backend on oneDNN and own kernels. Fails with ARGUMENT where the settings ask for what there is not.
std::unique_ptr<Backend> makeCpuBackend();

// The instruction set in use: "base" (x86-64-v2), "avx2", "avx512" or "amx"; the settings may ask for a lower
// one.
const char* cpuIsa();

// Whether this processor multiplies bfloat16 (AVX512-BF16 or AMX) and that instruction set is in use.
// The settings may deny it, or have AVX-512 do without, which is slow.
bool cpuHasBfloat16();

// Whether products of bfloat16 are those of tiles (AMX), several times as fast as all others.
bool cpuHasTiles();

}  // namespace nodegrad
