#pragma once
#include <cstddef>

#include "queue.h"

namespace nodegrad::cuda {

// Queues a copy within the GPU, which does nothing after a refusal.
void copyUnlessRefused(const Queue& queue, const void* from, void* to, size_t bytes);

}  // namespace nodegrad::cuda
