#include "cpu/attention/attention.h"

#include "cpu/kernel_table.h"

namespace nodegrad {
namespace {

using attention::at;

template <class T>
class AttentionForwardKernel : public attention::AttentionKernel<T> {
  using Base = attention::AttentionKernel<T>;
  using Base::allHeads_, Base::blocks_, Base::depth_, Base::keys_, Base::kernels_, Base::own_, Base::packed_,
      Base::queries_, Base::rows_, Base::scale_, Base::size_;

 public:
  explicit AttentionForwardKernel(const KernelSpec& spec)
      : Base(spec, 0, 3), keysT_(this->transposed(keys_, size_)), values_(this->plain(keys_, depth_)) {
    keysAt_ = packed_.template take<T>(keysT_.numbers());
    valuesAt_ = packed_.template take<T>(values_.numbers());
    xAt_ = own_.template take<T>(rows_ * keysT_.depth());
    productsAt_ = own_.template take<float>(rows_ * keysT_.columns());
    weightsAt_ = own_.template take<T>(rows_ * keysT_.columns());
    yAt_ = own_.template take<float>(rows_ * values_.columns());
  }

  void run(const void* const* inputs, void* const* outputs, void* scratch) override {
    if (this->isEmpty()) return this->clear(outputs);
    this->forHeads(scratch, [&](int64_t first, int64_t heads, const auto& packedOf, const auto& ownOf) {
      parallelFor(this->threads_, 2 * heads, this->grain(keys_ * std::max(size_, depth_)),
                  [&](int64_t begin, int64_t end, int) {
                    for (int64_t i = begin; i < end; ++i)
                      pack(inputs, first + i / 2, i % 2 == 0, packedOf(i / 2));
                  });
      parallelFor(this->threads_, heads * blocks_, this->grain(rows_ * keys_ * (size_ + depth_)),
                  [&](int64_t begin, int64_t end, int part) {
                    for (int64_t i = begin; i < end; ++i)
                      attend(inputs, outputs, first + i / blocks_, i % blocks_, packedOf(i / blocks_),
                             ownOf(part));
                  });
    });
  }

 private:
  void pack(const void* const* inputs, int64_t head, bool keys, std::byte* to) const {
    if (keys)
      this->packTransposed(keysT_, this->rowsOf(inputs[1], head, keys_, size_), at<T>(to, keysAt_));
    else
      this->packPlain(values_, this->rowsOf(inputs[2], head, keys_, depth_), at<T>(to, valuesAt_));
  }

  // The outputs of some queries of a head.
  void attend(const void* const* inputs, void* const* outputs, int64_t head, int64_t block, std::byte* packed,
              std::byte* own) const {
    const int64_t first = block * rows_, end = std::min(first + rows_, queries_), rows = end - first;
    const int64_t n = this->keysFor(end), stride = keysT_.columns();
    T* weights = at<T>(own, weightsAt_);
    float* products = at<float>(own, productsAt_);
    const auto x = this->padded(this->rowsOf(inputs[0], head, queries_, size_).some(first, rows),
                                keysT_.depth(), at<T>(own, xAt_));
    keysT_.multiply(at<T>(packed, keysAt_), x.data, x.stride, rows, x.width, n, products, stride);
    auto* largest = static_cast<float*>(outputs[1]) + head * queries_;
    auto* sums = static_cast<float*>(outputs[2]) + head * queries_;
    // Two loops, so that the processor has several rows in work.
    for (int64_t r = 0; r < rows; ++r)
      largest[first + r] =
          kernels_.scores(this->scoreRow(inputs, head, first + r, n, products + r * stride, own), scale_);
    for (int64_t r = 0; r < rows; ++r)
      sums[first + r] =
          kernels_.exponentials(products + r * stride, n, largest[first + r], weights + r * stride);
    const int64_t columns = values_.columns();
    const auto y = this->result(outputs, 0, head, first, columns, at<float>(own, yAt_));
    values_.multiply(at<T>(packed, valuesAt_), weights, stride, rows, n, columns, y.data, y.stride);
    for (int64_t r = 0; r < rows; ++r) kernels_.scale(y.data + r * y.stride, columns, 1 / sums[first + r]);
    this->put(outputs, 0, head, first, rows, y);
  }

  PackedMatrix<T> keysT_, values_;
  size_t keysAt_, valuesAt_, xAt_, productsAt_, weightsAt_, yAt_;
};

// Goes through a head's queries in order, so that only the sums over queries, of the gradients of keys and
// values, have to stay: by one thread or, where heads are few, in as many parts as the shapes say, whose sums
// are added up.
template <class T>
class AttentionBackwardKernel : public attention::AttentionKernel<T> {
  static constexpr int64_t kItems = 32, kMostSums = 8 << 20;

  using Base = attention::AttentionKernel<T>;
  using Base::allHeads_, Base::blocks_, Base::depth_, Base::keys_, Base::kernels_, Base::own_, Base::packed_,
      Base::queries_, Base::rows_, Base::scale_, Base::size_;

 public:
  explicit AttentionBackwardKernel(const KernelSpec& spec)
      : Base(spec, 1, 7),
        parts_(std::clamp<int64_t>(mostParts(), 1, std::max<int64_t>(blocks_, 1))),
        keysT_(this->transposed(keys_, size_)),
        valuesT_(this->transposed(keys_, depth_)),
        plainKeys_(this->plain(keys_, size_)),
        someQueries_(this->plain(rows_, size_)),
        someGradients_(this->plain(rows_, depth_)) {
    keysTAt_ = packed_.template take<T>(keysT_.numbers());
    valuesTAt_ = packed_.template take<T>(valuesT_.numbers());
    keysAt_ = packed_.template take<T>(plainKeys_.numbers());
    keySumsAt_ = packed_.template take<float>(parts_ * keys_ * someQueries_.columns());
    valueSumsAt_ = packed_.template take<float>(parts_ * keys_ * someGradients_.columns());
    const int64_t scores = (rows_ + 1) * keysT_.columns();
    xAt_ = own_.template take<T>(rows_ * std::max(keysT_.depth(), valuesT_.depth()));
    queriesAt_ = own_.template take<T>(someQueries_.numbers());
    outGradientsAt_ = own_.template take<T>(someGradients_.numbers());
    productsAt_ = own_.template take<float>(scores);
    flowAt_ = own_.template take<float>(scores);
    weightsAt_ = own_.template take<T>(scores);
    gradientsAt_ = own_.template take<T>(scores);
    pairsAt_ = own_.template take<T>(std::is_same_v<T, float> ? 0 : scores);
    dqAt_ = own_.template take<float>(rows_ * plainKeys_.columns());
  }

  void run(const void* const* inputs, void* const* outputs, void* scratch) override {
    if (this->isEmpty()) return this->clear(outputs);
    const int64_t width = std::max(size_, depth_);
    this->forHeads(scratch, [&](int64_t first, int64_t heads, const auto& packedOf, const auto& ownOf) {
      parallelFor(this->threads_, 3 * heads, this->grain(keys_ * width),
                  [&](int64_t begin, int64_t end, int) {
                    for (int64_t i = begin; i < end; ++i) pack(inputs, first + i / 3, i % 3, packedOf(i / 3));
                  });
      parallelFor(this->threads_, heads * parts_, this->grain(queries_ / parts_ * keys_ * width),
                  [&](int64_t begin, int64_t end, int part) {
                    for (int64_t i = begin; i < end; ++i)
                      runPart(inputs, outputs, first + i / parts_, i % parts_, packedOf(i / parts_),
                              ownOf(part));
                  });
      parallelFor(this->threads_, 2 * heads, this->grain(keys_ * width * parts_),
                  [&](int64_t begin, int64_t end, int) {
                    for (int64_t i = begin; i < end; ++i)
                      addParts(outputs, first + i / 2, i % 2 == 0, packedOf(i / 2));
                  });
    });
  }

 private:
  // Enough for many threads, as far as the sums take little memory.
  int64_t mostParts() const {
    const int64_t heads = std::clamp<int64_t>(allHeads_, 1, kItems);
    const int64_t sums = keys_ * (this->lanesOf(size_) + this->lanesOf(depth_));
    return std::min(kItems / heads, kMostSums / std::max<int64_t>(heads * sums, 1));
  }

  void pack(const void* const* inputs, int64_t head, int64_t matrix, std::byte* to) const {
    const auto keys = this->rowsOf(inputs[2], head, keys_, size_);
    if (matrix == 0)
      this->packTransposed(keysT_, keys, at<T>(to, keysTAt_));
    else if (matrix == 1)
      this->packTransposed(valuesT_, this->rowsOf(inputs[3], head, keys_, depth_), at<T>(to, valuesTAt_));
    else
      this->packPlain(plainKeys_, keys, at<T>(to, keysAt_));
  }

  // Where the gradients of keys or of values are summed up: those of one part in the output, if it can be.
  typename Base::Result sumsOf(void* const* outputs, int64_t head, int64_t part, bool ofKeys,
                               std::byte* packed) const {
    const int64_t columns = (ofKeys ? someQueries_ : someGradients_).columns();
    float* room = at<float>(packed, ofKeys ? keySumsAt_ : valueSumsAt_) + part * keys_ * columns;
    if (parts_ > 1) return {room, columns};
    return this->result(outputs, ofKeys ? 1 : 2, head, 0, columns, room);
  }

  // Some consecutive blocks of a head's queries.
  void runPart(const void* const* inputs, void* const* outputs, int64_t head, int64_t part, std::byte* packed,
               std::byte* own) const {
    const Sums sums{sumsOf(outputs, head, part, true, packed), sumsOf(outputs, head, part, false, packed)};
    const int64_t begin = blocks_ * part / parts_, end = blocks_ * (part + 1) / parts_;
    for (int64_t block = begin; block < end; ++block)
      runBlock(inputs, outputs, head, block, block == begin, sums, packed, own);
  }

  struct Sums {
    typename Base::Result keys, values;
  };

  // The gradients of some queries, and what they add to those of keys and values, or begin them with.
  void runBlock(const void* const* inputs, void* const* outputs, int64_t head, int64_t block, bool begins,
                const Sums& sums, std::byte* packed, std::byte* own) const {
    const int64_t first = block * rows_, rows = std::min(rows_, queries_ - first);
    const int64_t n = this->keysFor(first + rows), stride = keysT_.columns();
    const auto some = [&](size_t input, int64_t width) {
      return this->rowsOf(inputs[input], head, queries_, width).some(first, rows);
    };
    const auto queries = some(1, size_), outGradients = some(0, depth_), y = some(4, depth_);
    T *room = at<T>(own, xAt_), *weights = at<T>(own, weightsAt_), *gradients = at<T>(own, gradientsAt_);
    float *products = at<float>(own, productsAt_), *flow = at<float>(own, flowAt_);
    const auto multiply = [&](const PackedMatrix<T>& matrix, size_t matrixAt,
                              const attention::HeadRows<T>& by, float* to) {
      const auto x = this->padded(by, matrix.depth(), room);
      matrix.multiply(at<T>(packed, matrixAt), x.data, x.stride, rows, x.width, n, to, stride);
    };
    multiply(keysT_, keysTAt_, queries, products);
    multiply(valuesT_, valuesTAt_, outGradients, flow);
    const int64_t statistics = head * queries_ + first;
    const float *largest = static_cast<const float*>(inputs[5]) + statistics,
                *totals = static_cast<const float*>(inputs[6]) + statistics;
    for (int64_t r = 0; r < rows; ++r) {
      const ScoreRow row = this->scoreRow(inputs, head, first + r, n, products + r * stride, own);
      kernels_.gradients(row, scale_, largest[r], totals[r], flow + r * stride,
                         kernels_.dot(outGradients.row(r), y.row(r), depth_), weights + r * stride,
                         gradients + r * stride);
    }
    const int64_t columns = plainKeys_.columns();
    const auto dq = this->result(outputs, 0, head, first, columns, at<float>(own, dqAt_));
    plainKeys_.multiply(at<T>(packed, keysAt_), gradients, stride, rows, n, columns, dq.data, dq.stride);
    this->put(outputs, 0, head, first, rows, dq);
    addTo(sums.keys, begins, someQueries_, queries, at<T>(own, queriesAt_),
          interleaved(gradients, rows, n, own), n);
    addTo(sums.values, begins, someGradients_, outGradients, at<T>(own, outGradientsAt_),
          interleaved(weights, rows, n, own), n);
  }

  // sums [keys, …] += scoresᵀ · rows of queries or of their outputs, of the first n keys. They begin with
  // that.
  void addTo(const typename Base::Result& sums, bool begins, const PackedMatrix<T>& matrix,
             const attention::HeadRows<T>& queries, T* packed, const T* scores, int64_t n) const {
    this->packPlain(matrix, queries, packed);
    const int64_t stride = levelFor<T>().product->depth * keysT_.columns(), rows = queries.length;
    if (!begins) return matrix.addTransposed(packed, scores, stride, n, rows, sums.data, sums.stride);
    matrix.multiplyTransposed(packed, scores, stride, n, rows, sums.data, sums.stride);
    for (int64_t key = n; key < keys_; ++key)
      std::fill_n(sums.data + key * sums.stride, matrix.columns(), 0.0f);
  }

  // Rows of scores as a product takes them transposed: bfloat16 in pairs of rows.
  const T* interleaved(const T* scores, int64_t rows, int64_t n, std::byte* own) const {
    if constexpr (std::is_same_v<T, float>) return scores;
    const int64_t stride = keysT_.columns();
    T* pairs = at<T>(own, pairsAt_);
    for (int64_t r = 0; r < rows; r += 2) {
      const T *first = scores + r * stride, *second = first + stride;
      T* to = pairs + r * stride;
      for (int64_t j = 0; j < n; ++j) {
        to[2 * j] = first[j];
        to[2 * j + 1] = r + 1 < rows ? second[j] : T{};
      }
    }
    return pairs;
  }

  void addParts(void* const* outputs, int64_t head, bool ofKeys, std::byte* packed) const {
    const auto sums = sumsOf(outputs, head, 0, ofKeys, packed);
    for (int64_t part = 1; part < parts_; ++part) {
      const auto more = sumsOf(outputs, head, part, ofKeys, packed);
      for (int64_t i = 0; i < keys_ * sums.stride; ++i) sums.data[i] += more.data[i];
    }
    this->put(outputs, ofKeys ? 1 : 2, head, 0, keys_, sums);
  }

  int64_t parts_;
  PackedMatrix<T> keysT_, valuesT_, plainKeys_, someQueries_, someGradients_;
  size_t keysTAt_, valuesTAt_, keysAt_, keySumsAt_, valueSumsAt_, xAt_, queriesAt_, outGradientsAt_,
      productsAt_, flowAt_, weightsAt_, gradientsAt_, pairsAt_, dqAt_;
};

// Statistics and the bias stay float32.
PrecisionChoice forwardPrecisions(const KernelSpec& spec) {
  PrecisionChoice choice = onlyFloat32(spec);
  std::fill_n(choice.inputs.begin(), 3, Precision::BFloat16);
  choice.outputs[0] = Precision::Either;
  return choice;
}

PrecisionChoice backwardPrecisions(const KernelSpec& spec) {
  PrecisionChoice choice = onlyFloat32(spec);
  std::fill_n(choice.inputs.begin(), 5, Precision::BFloat16);
  std::fill(choice.outputs.begin(), choice.outputs.end(), Precision::Either);
  return choice;
}

}  // namespace

const KernelFamily family([](KernelTable& table) {
  table["dotProductAttention"] = {.make = makeKernelFor<AttentionForwardKernel, 0>,
                                  .precisions = forwardPrecisions};
  table["dotProductAttentionBackward"] = {.make = makeKernelFor<AttentionBackwardKernel, 1>,
                                          .precisions = backwardPrecisions};
});

}  // namespace nodegrad
