#pragma once
#include <algorithm>
#include <optional>
#include <vector>

#include "backend.h"
#include "cpu/elementwise/kernels.h"
#include "cpu/norm/kernels.h"
#include "host/parallel.h"

// What the kernels of batch normalization share.
namespace nodegrad {

// Tensors of x's shape are all float32 or all bfloat16, what belongs to channels float32.
PrecisionChoice normPrecisions(const KernelSpec& spec);

// A tensor as batch normalization goes through it: for each image and each group of channels a run of
// neighbours in which the group's channels repeat. Row-major with the channels last that is one run; blocked
// in channels, a run for each block; row-major with the channels in front of others, or in blocks of samples,
// one for each channel.
class NormView {
 public:
  // Nothing where the layout is none of these.
  static std::optional<NormView> of(const TensorType& type, const LayoutPtr& layout, int64_t axis);

  int64_t channels = 0, groups = 1, width = 1;  // width: of a group, padding included
  int64_t images = 1, run = 0;                  // run: in elements
  int64_t period = 1;                           // a multiple of width and of NormKernels::period

  int64_t columns() const { return groups * period; }
  // How many numbers a channel has.
  int64_t perChannel() const { return images * (run / width); }
  // The channel of a column of a group's period; channels or more for padding.
  int64_t channelOf(int64_t group, int64_t column) const { return group * width + column % width; }

  // Runs are cut into pieces of whole periods, about as much as half of L1 holds.
  int64_t pieces() const { return (run + piece_ - 1) / piece_; }
  int64_t pieceBegin(int64_t piece) const { return piece * piece_; }
  int64_t pieceSize(int64_t piece) const { return std::min(piece_, run - piece * piece_); }

  // Calls body(group, first element, elements) for every piece, in parallel.
  template <class Body>
  void forPieces(int threads, const Body& body) const {
    const int64_t each = pieces();
    parallelFor(threads, images * groups * each, kLeastThreadElements / std::min(piece_, run) + 1,
                [&](int64_t begin, int64_t end, int) {
                  for (int64_t item = begin; item < end; ++item) {
                    const int64_t at = item / each, piece = item % each;
                    body(at % groups, at * run + pieceBegin(piece), pieceSize(piece));
                  }
                });
  }

  // The same for sums: each group's pieces are dealt to `parts()` accumulators, which depends on the shape
  // alone. Calls body(accumulator, group, first element, elements, thread).
  int64_t parts() const { return parts_; }
  template <class Body>
  void forSums(int threads, const Body& body) const {
    const int64_t each = pieces(), all = images * each;
    const int64_t elements = std::max<int64_t>(1, images * run / parts_);
    parallelFor(threads, groups * parts_, kLeastThreadElements / elements + 1,
                [&](int64_t begin, int64_t end, int thread) {
                  for (int64_t item = begin; item < end; ++item) {
                    const int64_t group = item / parts_, part = item % parts_;
                    for (int64_t p = all * part / parts_; p < all * (part + 1) / parts_; ++p)
                      body(item, group, (p / each * groups + group) * run + pieceBegin(p % each),
                           pieceSize(p % each), thread);
                  }
                });
  }

 private:
  static constexpr int64_t kLeastThreadElements = 1 << 14;

  int64_t piece_ = 1, parts_ = 1;
};

// Vectors of channels, repeated over the columns of a view's groups.
class NormColumnArrays {
 public:
  static constexpr int64_t kArrays = 5;
  static size_t bytes(const NormView& view) { return kArrays * view.columns() * sizeof(float); }

  NormColumnArrays(const NormView& view, void* scratch)
      : view_(view), memory_(static_cast<float*>(scratch)) {}

  // Of (x - mean) · gamma / √(variance + epsilon) + beta; beta may be null.
  void normalization(const float* gamma, const float* beta, const float* mean, const float* variance,
                     double epsilon);
  // Of dx, after normalization(): sum and product are those of dy and dy · (x - mean) over each channel.
  void gradient(const double* sum, const double* product, const float* variance, double epsilon);

  NormColumns columns(int64_t group) const { return {at(0, group), at(1, group), at(2, group)}; }
  const float* offset(int64_t group) const { return at(3, group); }
  const float* slope(int64_t group) const { return at(4, group); }

 private:
  float* at(int64_t array, int64_t group) const {
    return memory_ + array * view_.columns() + group * view_.period;
  }
  // body(channel) gives a channel's number; padding has zero.
  template <class Body>
  void broadcast(int64_t array, const Body& body);

  const NormView& view_;
  float* memory_;
};

// The gradient from an offset in its tensors on.
template <class T>
NormGradient<T> from(const NormGradient<T>& in, int64_t offset, const NormColumns& columns) {
  const auto at = [offset](const T* all) { return all ? all + offset : nullptr; };
  return {in.dy + offset, in.x + offset, at(in.y), columns, in.relu, at(in.more)};
}

// The sums over the channels that dx, dgamma and dbeta are made of: dy and dy · (x - mean), where the ReLU
// lets them through.
class NormSums {
 public:
  NormSums(const NormView& view, int threads) : view_(view), threads_(threads) {}
  size_t bytes() const;
  // in and masked: of the whole tensors, with the columns of group 0.
  template <class T>
  void run(const NormKernels<T>& kernels, const NormGradient<T>& in, const NormColumnArrays& arrays,
           T* masked, void* scratch) {
    const int64_t period = view_.period, all = accumulators();
    auto* sums = static_cast<double*>(scratch);
    auto* floats = reinterpret_cast<float*>(sums + 2 * all);
    std::fill_n(sums, 2 * all, 0.0);
    view_.forSums(threads_, [&](int64_t item, int64_t group, int64_t first, int64_t n, int thread) {
      kernels.gradientSums(from(in, first, arrays.columns(group)), masked ? masked + first : nullptr,
                           sums + item * period, sums + all + item * period, floats + 2 * period * thread, n,
                           period);
    });
    gather(sums, sums + all);
  }
  // Of each channel, after run.
  const double* sum() const { return sum_.data(); }
  const double* product() const { return product_.data(); }
  void write(const float* variance, double epsilon, float* dgamma, float* dbeta) const;

 private:
  int64_t accumulators() const { return view_.groups * view_.parts() * view_.period; }
  // Puts the accumulators of each channel together.
  void gather(const double* sums, const double* products);

  NormView view_;
  int threads_;
  std::vector<double> sum_, product_;
};

}  // namespace nodegrad
