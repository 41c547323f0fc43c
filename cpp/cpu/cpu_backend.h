#pragma once
#include <memory>

#include "backend.h"

namespace nodegrad {

// The backend on oneDNN and own kernels.
std::unique_ptr<Backend> makeCpuBackend();

// The instruction set in use: "base" (x86-64-v2), "avx2" or "avx512"; NODEGRAD_ISA forces a lower one.
const char* cpuIsa();

}  // namespace nodegrad
