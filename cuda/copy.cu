#include <cstdint>

#include "copy.h"
#include "device/refusal.h"
#include "launch.h"

namespace nodegrad::cuda {

namespace {

template <class T>
__global__ void copyAll(const T* from, T* to, int64_t count, const Refusal* refusal) {
  if (isRefused(refusal)) return;
  for (int64_t i = firstIndex<int64_t>(); i < count; i += indexStep<int64_t>()) to[i] = from[i];
}

template <class T>
void copyAs(const Queue& queue, const void* from, void* to, size_t bytes) {
  const auto count = static_cast<int64_t>(bytes / sizeof(T));
  launch(queue.stream(), {blocksFor(count)}, copyAll<T>, static_cast<const T*>(from), static_cast<T*>(to),
         count, queue.refusal());
}

}  // namespace

void copyUnlessRefused(const Queue& queue, const void* from, void* to, size_t bytes) {
  const bool words = bytes % sizeof(uint32_t) == 0 &&
                     reinterpret_cast<uintptr_t>(from) % sizeof(uint32_t) == 0 &&
                     reinterpret_cast<uintptr_t>(to) % sizeof(uint32_t) == 0;
  words ? copyAs<uint32_t>(queue, from, to, bytes) : copyAs<uint8_t>(queue, from, to, bytes);
}

}  // namespace nodegrad::cuda
