#include "device/bfloat16.h"
#include "kernel_table.h"
#include "launch.h"
#include "shared_memory.h"
#include "sort.h"

namespace nodegrad::cuda {

namespace {

// Whole numbers in the order of the numbers that they stand for: NaN after all others, −0 as 0.
__device__ inline uint32_t keyOf(float x) {
  if (x != x) return UINT32_MAX;
  const auto bits = static_cast<uint32_t>(__float_as_int(x == 0.0f ? 0.0f : x));
  return bits >> 31 ? ~bits : bits | 0x80000000u;
}
__device__ inline uint32_t keyOf(uint16_t bits) { return keyOf(read(bits)); }
__device__ inline uint32_t keyOf(int32_t x) { return static_cast<uint32_t>(x) ^ 0x80000000u; }
__device__ inline uint32_t keyOf(uint8_t x) { return x; }

// Calls body with a number of the type that a tensor has in memory.
template <class Body>
void withType(DType dtype, Body&& body) {
  switch (dtype) {
    case DType::F32: return body(float{});
    case DType::I32: return body(int32_t{});
    case DType::BF16: return body(uint16_t{});
    default: return body(uint8_t{});
  }
}

// Rows of n numbers, of which the first k in their order are wanted.
struct SortedRows {
  int64_t rows, n, k;
  uint32_t flip;
};

// Whole rows in shared memory, sorted by a bitonic network of `size` numbers, a power of two. A key and its
// place make one number, so that none are equal and equal keys keep their order.
template <class T>
__global__ void sortRows(SortedRows v, int size, const T* x, int32_t* indices) {
  auto* items = sharedMemory<unsigned long long>();
  for (int64_t row = blockIdx.x; row < v.rows; row += gridDim.x) {
    for (int i = static_cast<int>(threadIdx.x); i < size; i += static_cast<int>(blockDim.x))
      items[i] = i < v.n ? static_cast<unsigned long long>(keyOf(x[row * v.n + i]) ^ v.flip) << 32 |
                               static_cast<unsigned>(i)
                         : ~0ull;
    __syncthreads();
    for (int run = 2; run <= size; run *= 2) {
      for (int apart = run / 2; apart > 0; apart /= 2) {
        for (int i = static_cast<int>(threadIdx.x); i < size; i += static_cast<int>(blockDim.x)) {
          const int other = i ^ apart;
          if (other < i) continue;
          const bool rises = (i & run) == 0;
          const unsigned long long a = items[i], b = items[other];
          if ((a > b) != rises) continue;
          items[i] = b;
          items[other] = a;
        }
        __syncthreads();
      }
    }
    for (int64_t i = threadIdx.x; i < v.k; i += blockDim.x)
      indices[row * v.k + i] = static_cast<int32_t>(items[i] & 0xffffffffu);
    __syncthreads();
  }
}

template <class T>
__global__ void makePairs(SortedRows v, const T* x, RadixSort::Pairs pairs) {
  for (int64_t i = firstIndex<int64_t>(); i < v.rows * v.n; i += indexStep<int64_t>()) {
    pairs.keys[i] = keyOf(x[i]) ^ v.flip;
    pairs.numbers[i] = static_cast<int32_t>(i % v.n);
  }
}

__global__ void takeFirst(SortedRows v, const int32_t* sorted, int32_t* indices) {
  for (int64_t i = firstIndex<int64_t>(); i < v.rows * v.k; i += indexStep<int64_t>())
    indices[i] = sorted[i / v.k * v.n + i % v.k];
}

class ArgsortKernel : public OwnKernel {
 public:
  ArgsortKernel(const KernelSpec& spec, const QueuePtr& queue)
      : OwnKernel(queue), dtype_(spec.inputs[0].dtype), view_(viewOf(spec)), radix_(view_.rows, view_.n, 32) {
    while (size_ < view_.n && size_ < kMostItems) size_ *= 2;
  }

  size_t scratchBytes() const override { return isShort() ? 0 : radix_.scratchBytes(); }

  void run(const void* const* inputs, void* const* outputs, void* scratch) override {
    if (view_.rows * view_.k == 0) return;
    withType(dtype_, [&](auto number) {
      using T = decltype(number);
      const auto* x = static_cast<const T*>(inputs[0]);
      auto* indices = static_cast<int32_t*>(outputs[0]);
      if (isShort()) {
        const LaunchSize size{blocksFor(view_.rows, 1), std::min(size_ / 2, 512),
                              static_cast<size_t>(size_) * sizeof(unsigned long long)};
        launch(stream(), size, sortRows<T>, view_, size_, x, indices);
        return;
      }
      launch(stream(), {blocksFor(view_.rows * view_.n)}, makePairs<T>, view_, x, radix_.input(scratch));
      const RadixSort::Pairs sorted = radix_.sort(*queue_, scratch);
      launch(stream(), {blocksFor(view_.rows * view_.k)}, takeFirst, view_,
             static_cast<const int32_t*>(sorted.numbers), indices);
    });
  }

 private:
  static constexpr int kMostItems = 4096;  // what shared memory holds

  static SortedRows viewOf(const KernelSpec& spec) {
    const Dims& shape = spec.inputs[0].shape;
    const int64_t n = shape.back(), rows = count(Dims(shape.begin(), shape.end() - 1));
    return {rows, n, spec.outputs[0].shape.back(), spec.attrs.boolean("descending") ? UINT32_MAX : 0};
  }
  bool isShort() const { return view_.n <= kMostItems; }

  DType dtype_;
  SortedRows view_;
  RadixSort radix_;
  int size_ = 2;
};

template <class T>
__global__ void searchAll(int64_t n, int64_t values, bool right, const T* sequence, const T* wanted,
                          int32_t* indices) {
  for (int64_t i = firstIndex<int64_t>(); i < values; i += indexStep<int64_t>()) {
    const uint32_t key = keyOf(wanted[i]);
    int64_t low = 0, high = n;
    while (low < high) {
      const int64_t middle = (low + high) / 2;
      const uint32_t own = keyOf(sequence[middle]);
      if (right ? own <= key : own < key)
        low = middle + 1;
      else
        high = middle;
    }
    indices[i] = static_cast<int32_t>(low);
  }
}

// For each value the first index of the sequence whose number is not below it, or (right) is above it.
class SearchSortedKernel : public OwnKernel {
 public:
  SearchSortedKernel(const KernelSpec& spec, const QueuePtr& queue)
      : OwnKernel(queue),
        dtype_(spec.inputs[0].dtype),
        n_(spec.inputs[0].shape[0]),
        values_(count(spec.inputs[1].shape)),
        right_(spec.attrs.boolean("right")) {}

  void run(const void* const* inputs, void* const* outputs, void*) override {
    if (values_ == 0) return;
    withType(dtype_, [&](auto number) {
      using T = decltype(number);
      launch(stream(), {blocksFor(values_)}, searchAll<T>, n_, values_, right_,
             static_cast<const T*>(inputs[0]), static_cast<const T*>(inputs[1]),
             static_cast<int32_t*>(outputs[0]));
    });
  }

 private:
  DType dtype_;
  int64_t n_, values_;
  bool right_;
};

}  // namespace

void addOrders(KernelTable& table) {
  table["argsort"] = {makeKernel<ArgsortKernel>, nullptr, nullptr, readsEither};
  table["searchSorted"] = {makeKernel<SearchSortedKernel>};
}

}  // namespace nodegrad::cuda
