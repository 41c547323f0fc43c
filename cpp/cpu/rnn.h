#pragma once
#include <algorithm>
#include <vector>

#include "backend.h"
#include "core/parallel.h"
#include "cpu/isa.h"

// What the kernels of recurrent layers share.
namespace nodegrad::rnn {

// A matrix that a step's rows are multiplied with, packed for RnnKernels::multiply.
class PackedMatrix {
 public:
  // columns: a multiple of the lanes.
  PackedMatrix(const RnnKernels& isa, int64_t depth, int64_t columns)
      : isa_(isa), depth_(depth), columns_(columns) {}

  int64_t floats() const { return depth_ * columns_; }

  // From numbers at(row, column), by the whole team.
  template <class At>
  void pack(int threads, float* to, At&& at) const {
    const int64_t width = int64_t{isa_.panel} * isa_.lanes, panels = (columns_ + width - 1) / width;
    parallelFor(threads, panels, std::max<int64_t>(1, kLeastThreadElements / (depth_ * width)),
                [&](int64_t begin, int64_t end, int) {
                  for (int64_t p = begin; p < end; ++p) {
                    float* panel = to + p * width * depth_;
                    const int64_t some = std::min(width, columns_ - p * width);
                    for (int64_t row = 0; row < depth_; ++row)
                      for (int64_t c = 0; c < some; ++c) *panel++ = at(row, p * width + c);
                  }
                });
  }

  void multiply(const float* packed, const float* x, int64_t xStride, int64_t rows, float* y,
                int64_t yStride) const {
    isa_.multiply(x, xStride, rows, depth_, packed, columns_ / isa_.lanes, y, yStride);
  }

 private:
  static constexpr int64_t kLeastThreadElements = 1 << 13;
  const RnnKernels& isa_;
  int64_t depth_, columns_;
};

// The sizes of a recurrent op and its division among the threads: each takes some samples through all steps,
// so that no thread waits for another within the sequence.
struct Sequence {
  Sequence(const KernelSpec& spec, int64_t gates)
      : n(spec.inputs[0].shape[0]),
        steps(spec.inputs[0].shape[1]),
        units(spec.inputs[0].shape[2] / gates),
        width((units + isaKernels().rnn->lanes - 1) / isaKernels().rnn->lanes * isaKernels().rnn->lanes),
        backwards(spec.attrs.boolean("goBackwards")),
        threads(teamThreads()) {
    const int64_t most = std::max<int64_t>(1, (n + kPartRows - 1) / kPartRows);
    parts = std::min<int64_t>((most + threads - 1) / threads * threads, std::max<int64_t>(n, 1));
    rows = (n + parts - 1) / parts;
  }

  // Calls body(first row, rows, scratch of this thread) for all parts.
  template <class Body>
  void forParts(float* scratch, int64_t partFloats, Body&& body) const {
    parallelFor(threads, parts, 1, [&](int64_t begin, int64_t end, int part) {
      for (int64_t p = begin; p < end; ++p) {
        const int64_t first = n * p / parts;
        body(first, n * (p + 1) / parts - first, scratch + part * partFloats);
      }
    });
  }

  // The place of step k.
  int64_t place(int64_t k) const { return backwards ? steps - 1 - k : k; }
  // Where a sample's numbers at a place begin in [n, steps, size].
  int64_t at(int64_t sample, int64_t place, int64_t size) const { return (sample * steps + place) * size; }

  int64_t n, steps, units, width;
  bool backwards;
  int threads;
  int64_t parts, rows;  // of the largest part

 private:
  // A part's rows of a step stay in the second-level cache.
  static constexpr int64_t kPartRows = 32;
};

}  // namespace nodegrad::rnn
