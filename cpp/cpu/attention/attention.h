#pragma once
#include <algorithm>
#include <cstring>
#include <vector>

#include "backend.h"
#include "core/align.h"
#include "cpu/attention/kernels.h"
#include "cpu/elementwise/kernels.h"
#include "cpu/matmul/packed_matrix.h"
#include "cpu/memory/strided_runs.h"
#include "cpu/own_kernel.h"

// What the two kernels of attention share: scores are made, used and forgotten for some queries of one head
// at a time, in memory that stays in a thread's second-level cache.
namespace nodegrad::attention {

// The rows of one head in a tensor [n, length, heads, width].
template <class T>
struct HeadRows {
  const T* data;
  int64_t stride, length, width;

  const T* row(int64_t r) const { return data + r * stride; }
  HeadRows some(int64_t first, int64_t count) const { return {row(first), stride, count, width}; }
};

// An operand that broadcasts to the scores [n, heads, queries, keys].
class Term {
 public:
  Term() = default;
  Term(const TensorType& type, const Dims& scores) : strides_(broadcastStrides(type.shape, scores)) {}

  explicit operator bool() const { return !strides_.empty(); }

  // Its row for a query, of so many keys: where it is, or in `line`.
  template <class V>
  const V* row(const V* data, int64_t n, int64_t head, int64_t query, int64_t keys, V* line) const {
    const V* from = data + n * strides_[0] + head * strides_[1] + query * strides_[2];
    if (strides_[3] == 1) return from;
    std::fill_n(line, keys, *from);
    return line;
  }

 private:
  Dims strides_;
};

// Arrays one after another in memory, each in whole cache lines.
class Room {
 public:
  // The offset of so many numbers.
  template <class V>
  size_t take(int64_t count) {
    const size_t at = bytes_;
    bytes_ += wholeLines(static_cast<size_t>(count) * sizeof(V));
    return at;
  }
  size_t bytes() const { return bytes_; }

 private:
  size_t bytes_ = 0;
};

template <class V>
V* at(std::byte* memory, size_t offset) {
  return reinterpret_cast<V*>(memory + offset);
}

template <class T>
class AttentionKernel : public OwnKernel {
 protected:
  // The spec's inputs from first on are q, k and v; those from `rest` on are the bias and the mask.
  AttentionKernel(const KernelSpec& spec, size_t first, size_t rest)
      : OwnKernel(levelFor<T>().name),
        outputs_(spec.outputs),
        queries_(spec.inputs[first].shape[1]),
        keys_(spec.inputs[first + 1].shape[1]),
        heads_(spec.inputs[first].shape[2]),
        size_(spec.inputs[first].shape[3]),
        depth_(spec.inputs[first + 2].shape[3]),
        allHeads_(spec.inputs[first].shape[0] * heads_),
        scale_(static_cast<float>(spec.attrs.number("scale"))),
        isCausal_(spec.attrs.boolean("isCausal")),
        rows_(std::min(queries_, std::clamp<int64_t>(kScores / std::max<int64_t>(keys_, 1), 8, 64))),
        blocks_(rows_ > 0 ? (queries_ + rows_ - 1) / rows_ : 0),
        biasIndex_(rest) {
    const Dims scores{spec.inputs[first].shape[0], heads_, queries_, keys_};
    if (spec.attrs.boolean("bias")) bias_ = Term(spec.inputs[rest], scores);
    if (spec.attrs.boolean("mask")) mask_ = Term(spec.inputs.back(), scores);
    maskIndex_ = spec.inputs.size() - 1;
    biasAt_ = own_.take<float>(keys_);
    maskAt_ = own_.take<uint8_t>(keys_);
  }

  // Memory of the heads that are packed at once, then that of each thread.
  size_t scratchBytes() const override {
    return static_cast<size_t>(headsAtOnce()) * packed_.bytes() +
           static_cast<size_t>(threads_) * own_.bytes();
  }

  // Calls work(first, heads, packedOf, ownOf) for some heads after another: packedOf(i) is the memory of the
  // i-th of them, ownOf(part) that of a thread.
  template <class Work>
  void forHeads(void* scratch, const Work& work) const {
    const int64_t together = headsAtOnce();
    auto* packed = static_cast<std::byte*>(scratch);
    std::byte* own = packed + static_cast<size_t>(together) * packed_.bytes();
    const auto packedOf = [&](int64_t i) { return packed + static_cast<size_t>(i) * packed_.bytes(); };
    const auto ownOf = [&](int part) { return own + static_cast<size_t>(part) * own_.bytes(); };
    for (int64_t first = 0; first < allHeads_; first += together)
      work(first, std::min(together, allHeads_ - first), packedOf, ownOf);
  }

  int64_t lanesOf(int64_t n) const { return roundUp(n, levelFor<T>().product->lanes); }
  // How many keys queries before `end` have to look at: later ones than they see count only where all others
  // are masked.
  int64_t keysFor(int64_t end) const { return isCausal_ && !bias_ && !mask_ ? std::min(end, keys_) : keys_; }

  HeadRows<T> rowsOf(const void* tensor, int64_t head, int64_t length, int64_t width) const {
    const int64_t n = head / heads_, stride = heads_ * width;
    return {static_cast<const T*>(tensor) + n * length * stride + head % heads_ * width, stride, length,
            width};
  }
  PackedMatrix<T> plain(int64_t length, int64_t width) const { return {length, lanesOf(width)}; }
  PackedMatrix<T> transposed(int64_t length, int64_t width) const { return {width, lanesOf(length)}; }
  static void packPlain(const PackedMatrix<T>& matrix, const HeadRows<T>& rows, T* to) {
    matrix.pack(to, [&](int64_t row, int64_t column) -> Block<T> {
      return {rows.row(row) + column, rows.stride, 1, rows.length - row, rows.width - column};
    });
  }
  static void packTransposed(const PackedMatrix<T>& matrix, const HeadRows<T>& rows, T* to) {
    matrix.pack(to, [&](int64_t row, int64_t column) -> Block<T> {
      return {rows.row(column) + row, 1, rows.stride, rows.width - row, rows.length - column};
    });
  }

  // Some of these rows as a product takes them, with zeros after them up to `padded` numbers: where they are,
  // or copied to `room`.
  static HeadRows<T> padded(const HeadRows<T>& rows, int64_t padded, T* room) {
    if (rows.width == padded) return rows;
    T* to = room;
    for (int64_t r = 0; r < rows.length; ++r, to += padded) {
      std::copy_n(rows.row(r), rows.width, to);
      std::fill(to + rows.width, to + padded, T{});
    }
    return {room, padded, rows.length, padded};
  }

  // Rows of floats that become those of a head in an output [n, length, heads, width].
  struct Result {
    float* data;
    int64_t stride;
  };
  // Where a product of so many columns may make them: in the output, or in `room`, from where `put` takes
  // them.
  Result result(void* const* outputs, size_t o, int64_t head, int64_t first, int64_t columns,
                float* room) const {
    const Dims& shape = outputs_[o].shape;
    if (outputs_[o].dtype == DType::BF16 || shape[3] != columns) return {room, columns};
    return {static_cast<float*>(outputs[o]) + offset(o, head, first), heads_ * columns};
  }
  void put(void* const* outputs, size_t o, int64_t head, int64_t first, int64_t count,
           const Result& from) const {
    const int64_t width = outputs_[o].shape[3];
    const bool rounds = outputs_[o].dtype == DType::BF16;
    int64_t at = offset(o, head, first);
    if (!rounds && static_cast<float*>(outputs[o]) + at == from.data) return;
    for (int64_t r = 0; r < count; ++r, at += heads_ * width) {
      const float* row = from.data + r * from.stride;
      if (rounds)
        isaKernels().elementwise->bfloat16FromFloats(static_cast<uint16_t*>(outputs[o]) + at, row, width);
      else
        std::copy_n(row, width, static_cast<float*>(outputs[o]) + at);
    }
  }

  // Without queries or keys all sums are empty.
  bool isEmpty() const { return allHeads_ * queries_ * keys_ == 0; }
  void clear(void* const* outputs) const {
    for (size_t o = 0; o < outputs_.size(); ++o) {
      const size_t bytes = bytesOf(outputs_[o]);
      if (bytes > 0) std::memset(outputs[o], 0, bytes);
    }
  }

  // A query's row of scores for the first n keys, in a thread's memory.
  ScoreRow scoreRow(const void* const* inputs, int64_t head, int64_t query, int64_t n, float* products,
                    std::byte* own) const {
    ScoreRow row{products, n, isCausal_ ? std::min(n, query + 1) : n, nullptr, nullptr};
    const int64_t sample = head / heads_, h = head % heads_;
    if (bias_)
      row.bias = bias_.row(static_cast<const float*>(inputs[biasIndex_]), sample, h, query, n,
                           at<float>(own, biasAt_));
    if (mask_)
      row.mask = mask_.row(static_cast<const uint8_t*>(inputs[maskIndex_]), sample, h, query, n,
                           at<uint8_t>(own, maskAt_));
    return row;
  }

  // Items of so many multiplications that are worth a thread.
  static int64_t grain(int64_t multiplications) {
    return std::max<int64_t>(1, kLeastThreadWork / std::max<int64_t>(multiplications, 1));
  }

  const AttentionKernels<T>& kernels_ = *levelFor<T>().attention;
  const std::vector<TensorType> outputs_;
  const int64_t queries_, keys_, heads_, size_, depth_;
  const int64_t allHeads_;  // of all samples
  const float scale_;
  const bool isCausal_;
  const int64_t rows_, blocks_;  // how many queries a thread has at once, and how often
  Room packed_, own_;            // of each head, and of each thread

 private:
  int64_t offset(size_t o, int64_t head, int64_t row) const {
    const Dims& shape = outputs_[o].shape;
    return ((head / heads_ * shape[1] + row) * heads_ + head % heads_) * shape[3];
  }

  // How many heads are packed at once: some for each thread, or many small ones.
  int64_t headsAtOnce() const {
    const auto small = static_cast<int64_t>(kPackedBytes / std::max<size_t>(packed_.bytes(), 1));
    return std::clamp<int64_t>(small, std::min<int64_t>(threads_, allHeads_),
                               std::max<int64_t>(allHeads_, 1));
  }

  static constexpr int64_t kScores = 1 << 15, kLeastThreadWork = 1 << 17;
  static constexpr size_t kPackedBytes = size_t{4} << 20;

  Term bias_, mask_;
  size_t biasIndex_, maskIndex_, biasAt_, maskAt_;
};

}  // namespace nodegrad::attention
