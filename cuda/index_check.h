#pragma once
#include "device/indices.h"
#include "queue.h"

namespace nodegrad::cuda {

// What checkIndices wants of a kernel's scratch memory.
constexpr size_t kIndexCheckBytes = sizeof(CheckedIndices::Place);

// Queues the search for indices outside of [0, n): what the kernel that uses them takes, and reports.
CheckedIndices checkIndices(const Queue& queue, Refuser by, const Indices& indices, const void* memory,
                            int64_t n, void* scratch);

}  // namespace nodegrad::cuda
