#pragma once
#include <memory>

#include "core/buffer.h"
#include "core/storage.h"

namespace nodegrad {

// Memory of the host, large arrays in huge pages. Fails with OUT_OF_MEMORY when the machine (or its
// container) cannot hold it: the kernel would over-commit and kill later. owner: see Buffer.
std::shared_ptr<Buffer> allocateHost(size_t bytes, Backend* owner = nullptr);
// For memory that is wanted at once: in small pages, which the kernel has at hand, where a huge one is first
// to be put together, or got from a hypervisor. Each call of reuse moves the next eighth, but some megabytes
// at the least, into huge pages, until all are.
std::shared_ptr<Buffer> allocateHostQuickly(size_t bytes, Backend* owner = nullptr);

// The bytes of those that are alive.
size_t liveHostBytes();

// A row-major tensor in the host's memory: a copy of data, or zeros for null. Fails with OUT_OF_MEMORY.
StoragePtr hostStorage(const TensorType& type, const void* data);

}  // namespace nodegrad
