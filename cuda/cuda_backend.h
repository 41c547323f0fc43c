#pragma once
#include <memory>

#include "backend.h"

namespace nodegrad::cuda {

// The first GPU that the process sees. Fails with DEVICE or OUT_OF_MEMORY.
std::unique_ptr<Backend> makeCudaBackend();

}  // namespace nodegrad::cuda
