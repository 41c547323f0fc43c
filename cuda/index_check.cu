#include "index_check.h"

namespace nodegrad::cuda {

namespace {

__global__ void findOutside(CheckedIndices checked, CheckedIndices::Place* first) {
  for (int64_t i = firstIndex<int64_t>(); i < checked.indices.count; i += indexStep<int64_t>())
    if (!checked.inside(checked.at(i))) atomicMin(first, static_cast<CheckedIndices::Place>(i));
}

}  // namespace

CheckedIndices checkIndices(const Queue& queue, Refuser by, const Indices& indices, const void* memory,
                            int64_t n, void* scratch) {
  auto* first = static_cast<CheckedIndices::Place*>(scratch);
  const CheckedIndices checked{indices, n, by, memory, first, queue.refusal()};
  check(cudaMemsetAsync(first, 0xff, sizeof *first, queue.stream()));
  if (indices.count > 0) launch(queue.stream(), {blocksFor(indices.count)}, findOutside, checked, first);
  return checked;
}

}  // namespace nodegrad::cuda
