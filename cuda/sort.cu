#include <algorithm>

#include "launch.h"
#include "shared_memory.h"
#include "sort.h"

namespace nodegrad::cuda {

namespace {

// A pass sorts by four bits. A block takes a chunk of a row, each of its threads some neighbouring pairs.
constexpr int kBits = 4, kDigits = 1 << kBits, kSortThreads = 128, kPairs = 8, kChunk = kSortThreads * kPairs;

__device__ inline int digitOf(uint32_t key, int shift) {
  return static_cast<int>(key >> shift & (kDigits - 1));
}

// Of each chunk how many pairs have each digit: counts [rows, digits, chunks].
__global__ void countDigits(int64_t rows, int64_t n, int64_t chunks, int shift, const uint32_t* keys,
                            int32_t* counts) {
  int32_t* own = sharedMemory<int32_t>();  // [digits, threads]
  for (int64_t item = blockIdx.x; item < rows * chunks; item += gridDim.x) {
    const int64_t row = item / chunks, chunk = item % chunks;
    for (int d = 0; d < kDigits; ++d) own[d * kSortThreads + static_cast<int>(threadIdx.x)] = 0;
    for (int i = 0; i < kPairs; ++i) {
      const int64_t at = chunk * kChunk + i * kSortThreads + threadIdx.x;
      if (at < n) ++own[digitOf(keys[row * n + at], shift) * kSortThreads + static_cast<int>(threadIdx.x)];
    }
    __syncthreads();
    if (threadIdx.x < kDigits) {
      int32_t count = 0;
      for (int t = 0; t < kSortThreads; ++t) count += own[static_cast<int>(threadIdx.x) * kSortThreads + t];
      counts[(row * kDigits + threadIdx.x) * chunks + chunk] = count;
    }
    __syncthreads();
  }
}

// places: in counts' order, where the first pair of each chunk with each digit goes.
__global__ void scatterPairs(int64_t rows, int64_t n, int64_t chunks, int shift, RadixSort::Pairs from,
                             const int32_t* places, RadixSort::Pairs to) {
  int32_t* before = sharedMemory<int32_t>();  // [digits, threads]: pairs of the digit in earlier threads
  const int thread = static_cast<int>(threadIdx.x);
  for (int64_t item = blockIdx.x; item < rows * chunks; item += gridDim.x) {
    const int64_t row = item / chunks, chunk = item % chunks;
    const int64_t first = chunk * kChunk + thread * kPairs, base = row * n;
    for (int d = 0; d < kDigits; ++d) before[d * kSortThreads + thread] = 0;
    for (int64_t i = first; i < first + kPairs && i < n; ++i)
      ++before[digitOf(from.keys[base + i], shift) * kSortThreads + thread];
    __syncthreads();
    if (thread < kDigits) {
      int32_t sum = 0;
      for (int t = 0; t < kSortThreads; ++t) {
        const int32_t own = before[thread * kSortThreads + t];
        before[thread * kSortThreads + t] = sum;
        sum += own;
      }
    }
    __syncthreads();
    for (int64_t i = first; i < first + kPairs && i < n; ++i) {
      const uint32_t key = from.keys[base + i];
      const int digit = digitOf(key, shift);
      const int64_t to_ =
          base + places[(row * kDigits + digit) * chunks + chunk] + before[digit * kSortThreads + thread]++;
      to.keys[to_] = key;
      to.numbers[to_] = from.numbers[base + i];
    }
    __syncthreads();
  }
}

}  // namespace

RadixSort::RadixSort(int64_t rows, int64_t n, int keyBits)
    : rows_(rows),
      n_(n),
      chunks_((n + kChunk - 1) / kChunk),
      passes_(std::max(1, (keyBits + kBits - 1) / kBits)) {}

size_t RadixSort::scratchBytes() const {
  return static_cast<size_t>(4 * rows_ * n_ + rows_ * kDigits * chunks_) * sizeof(int32_t);
}

RadixSort::Pairs RadixSort::arrays(void* scratch, int which) const {
  auto* words = static_cast<int32_t*>(scratch) + static_cast<int64_t>(which) * 2 * rows_ * n_;
  return {reinterpret_cast<uint32_t*>(words), words + rows_ * n_};
}

RadixSort::Pairs RadixSort::input(void* scratch) const { return arrays(scratch, 0); }

RadixSort::Pairs RadixSort::sort(const Queue& queue, void* scratch) const {
  auto* counts = static_cast<int32_t*>(scratch) + 4 * rows_ * n_;
  const LaunchSize size{blocksFor(rows_ * chunks_, 1), kSortThreads,
                        kDigits * kSortThreads * sizeof(int32_t)};
  for (int pass = 0; pass < passes_ && rows_ * n_ > 0; ++pass) {
    const Pairs from = arrays(scratch, pass % 2), to = arrays(scratch, 1 - pass % 2);
    launch(queue.stream(), size, countDigits, rows_, n_, chunks_, pass * kBits,
           static_cast<const uint32_t*>(from.keys), counts);
    exclusiveSums(queue, counts, counts, rows_, kDigits * chunks_);
    launch(queue.stream(), size, scatterPairs, rows_, n_, chunks_, pass * kBits, from,
           static_cast<const int32_t*>(counts), to);
  }
  return arrays(scratch, passes_ % 2);
}

}  // namespace nodegrad::cuda
