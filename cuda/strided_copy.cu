#include "launch.h"
#include "strided_copy.h"

namespace nodegrad::cuda {

namespace {

template <class T, class Index>
__global__ void copyElements(const T* from, T* to, StridedPair dims, Index count) {
  for (Index i = firstIndex<Index>(); i < count; i += indexStep<Index>()) {
    int64_t source = 0, target = 0;
    Index rest = i;
    for (int d = dims.rank - 1; d >= 0; --d) {
      const auto size = static_cast<Index>(dims.sizes[d]);
      const auto at = static_cast<int64_t>(rest % size);
      source += at * dims.from[d];
      target += at * dims.to[d];
      rest /= size;
    }
    to[target] = from[source];
  }
}

template <class T>
void copyAs(cudaStream_t stream, const void* from, void* to, const StridedPair& dims, int64_t count) {
  const auto* source = static_cast<const T*>(from);
  auto* target = static_cast<T*>(to);
  if (count < (int64_t{1} << 31))
    launch(stream, {blocksFor(count)}, copyElements<T, uint32_t>, source, target, dims,
           static_cast<uint32_t>(count));
  else
    launch(stream, {blocksFor(count)}, copyElements<T, uint64_t>, source, target, dims,
           static_cast<uint64_t>(count));
}

}  // namespace

void copyStrided(cudaStream_t stream, const void* from, void* to, const StridedPair& dims, int64_t count,
                 size_t elementBytes) {
  if (count == 0) return;
  if (elementBytes == 1) return copyAs<uint8_t>(stream, from, to, dims, count);
  if (elementBytes == 2) return copyAs<uint16_t>(stream, from, to, dims, count);
  copyAs<uint32_t>(stream, from, to, dims, count);
}

}  // namespace nodegrad::cuda
