#pragma once
#include <algorithm>
#include <memory>
#include <optional>
#include <string>

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

  // lanes × lanes numbers, of which those behind `rows` and `columns` (if less) are zeros.
  struct Block {
    const float* from;
    int64_t rowStride, columnStride, rows, columns;
  };

  int64_t floats() const { return depth_ * columns_; }

  // From the blocks that source(row, column) gives, by the whole team.
  template <class Source>
  void pack(int threads, float* to, Source&& source) const {
    const int64_t lanes = isa_.lanes, width = isa_.panel * lanes, panels = (columns_ + width - 1) / width;
    parallelFor(threads, panels, std::max<int64_t>(1, kLeastThreadElements / (depth_ * width)),
                [&](int64_t begin, int64_t end, int) {
                  for (int64_t p = begin; p < end; ++p) {
                    const int64_t some = std::min(width, columns_ - p * width);
                    for (int64_t row = 0; row < depth_; row += lanes)
                      for (int64_t c = 0; c < some; c += lanes)
                        packBlock(source(row, p * width + c), std::min(lanes, depth_ - row),
                                  to + p * width * depth_ + row * some + c, some);
                  }
                });
  }

  void multiply(const float* packed, const float* x, int64_t xStride, int64_t rows, float* y,
                int64_t yStride) const {
    isa_.multiply(x, xStride, rows, depth_, packed, columns_ / isa_.lanes, y, yStride);
  }

 private:
  static constexpr int64_t kLeastThreadElements = 1 << 13;

  void packBlock(const Block& block, int64_t rows, float* to, int64_t stride) const {
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t c = 0; c < isa_.lanes; ++c)
        to[r * stride + c] = r < block.rows && c < block.columns
                                 ? block.from[r * block.rowStride + c * block.columnStride]
                                 : 0.0f;
  }

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

// A kernel that goes through a sequence. Its scratch memory: packed matrices, a row of zeros, and a piece for
// each thread.
class RecurrentKernel : public Kernel {
 public:
  std::string implementation() const override { return std::string("own:") + isa_.name; }
  size_t scratchBytes() const override {
    return sizeof(float) * static_cast<size_t>(packedFloats_ + s_.width +
                                               std::min<int64_t>(s_.threads, s_.parts) * partFloats());
  }

 protected:
  // rowWidths: how many vectors of all units a thread keeps for each of its rows.
  RecurrentKernel(const KernelSpec& spec, int64_t gates, int64_t rowWidths)
      : isa_(isaKernels()),
        s_(spec, gates),
        widths_{s_.units, s_.width},
        sequences_(spec.attrs.boolean("returnSequences")),
        rowWidths_(rowWidths) {}

  // A matrix of gates · units numbers a row (or a column, where it is transposed), each gate in whole
  // vectors.
  PackedMatrix gateMatrix(int64_t gates, bool transposed) {
    PackedMatrix matrix(*isa_.rnn, transposed ? gates * s_.width : s_.units,
                        transposed ? s_.width : gates * s_.width);
    packedFloats_ += matrix.floats();
    return matrix;
  }

  // Packs gates of a kernel [units, all · units], from gate `first` on.
  void pack(const PackedMatrix& matrix, float* to, const float* kernel, int64_t all, int64_t first,
            bool transposed) const {
    const int64_t u = s_.units, w = s_.width;
    matrix.pack(s_.threads, to, [=](int64_t row, int64_t column) -> PackedMatrix::Block {
      // A block lies within one gate, since those begin at whole vectors.
      const int64_t state = transposed ? column : row, inner = transposed ? row : column;
      const int64_t gate = first + inner / w, unit = inner % w;
      const float* from = kernel + (state * all + gate) * u + unit;
      if (transposed) return {from, 1, all * u, u - unit, u - state};
      return {from, all * u, 1, u - state, u - unit};
    });
  }

  // Clears the row of zeros and calls body(first row, rows, scratch of this thread) for all parts.
  template <class Body>
  void forParts(float* scratch, Body&& body) const {
    float* mine = zeros(scratch) + s_.width;
    std::fill_n(zeros(scratch), s_.width, 0.0f);
    parallelFor(s_.threads, s_.parts, 1, [&](int64_t begin, int64_t end, int part) {
      for (int64_t p = begin; p < end; ++p) {
        const int64_t first = s_.n * p / s_.parts;
        body(first, s_.n * (p + 1) / s_.parts - first, mine + part * partFloats());
      }
    });
  }
  float* zeros(float* scratch) const { return scratch + packedFloats_; }

  // Row r of [n, units], or zeros where the tensor is missing, into whole vectors; and back.
  void takeRow(const float* tensor, int64_t r, float* to) const {
    std::fill_n(to, s_.width, 0.0f);
    if (tensor) putRow(tensor + r * s_.units, to);
  }
  void putRow(const float* row, float* to) const { std::copy_n(row, s_.units, to); }

  const IsaKernels& isa_;
  Sequence s_;
  RnnWidths widths_;
  bool sequences_;

 private:
  int64_t partFloats() const { return s_.rows * rowWidths_ * s_.width; }

  int64_t rowWidths_, packedFloats_ = 0;
};

template <class K>
std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  return std::make_unique<K>(spec);
}

}  // namespace nodegrad::rnn
