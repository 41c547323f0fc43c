#pragma once
#include <algorithm>
#include <cstring>
#include <optional>
#include <type_traits>
#include <vector>

#include "cpu/memory/cpu_layout.h"

namespace nodegrad {

// A tensor's memory as a dense row-major array: its index i along one of these adds i · scale to the logical
// index along dim.
struct MemoryDim {
  int64_t size;
  int dim;
  int64_t scale;
};

// The dimensions of memory, outermost first; none where memory has gaps.
std::optional<std::vector<MemoryDim>> memoryOrder(const Geometry& geometry);

// The order in which an operand's elements are read while another tensor is processed in the order of its
// memory. Neighbouring dimensions with one stride are merged. No dimension: a single element.
struct StridedRuns {
  Dims sizes, strides;

  // strides has the operand's for each logical dimension, 0 where it is broadcast.
  StridedRuns(const std::vector<MemoryDim>& order, const Dims& strides);

  int64_t count() const;
  bool single() const;      // one element for all
  bool contiguous() const;  // element by element
  // The period of an operand that repeats itself, contiguous inside; 0 where it does not.
  int64_t period() const;

  // Where the innermost run is repeated by the dimension around it, makes one dimension of both, with stride
  // 0, and returns the run's length; else 1.
  int64_t takeRepeat();

  // Calls visit(done, offset, n, stride) for the runs of elements [start, start + n): n elements from the
  // operand's offset.
  template <class Visit>
  void forRuns(int64_t start, int64_t n, Visit&& visit) const;
};

template <class Visit>
void StridedRuns::forRuns(int64_t start, int64_t n, Visit&& visit) const {
  constexpr int kMost = 24;
  const int rank = static_cast<int>(sizes.size());
  if (rank == 0) return visit(int64_t{0}, int64_t{0}, n, int64_t{0});
  int64_t at[kMost], offset = 0;
  for (int d = rank - 1; d >= 0; --d) {
    at[d] = start % sizes[d];
    start /= sizes[d];
    offset += at[d] * strides[d];
  }
  const int64_t inner = sizes[rank - 1], stride = strides[rank - 1];
  for (int64_t done = 0; done < n;) {
    const int64_t run = std::min(n - done, inner - at[rank - 1]);
    visit(done, offset, run, stride);
    done += run;
    offset += run * stride;
    at[rank - 1] += run;
    for (int d = rank - 1; d > 0 && at[d] == sizes[d]; --d) {
      offset += strides[d - 1] - sizes[d] * strides[d];
      at[d] = 0;
      ++at[d - 1];
    }
  }
}

}  // namespace nodegrad
