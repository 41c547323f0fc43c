#include "cpu/attention/attention.h"

#include "cpu/kernel_table.h"

namespace nodegrad {
namespace {

using attention::at;

template <class T>
class AttentionForwardKernel : public attention::AttentionKernel<T> {
  using Base = attention::AttentionKernel<T>;
  using Base::allHeads_, Base::depth_, Base::keys_, Base::kernels_, Base::queries_, Base::scale_, Base::size_;

 public:
  explicit AttentionForwardKernel(const KernelSpec& spec)
      : Base(spec, 0, 3),
        keysT_(this->transposed(keys_, size_)),
        values_(this->plain(keys_, depth_)),
        rows_(this->rowsAtOnce(queries_, keys_)),
        blocks_(rows_ > 0 ? (queries_ + rows_ - 1) / rows_ : 0) {
    keysAt_ = packed_.template take<T>(keysT_.numbers());
    valuesAt_ = packed_.template take<T>(values_.numbers());
    xAt_ = own_.template take<T>(rows_ * keysT_.depth());
    productsAt_ = own_.template take<float>(rows_ * keysT_.columns());
    weightsAt_ = own_.template take<T>(rows_ * keysT_.columns());
    yAt_ = own_.template take<float>(rows_ * values_.columns());
    biasAt_ = own_.template take<float>(keys_);
    maskAt_ = own_.template take<uint8_t>(keys_);
    together_ = this->headsAtOnce(packed_.bytes());
  }

  size_t scratchBytes() const override {
    return static_cast<size_t>(together_) * packed_.bytes() +
           static_cast<size_t>(this->threads_) * own_.bytes();
  }

  void run(const void* const* inputs, void* const* outputs, void* scratch) override {
    if (this->isEmpty()) return this->clear(outputs);
    auto* packed = static_cast<std::byte*>(scratch);
    std::byte* own = packed + static_cast<size_t>(together_) * packed_.bytes();
    const auto packedOf = [&](int64_t i) { return packed + static_cast<size_t>(i) * packed_.bytes(); };
    for (int64_t first = 0; first < allHeads_; first += together_) {
      const int64_t heads = std::min(together_, allHeads_ - first);
      parallelFor(this->threads_, 2 * heads, this->grain(keys_ * std::max(size_, depth_)),
                  [&](int64_t begin, int64_t end, int) {
                    for (int64_t i = begin; i < end; ++i)
                      pack(inputs, first + i / 2, i % 2 == 0, packedOf(i / 2));
                  });
      parallelFor(this->threads_, heads * blocks_, this->grain(rows_ * keys_ * (size_ + depth_)),
                  [&](int64_t begin, int64_t end, int part) {
                    std::byte* mine = own + static_cast<size_t>(part) * own_.bytes();
                    for (int64_t i = begin; i < end; ++i)
                      attend(inputs, outputs, first + i / blocks_, i % blocks_, packedOf(i / blocks_), mine);
                  });
    }
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
    const int64_t n = this->skips() ? std::min(end, keys_) : keys_, stride = keysT_.columns();
    T *x = at<T>(own, xAt_), *weights = at<T>(own, weightsAt_);
    float *products = at<float>(own, productsAt_), *y = at<float>(own, yAt_);
    this->stage(this->rowsOf(inputs[0], head, queries_, size_), first, rows, keysT_.depth(), x);
    keysT_.multiply(at<T>(packed, keysAt_), x, keysT_.depth(), rows, {0, keysT_.depth()}, {0, n}, products,
                    stride);
    auto* largest = static_cast<float*>(outputs[1]) + head * queries_;
    auto* sums = static_cast<float*>(outputs[2]) + head * queries_;
    for (int64_t r = 0; r < rows; ++r) {
      const ScoreRow row = this->scoreRow(inputs, head, true, first + r, 0, n, products + r * stride,
                                          at<float>(own, biasAt_), at<uint8_t>(own, maskAt_));
      kernels_.softmax(row, scale_, weights + r * stride, largest + first + r, sums + first + r);
    }
    values_.multiply(at<T>(packed, valuesAt_), weights, stride, rows, {0, n}, {0, values_.columns()}, y,
                     values_.columns());
    this->put(outputs, 0, head, first, rows, y, values_.columns());
  }

  PackedMatrix<T> keysT_, values_;
  int64_t rows_, blocks_, together_;
  attention::Room packed_, own_;  // of each head, and of each thread
  size_t keysAt_, valuesAt_, xAt_, productsAt_, weightsAt_, yAt_, biasAt_, maskAt_;
};

// Goes over the scores twice: for some queries and all keys to the gradient of q, then for some keys and all
// queries to those of k and v, so that no two threads add to the same sums.
template <class T>
class AttentionBackwardKernel : public attention::AttentionKernel<T> {
  using Base = attention::AttentionKernel<T>;
  using Base::allHeads_, Base::depth_, Base::keys_, Base::kernels_, Base::queries_, Base::scale_, Base::size_;

 public:
  explicit AttentionBackwardKernel(const KernelSpec& spec)
      : Base(spec, 1, 7),
        keysT_(this->transposed(keys_, size_)),
        valuesT_(this->transposed(keys_, depth_)),
        queriesT_(this->transposed(queries_, size_)),
        gradientsT_(this->transposed(queries_, depth_)),
        plainKeys_(this->plain(keys_, size_)),
        plainQueries_(this->plain(queries_, size_)),
        plainGradients_(this->plain(queries_, depth_)),
        queriesAtOnce_(this->rowsAtOnce(queries_, keys_)),
        keysAtOnce_(this->rowsAtOnce(keys_, queries_)),
        queryBlocks_(queriesAtOnce_ > 0 ? (queries_ + queriesAtOnce_ - 1) / queriesAtOnce_ : 0),
        keyBlocks_(keysAtOnce_ > 0 ? (keys_ + keysAtOnce_ - 1) / keysAtOnce_ : 0) {
    for (size_t m = 0; m < kMatrices; ++m) matricesAt_[m] = packed_.template take<T>(matrix(m).numbers());
    inverseAt_ = packed_.template take<float>(queries_);
    dotAt_ = packed_.template take<float>(queries_);
    const int64_t scores = std::max(queriesAtOnce_ * keysT_.columns(), keysAtOnce_ * queriesT_.columns());
    const int64_t rows = std::max(queriesAtOnce_, keysAtOnce_), longest = std::max(queries_, keys_);
    xAt_ = own_.template take<T>(rows * std::max(keysT_.depth(), valuesT_.depth()));
    productsAt_ = own_.template take<float>(scores);
    flowAt_ = own_.template take<float>(scores);
    weightsAt_ = own_.template take<T>(scores);
    gradientsAt_ = own_.template take<T>(scores);
    sumsAt_ = own_.template take<float>(rows * std::max(plainKeys_.columns(), plainGradients_.columns()));
    biasAt_ = own_.template take<float>(longest);
    maskAt_ = own_.template take<uint8_t>(longest);
    together_ = this->headsAtOnce(packed_.bytes());
  }

  size_t scratchBytes() const override {
    return static_cast<size_t>(together_) * packed_.bytes() +
           static_cast<size_t>(this->threads_) * own_.bytes();
  }

  void run(const void* const* inputs, void* const* outputs, void* scratch) override {
    if (this->isEmpty()) return this->clear(outputs);
    auto* packed = static_cast<std::byte*>(scratch);
    std::byte* own = packed + static_cast<size_t>(together_) * packed_.bytes();
    const auto packedOf = [&](int64_t i) { return packed + static_cast<size_t>(i) * packed_.bytes(); };
    const int64_t pieces = kMatrices + 1, blocks = queryBlocks_ + keyBlocks_;
    for (int64_t first = 0; first < allHeads_; first += together_) {
      const int64_t heads = std::min(together_, allHeads_ - first);
      parallelFor(this->threads_, pieces * heads,
                  this->grain(std::max(queries_, keys_) * std::max(size_, depth_)),
                  [&](int64_t begin, int64_t end, int) {
                    for (int64_t i = begin; i < end; ++i)
                      pack(inputs, first + i / pieces, static_cast<size_t>(i % pieces), packedOf(i / pieces));
                  });
      parallelFor(this->threads_, heads * blocks, this->grain(queriesAtOnce_ * keys_ * (2 * size_ + depth_)),
                  [&](int64_t begin, int64_t end, int part) {
                    std::byte* mine = own + static_cast<size_t>(part) * own_.bytes();
                    for (int64_t i = begin; i < end; ++i) {
                      const int64_t head = i / blocks, block = i % blocks;
                      if (block < queryBlocks_)
                        ofQueries(inputs, outputs, first + head, block, packedOf(head), mine);
                      else
                        ofKeys(inputs, outputs, first + head, block - queryBlocks_, packedOf(head), mine);
                    }
                  });
    }
  }

 private:
  enum Matrix : size_t { kKeysT, kValuesT, kQueriesT, kGradientsT, kKeys, kQueries, kGradients, kMatrices };

  const PackedMatrix<T>& matrix(size_t m) const {
    const PackedMatrix<T>* all[] = {&keysT_,     &valuesT_,      &queriesT_,      &gradientsT_,
                                    &plainKeys_, &plainQueries_, &plainGradients_};
    return *all[m];
  }

  // A matrix of a head or, as the last piece, what its queries have besides.
  void pack(const void* const* inputs, int64_t head, size_t m, std::byte* to) const {
    const auto gradients = this->rowsOf(inputs[0], head, queries_, depth_);
    const auto queries = this->rowsOf(inputs[1], head, queries_, size_);
    const auto keys = this->rowsOf(inputs[2], head, keys_, size_);
    if (m == kMatrices) {
      const auto outputs = this->rowsOf(inputs[4], head, queries_, depth_);
      const auto* sums = static_cast<const float*>(inputs[6]) + head * queries_;
      for (int64_t q = 0; q < queries_; ++q) {
        at<float>(to, inverseAt_)[q] = 1.0f / sums[q];
        at<float>(to, dotAt_)[q] = kernels_.dot(gradients.row(q), outputs.row(q), depth_);
      }
      return;
    }
    T* place = at<T>(to, matricesAt_[m]);
    switch (m) {
      case kKeysT: return this->packTransposed(keysT_, keys, place);
      case kValuesT:
        return this->packTransposed(valuesT_, this->rowsOf(inputs[3], head, keys_, depth_), place);
      case kQueriesT: return this->packTransposed(queriesT_, queries, place);
      case kGradientsT: return this->packTransposed(gradientsT_, gradients, place);
      case kKeys: return this->packPlain(plainKeys_, keys, place);
      case kQueries: return this->packPlain(plainQueries_, queries, place);
      default: return this->packPlain(plainGradients_, gradients, place);
    }
  }

  const float* largestOf(const void* const* inputs, int64_t head) const {
    return static_cast<const float*>(inputs[5]) + head * queries_;
  }

  // The gradients of some queries of a head.
  void ofQueries(const void* const* inputs, void* const* outputs, int64_t head, int64_t block,
                 std::byte* packed, std::byte* own) const {
    const int64_t first = block * queriesAtOnce_, end = std::min(first + queriesAtOnce_, queries_),
                  rows = end - first;
    const int64_t n = this->skips() ? std::min(end, keys_) : keys_, stride = keysT_.columns();
    T *x = at<T>(own, xAt_), *gradients = at<T>(own, gradientsAt_);
    float *products = at<float>(own, productsAt_), *flow = at<float>(own, flowAt_),
          *dq = at<float>(own, sumsAt_);
    this->stage(this->rowsOf(inputs[1], head, queries_, size_), first, rows, keysT_.depth(), x);
    keysT_.multiply(at<T>(packed, matricesAt_[kKeysT]), x, keysT_.depth(), rows, {0, keysT_.depth()}, {0, n},
                    products, stride);
    this->stage(this->rowsOf(inputs[0], head, queries_, depth_), first, rows, valuesT_.depth(), x);
    valuesT_.multiply(at<T>(packed, matricesAt_[kValuesT]), x, valuesT_.depth(), rows, {0, valuesT_.depth()},
                      {0, n}, flow, stride);
    const float *largest = largestOf(inputs, head), *inverse = at<float>(packed, inverseAt_),
                *dot = at<float>(packed, dotAt_);
    for (int64_t r = 0; r < rows; ++r) {
      const int64_t q = first + r;
      const ScoreRow row = this->scoreRow(inputs, head, true, q, 0, n, products + r * stride,
                                          at<float>(own, biasAt_), at<uint8_t>(own, maskAt_));
      kernels_.gradientsOfQuery(row, scale_, flow + r * stride, largest + q, inverse + q, dot + q, nullptr,
                                gradients + r * stride);
    }
    plainKeys_.multiply(at<T>(packed, matricesAt_[kKeys]), gradients, stride, rows, {0, n},
                        {0, plainKeys_.columns()}, dq, plainKeys_.columns());
    this->put(outputs, 0, head, first, rows, dq, plainKeys_.columns());
  }

  // The gradients of some keys of a head, and of their values.
  void ofKeys(const void* const* inputs, void* const* outputs, int64_t head, int64_t block, std::byte* packed,
              std::byte* own) const {
    const int64_t first = block * keysAtOnce_, end = std::min(first + keysAtOnce_, keys_), rows = end - first;
    // The first query that sees any of the keys, in whole panels.
    const int64_t width = queriesT_.width(),
                  from = this->skips() ? std::min(first, queries_) / width * width : 0;
    const int64_t n = queries_ - from, stride = queriesT_.columns();
    T *x = at<T>(own, xAt_), *weights = at<T>(own, weightsAt_), *gradients = at<T>(own, gradientsAt_);
    float *products = at<float>(own, productsAt_), *flow = at<float>(own, flowAt_),
          *sums = at<float>(own, sumsAt_);
    this->stage(this->rowsOf(inputs[2], head, keys_, size_), first, rows, queriesT_.depth(), x);
    queriesT_.multiply(at<T>(packed, matricesAt_[kQueriesT]), x, queriesT_.depth(), rows,
                       {0, queriesT_.depth()}, {from, queries_}, products, stride);
    this->stage(this->rowsOf(inputs[3], head, keys_, depth_), first, rows, gradientsT_.depth(), x);
    gradientsT_.multiply(at<T>(packed, matricesAt_[kGradientsT]), x, gradientsT_.depth(), rows,
                         {0, gradientsT_.depth()}, {from, queries_}, flow, stride);
    const float *largest = largestOf(inputs, head), *inverse = at<float>(packed, inverseAt_),
                *dot = at<float>(packed, dotAt_);
    for (int64_t r = 0; r < rows; ++r) {
      const int64_t offset = r * stride + from;
      const ScoreRow row = this->scoreRow(inputs, head, false, first + r, from, n, products + offset,
                                          at<float>(own, biasAt_), at<uint8_t>(own, maskAt_));
      kernels_.gradientsOfKey(row, scale_, flow + offset, largest + from, inverse + from, dot + from,
                              weights + offset, gradients + offset);
    }
    const Range seen{from, queries_};
    plainQueries_.multiply(at<T>(packed, matricesAt_[kQueries]), gradients, stride, rows, seen,
                           {0, plainQueries_.columns()}, sums, plainQueries_.columns());
    this->put(outputs, 1, head, first, rows, sums, plainQueries_.columns());
    plainGradients_.multiply(at<T>(packed, matricesAt_[kGradients]), weights, stride, rows, seen,
                             {0, plainGradients_.columns()}, sums, plainGradients_.columns());
    this->put(outputs, 2, head, first, rows, sums, plainGradients_.columns());
  }

  PackedMatrix<T> keysT_, valuesT_, queriesT_, gradientsT_, plainKeys_, plainQueries_, plainGradients_;
  int64_t queriesAtOnce_, keysAtOnce_, queryBlocks_, keyBlocks_, together_;
  attention::Room packed_, own_;  // of each head, and of each thread
  size_t matricesAt_[kMatrices], inverseAt_, dotAt_, xAt_, productsAt_, flowAt_, weightsAt_, gradientsAt_,
      sumsAt_, biasAt_, maskAt_;
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
