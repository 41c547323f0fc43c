#pragma once
#include <algorithm>
#include <array>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include "backend.h"
#include "core/align.h"
#include "cpu/elementwise/kernels.h"
#include "cpu/matmul/packed_matrix.h"
#include "cpu/own_kernel.h"
#include "cpu/rnn/kernels.h"
#include "spec/composition.h"

// What the kernels of recurrent layers share.
namespace nodegrad::rnn {

// The kernels for numbers of type T: float, or the bits of bfloat16.
template <class T>
const RnnKernels<T>& kernels() {
  return *levelFor<T>().rnn;
}

// The sizes of a recurrent op and its division among the threads: each takes some samples through all steps,
// so that no thread waits for another within the sequence.
struct Sequence {
  Sequence(const KernelSpec& spec, int64_t gates, int64_t lanes)
      : n(spec.inputs[0].shape[0]),
        steps(spec.inputs[0].shape[1]),
        units(spec.inputs[0].shape[2] / gates),
        width(roundUp(units, lanes)),
        backwards(spec.attrs.boolean("goBackwards")),
        threads(teamThreads()) {
    const int64_t most = std::max<int64_t>(1, (n + kPartRows - 1) / kPartRows);
    parts = std::min<int64_t>(roundUp(most, threads), std::max<int64_t>(n, 1));
    rows = (n + parts - 1) / parts;
  }

  // The index in time of step k.
  int64_t timeIndex(int64_t k) const { return backwards ? steps - 1 - k : k; }
  // The offset of a sample's numbers at an index in time in [n, steps, size].
  int64_t at(int64_t sample, int64_t time, int64_t size) const { return (sample * steps + time) * size; }

  int64_t n, steps, units, width;
  bool backwards;
  int threads;
  int64_t parts, rows;  // of the largest part

  // The most that a part has: its rows of a step stay in the second-level cache.
  static constexpr int64_t kPartRows = 32;
};

// Which of a part's rows count at each step; all where there is no mask of steps.
class CountedSteps {
 public:
  CountedSteps() = default;
  // mask: [rows, steps], of the first row.
  CountedSteps(const uint8_t* mask, const Sequence& s, int64_t rows, bool zeroOutput)
      : mask_(mask), sequence_(&s), rows_(rows), zeroOutput_(zeroOutput) {
    for (int64_t r = 0; r < rows; ++r) {
      int64_t k = 0;
      while (k < s.steps && !counts(r, k)) ++k;
      firsts_[static_cast<size_t>(r)] = k;
    }
  }

  bool counts(int64_t r, int64_t k) const {
    return !mask_ || mask_[r * sequence_->steps + sequence_->timeIndex(k)] != 0;
  }
  // Whether some row counts at step k.
  bool any(int64_t k) const {
    for (int64_t r = 0; mask_ && r < rows_; ++r)
      if (counts(r, k)) return true;
    return !mask_;
  }
  // Whether a row's output of step k is h; else it is zeros.
  bool gives(int64_t r, int64_t k) const {
    return !mask_ || (zeroOutput_ ? counts(r, k) : k >= firsts_[static_cast<size_t>(r)]);
  }

 private:
  const uint8_t* mask_ = nullptr;
  const Sequence* sequence_ = nullptr;
  int64_t rows_ = 0;
  bool zeroOutput_ = false;
  std::array<int64_t, Sequence::kPartRows> firsts_{};
};

// A tensor that a kernel writes row by row, in T or, where the plan asks for it, in the other type; null
// where nothing reads it.
class Output {
 public:
  Output() = default;
  Output(void* data, const TensorType& type) : data_(data), isBfloat16_(type.dtype == DType::BF16) {}

  explicit operator bool() const { return data_ != nullptr; }
  // Where a kernel writes the numbers that belong at an offset: directly there or, where the tensor has the
  // other type, into `line`, from which finish() converts them.
  template <class T>
  T* target(int64_t offset, T* line) const {
    return data_ && isBfloat16_ == std::is_same_v<T, uint16_t> ? static_cast<T*>(data_) + offset : line;
  }
  template <class T>
  void finish(int64_t offset, const T* line, int64_t n) const {
    if (!data_ || isBfloat16_ == std::is_same_v<T, uint16_t>) return;
    put(offset, line, n);
  }
  // Converts n numbers.
  void put(int64_t offset, const float* from, int64_t n) const {
    if (isBfloat16_)
      isaKernels().elementwise->bfloat16FromFloats(static_cast<uint16_t*>(data_) + offset, from, n);
    else
      std::copy_n(from, n, static_cast<float*>(data_) + offset);
  }
  void put(int64_t offset, const uint16_t* from, int64_t n) const {
    if (isBfloat16_)
      std::copy_n(from, n, static_cast<uint16_t*>(data_) + offset);
    else
      isaKernels().elementwise->floatsFromBfloat16(static_cast<float*>(data_) + offset, from, n);
  }

 private:
  void* data_ = nullptr;
  bool isBfloat16_ = false;
};

// The products of a step's states with gates of the recurrent kernel or, transposed, the way back from what
// these gates get: one matrix or, with a mask, one for each gate, which sees the states by its own part of
// it.
template <class T>
class StateProducts {
 public:
  // Gates first … of the recurrent kernel's `all`.
  struct Gates {
    int64_t all, first, count;
  };

  StateProducts(const Sequence& s, const Gates& gates, bool transposed, bool masked)
      : units_(s.units),
        width_(s.width),
        gates_(gates),
        each_(masked ? 1 : gates.count),
        transposed_(transposed),
        matrix_(transposed ? each_ * width_ : units_, transposed ? width_ : each_ * width_) {}

  int64_t numbers() const { return gates_.count / each_ * matrix_.numbers(); }

  // kernel: [units, all · units]. In `to` each gate has whole vectors.
  void pack(int threads, const float* kernel, T* to) const {
    for (int64_t g = 0; g < gates_.count; g += each_, to += matrix_.numbers())
      matrix_.pack(threads, to, [&](int64_t row, int64_t column) -> Block<float> {
        // A block never spans two gates, since each gate begins at a whole vector.
        const int64_t state = transposed_ ? column : row, inner = transposed_ ? row : column;
        const int64_t gate = gates_.first + g + inner / width_, unit = inner % width_, u = units_;
        const float* from = kernel + (state * gates_.all + gate) * u + unit;
        if (transposed_) return {from, 1, gates_.all * u, u - unit, u - state};
        return {from, gates_.all * u, 1, u - state, u - unit};
      });
  }

  // The masks of some rows [all · units], or null, and room for a vector of all units for each of them.
  struct Masks {
    const float* rows = nullptr;
    float* spare = nullptr;
  };

  // product [rows, count · width], of states h [rows, width] or, without a mask, `state`, which is h as T.
  void forwards(const T* packed, int64_t rows, const float* h, const T* state, const Masks& masks,
                float* product) const {
    const int64_t stride = gates_.count * width_;
    if (!masks.rows) return matrix_.multiply(packed, state, width_, rows, product, stride);
    auto* seen = reinterpret_cast<T*>(masks.spare);
    for (int64_t g = 0; g < gates_.count; ++g, packed += matrix_.numbers()) {
      for (int64_t r = 0; r < rows; ++r)
        kernels<T>().mask({units_, width_}, h + r * width_, maskOf(masks, r, g), seen + r * width_);
      matrix_.multiply(packed, seen, width_, rows, product + g * width_, stride);
    }
  }

  // dh [rows, width], from the gradients of the gates, dz, whose rows are `stride` apart.
  void backwards(const T* packed, int64_t rows, const T* dz, int64_t stride, const Masks& masks,
                 float* dh) const {
    if (!masks.rows) return matrix_.multiply(packed, dz, stride, rows, dh, width_);
    std::fill_n(dh, rows * width_, 0.0f);
    for (int64_t g = 0; g < gates_.count; ++g, packed += matrix_.numbers()) {
      matrix_.multiply(packed, dz + g * width_, stride, rows, masks.spare, width_);
      for (int64_t r = 0; r < rows; ++r)
        kernels<T>().maskBackward({units_, width_}, masks.spare + r * width_, maskOf(masks, r, g),
                                  dh + r * width_);
    }
  }

 private:
  const float* maskOf(const Masks& masks, int64_t row, int64_t gate) const {
    return masks.rows + (row * gates_.all + gates_.first + gate) * units_;
  }

  int64_t units_, width_;
  Gates gates_;
  int64_t each_;  // how many gates a matrix has
  bool transposed_;
  PackedMatrix<T> matrix_;
};

// How many vectors of all units a thread keeps for each of its rows: of floats, and of T.
struct RowWidths {
  int64_t floats, numbers;
};

// A kernel that goes through a sequence. Its scratch memory: packed matrices, a row of zeros, and a piece for
// each thread.
template <class T>
class RecurrentKernel : public OwnKernel {
 public:
  size_t scratchBytes() const override {
    return packedBytes_ + zerosBytes() +
           static_cast<size_t>(std::min<int64_t>(s_.threads, s_.parts)) * partBytes();
  }

 protected:
  RecurrentKernel(const KernelSpec& spec, int64_t gates, RowWidths rowWidths)
      : OwnKernel(levelFor<T>().name),
        s_(spec, gates, levelFor<T>().product->lanes),
        widths_{s_.units, s_.width},
        sequences_(spec.attrs.boolean("returnSequences")),
        masked_(spec.attrs.boolean("masked")),
        stepMask_(spec.attrs.boolean("stepMask")),
        inputs_(spec.inputs.size() - (masked_ ? 1 : 0) - (stepMask_ ? 1 : 0)),
        columns_(gates * s_.units),
        zeroOutput_(spec.attrs.boolean("zeroOutput")),
        outputs_(spec.outputs),
        own_(rowWidths.floats),
        rowWidths_{own_ + (masked_ ? 1 : 0) + (stepMask_ ? 1 : 0), rowWidths.numbers} {}

  // Products with gates of the recurrent kernel, for which memory is set aside; masked: under the op's mask.
  StateProducts<T> products(const typename StateProducts<T>::Gates& gates, bool transposed, bool masked) {
    StateProducts<T> products(s_, gates, transposed, masked);
    packedBytes_ += wholeLines(static_cast<size_t>(products.numbers()) * sizeof(T));
    return products;
  }
  T* packed(void* scratch) const { return static_cast<T*>(scratch); }

  // An output, counted from the one after the sequence; none where the plan has dropped it.
  Output output(void* const* outputs, size_t o) const {
    const size_t index = o + (sequences_ ? 1 : 0);
    return index < outputs_.size() ? Output(outputs[index], outputs_[index]) : Output();
  }
  Output sequence(void* const* outputs) const {
    return sequences_ ? Output(outputs[0], outputs_[0]) : Output();
  }

  // Some rows of all and this thread's memory for them: vectors of floats, and those of T; with a mask of
  // steps, a vector of floats for each row that does not count.
  struct Part {
    int64_t first, rows;
    float* floats;
    T* numbers;
    typename StateProducts<T>::Masks masks;
    CountedSteps steps;
    float* kept;
  };
  // Clears the row of zeros and calls body(part) for all parts.
  template <class Body>
  void forParts(const void* const* inputs, void* scratch, Body&& body) const {
    const auto* masks = masked_ ? static_cast<const float*>(inputs[inputs_]) : nullptr;
    const auto* counted =
        stepMask_ ? static_cast<const uint8_t*>(inputs[inputs_ + (masked_ ? 1 : 0)]) : nullptr;
    std::fill_n(zeros(scratch), s_.width, 0.0f);
    char* mine = static_cast<char*>(scratch) + packedBytes_ + zerosBytes();
    parallelFor(s_.threads, s_.parts, 1, [&](int64_t begin, int64_t end, int part) {
      auto* floats = reinterpret_cast<float*>(mine + static_cast<size_t>(part) * partBytes());
      auto* numbers = reinterpret_cast<T*>(floats + s_.rows * rowWidths_.floats * s_.width);
      for (int64_t p = begin; p < end; ++p) {
        const int64_t first = s_.n * p / s_.parts;
        Part given{first, s_.n * (p + 1) / s_.parts - first, floats, numbers, {}, {}, nullptr};
        float* spare = floats + s_.rows * own_ * s_.width;
        if (masks) {
          given.masks = {masks + first * columns_, spare};
          spare += s_.rows * s_.width;
        }
        if (counted) {
          given.steps = {counted + first * s_.steps, s_, given.rows, zeroOutput_};
          given.kept = spare;
        }
        body(given);
      }
    });
  }
  float* zeros(void* scratch) const {
    return reinterpret_cast<float*>(static_cast<char*>(scratch) + packedBytes_);
  }

  // Row r of [n, units], or zeros where the tensor is missing, into whole vectors.
  void takeRow(const float* tensor, int64_t r, float* to) const {
    std::fill_n(to, s_.width, 0.0f);
    if (tensor) std::copy_n(tensor + r * s_.units, s_.units, to);
  }
  // The same for states h, which products take as T.
  void takeState(const float* tensor, int64_t r, float* h, T* state) const {
    takeRow(tensor, r, h);
    if constexpr (!std::is_same_v<T, float>) isaKernels().elementwise->bfloat16FromFloats(state, h, s_.width);
  }

  // n zeros at an offset of an output, by way of `line` if need be.
  static void putZeros(const Output& output, int64_t offset, T* line, int64_t n) {
    std::fill_n(output.target(offset, line), n, T{});
    output.finish(offset, line, n);
  }

  // A row that does not count at a step: what comes back goes on to the step before, past the product, whose
  // `numbers` of gradients are zeros.
  void keepRow(const Part& part, int64_t r, const float* dh, const float* dy, T* dz, int64_t numbers) const {
    float* kept = part.kept + r * s_.width;
    for (int64_t j = 0; j < s_.units; ++j) kept[j] = dh[j] + dy[j];
    std::fill_n(dz, numbers, T{});
  }
  void putKeptRows(const Part& part, int64_t k, float* dh) const {
    for (int64_t r = 0; part.kept && r < part.rows; ++r)
      if (!part.steps.counts(r, k)) std::copy_n(part.kept + r * s_.width, s_.units, dh + r * s_.width);
  }

  const RnnKernels<T>& kernels_ = kernels<T>();
  Sequence s_;
  RnnWidths widths_;
  bool sequences_, masked_, stepMask_;
  size_t inputs_;  // without the masks

 private:
  size_t zerosBytes() const { return wholeLines(static_cast<size_t>(s_.width) * sizeof(float)); }
  size_t partBytes() const {
    return wholeLines(static_cast<size_t>(s_.rows * s_.width) *
                      (static_cast<size_t>(rowWidths_.floats) * sizeof(float) +
                       static_cast<size_t>(rowWidths_.numbers) * sizeof(T)));
  }

  int64_t columns_;
  bool zeroOutput_;
  std::vector<TensorType> outputs_;
  int64_t own_;  // vectors of floats for each row, without those for masks
  RowWidths rowWidths_;
  size_t packedBytes_ = 0;
};

// bfloat16 for some inputs, and for all outputs but those.
inline PrecisionChoice precisions(const KernelSpec& spec, const std::vector<size_t>& inputs,
                                  const std::vector<size_t>& floatOutputs) {
  PrecisionChoice choice{std::vector<Precision>(spec.inputs.size(), Precision::Float32),
                         std::vector<Precision>(spec.outputs.size(), Precision::Either)};
  for (size_t i : inputs) choice.inputs[i] = Precision::BFloat16;
  for (size_t o : floatOutputs)
    if (o < choice.outputs.size()) choice.outputs[o] = Precision::Float32;
  return choice;
}

// The outputs after the last states, which are there for the gradient, may all be left out.
inline bool supports(const KernelSpec& spec, size_t states) {
  return spec.outputs.size() == states + (spec.attrs.boolean("returnSequences") ? 1 : 0) ||
         spec.outputs.size() == spec::countOutputs(spec);
}

}  // namespace nodegrad::rnn
