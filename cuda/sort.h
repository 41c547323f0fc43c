#pragma once
#include <cstdint>

#include "queue.h"

namespace nodegrad::cuda {

// Sorts rows of n pairs of a key and a number by their keys; equal ones keep their order. What the pairs are
// sorted in is scratch memory: two arrays of each, and counts.
class RadixSort {
 public:
  // keyBits: how many of a key's lower bits may differ.
  RadixSort(int64_t rows, int64_t n, int keyBits);

  size_t scratchBytes() const;
  struct Pairs {
    uint32_t* keys;
    int32_t* numbers;
  };
  // Where the caller puts the pairs.
  Pairs input(void* scratch) const;
  // Queues the sorting, and gives the sorted pairs.
  Pairs sort(const Queue& queue, void* scratch) const;

 private:
  Pairs arrays(void* scratch, int which) const;

  int64_t rows_, n_, chunks_;
  int passes_;
};

// Queues y[i] = x[0] + … + x[i - 1] for each row of n; y may be x.
void exclusiveSums(const Queue& queue, const int32_t* x, int32_t* y, int64_t rows, int64_t n);

}  // namespace nodegrad::cuda
