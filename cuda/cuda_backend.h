#pragma once
#include <memory>

#include "backend.h"

namespace nodegrad::cuda {

// One of the GPUs that the process sees, in the driver's order. Fails with DEVICE or OUT_OF_MEMORY.
std::unique_ptr<Backend> makeCudaBackend(int gpu);

}  // namespace nodegrad::cuda
