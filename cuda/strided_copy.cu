#include "launch.h"
#include "strided_copy.h"

namespace nodegrad::cuda {

namespace {

template <class T>
__device__ inline void copyOne(T from, T& to) {
  to = from;
}
// bfloat16 has the upper half of float32's bits.
__device__ inline void copyOne(uint16_t from, uint32_t& to) { to = uint32_t{from} << 16; }

template <class From, class To, class Index>
__global__ void copyElements(const From* from, To* to, StridedPair dims, Index count) {
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
    copyOne(from[source], to[target]);
  }
}

template <class From, class To = From>
void copyAs(cudaStream_t stream, const void* from, void* to, const StridedPair& dims, int64_t count) {
  if (count == 0) return;
  const auto* source = static_cast<const From*>(from);
  auto* target = static_cast<To*>(to);
  if (count < (int64_t{1} << 31))
    launch(stream, {blocksFor(count)}, copyElements<From, To, uint32_t>, source, target, dims,
           static_cast<uint32_t>(count));
  else
    launch(stream, {blocksFor(count)}, copyElements<From, To, uint64_t>, source, target, dims,
           static_cast<uint64_t>(count));
}

}  // namespace

void copyStrided(cudaStream_t stream, const void* from, void* to, const StridedPair& dims, int64_t count,
                 size_t elementBytes) {
  if (elementBytes == 1) return copyAs<uint8_t>(stream, from, to, dims, count);
  if (elementBytes == 2) return copyAs<uint16_t>(stream, from, to, dims, count);
  copyAs<uint32_t>(stream, from, to, dims, count);
}

void widenStrided(cudaStream_t stream, const void* from, void* to, const StridedPair& dims, int64_t count) {
  copyAs<uint16_t, uint32_t>(stream, from, to, dims, count);
}

}  // namespace nodegrad::cuda
