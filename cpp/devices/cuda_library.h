#pragma once
#include <memory>
#include <string>

#include "backend.h"

namespace nodegrad {

// The library of the package nodegrad-cuda holds the backend for GPUs. C++ objects cross between it and the
// addon, so that both have to be made of the same headers by compilers that agree.

// What both have to have in common, in words: the version, a hash of the headers, the compiler.
const char* cudaAbi();
// What the library exports under the names "nodegradCudaAbi" and "nodegradCudaOpen".
using CudaAbi = const char*();
using CudaOpen = Backend*(int gpu);  // fails as Backend's members do; the caller owns it

// Opens one of the GPUs, in the driver's order, with a library. Fails with DEVICE where it does not load or
// is made for another addon, and with what the library fails with.
std::unique_ptr<Backend> openCuda(const std::string& file, int gpu);

}  // namespace nodegrad
