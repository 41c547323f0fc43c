#include <cmath>
#include <complex>
#include <memory>
#include <unsupported/Eigen/FFT>
#include <vector>

#include "cpu/kernel_table.h"
#include "cpu/own_kernel.h"

namespace nodegrad {
namespace {

using Complex = std::complex<double>;
using Transform = Eigen::FFT<double>;  // kissfft, in float64

constexpr int64_t kLargestFactor = 31;  // that kissfft takes: its time grows with the square of a factor

int64_t largestFactor(int64_t n) {
  int64_t largest = 1;
  for (int64_t factor = 2; factor * factor <= n; ++factor)
    for (; n % factor == 0; n /= factor) largest = factor;
  return std::max(largest, n);
}

// The transform of one row, unscaled, in both directions. Each thread has one, with its memory.
class Row {
 public:
  explicit Row(int64_t n) : n_(n), from_(static_cast<size_t>(n)), to_(from_) {
    transform_.SetFlag(Transform::Unscaled);
    if (largestFactor(n) > kLargestFactor) prepareChirp();
  }

  // from and to may be the same memory.
  void run(const float* real, const float* imaginary, float* realTo, float* imaginaryTo, bool inverse) {
    // The inverse is the transform with the two parts swapped, before and after.
    if (inverse) std::swap(real, imaginary), std::swap(realTo, imaginaryTo);
    for (size_t i = 0; i < from_.size(); ++i) from_[i] = {real[i], imaginary[i]};
    if (n_ == 1)  // kissfft has no factor for it
      to_ = from_;
    else if (chirp_.empty())
      transform_.fwd(to_.data(), from_.data(), static_cast<Eigen::Index>(n_));
    else
      runChirp();
    for (size_t i = 0; i < to_.size(); ++i) {
      realTo[i] = static_cast<float>(to_[i].real());
      imaginaryTo[i] = static_cast<float>(to_[i].imag());
    }
  }

 private:
  // Bluestein, A linear filtering approach to the computation of discrete Fourier transform, 1970: a
  // transform of any length as a convolution, whose length is a power of two.
  void prepareChirp() {
    size_t length = 1;
    while (length < 2 * from_.size() - 1) length *= 2;
    chirp_.resize(from_.size());
    padded_.assign(length, 0);
    filter_.assign(length, 0);
    spectrum_.assign(length, 0);
    for (int64_t i = 0; i < n_; ++i) {
      const auto at = static_cast<size_t>(i);
      // Angles repeat after 2 n squares, so that no large number is rounded.
      chirp_[at] = std::polar(1.0, -M_PI * static_cast<double>(i * i % (2 * n_)) / static_cast<double>(n_));
      padded_[at] = padded_[(length - at) % length] = std::conj(chirp_[at]);
    }
    transform_.fwd(filter_.data(), padded_.data(), static_cast<Eigen::Index>(length));
  }

  void runChirp() {
    const auto length = static_cast<Eigen::Index>(padded_.size());
    std::fill(padded_.begin(), padded_.end(), 0);
    for (size_t i = 0; i < from_.size(); ++i) padded_[i] = from_[i] * chirp_[i];
    transform_.fwd(spectrum_.data(), padded_.data(), length);
    for (size_t i = 0; i < spectrum_.size(); ++i) spectrum_[i] *= filter_[i];
    transform_.inv(padded_.data(), spectrum_.data(), length);
    for (size_t i = 0; i < to_.size(); ++i)
      to_[i] = padded_[i] * chirp_[i] / static_cast<double>(padded_.size());
  }

  int64_t n_;
  Transform transform_;
  std::vector<Complex> from_, to_, chirp_, padded_, filter_, spectrum_;
};

class FftKernel : public Kernel {
 public:
  explicit FftKernel(const KernelSpec& spec)
      : n_(spec.inputs[0].shape.back()),
        count_(count(spec.inputs[0].shape) / n_),
        inverse_(spec.attrs.boolean("inverse")) {
    for (int part = 0; part < threads_; ++part) rows_.push_back(std::make_unique<Row>(n_));
  }

  std::string implementation() const override { return "kissfft"; }

  void run(const void* const* inputs, void* const* outputs, void*) override {
    constexpr int64_t kLeastThreadElements = 1 << 10;
    parallelFor(threads_, count_, kLeastThreadElements / n_, [&](int64_t begin, int64_t end, int part) {
      for (int64_t row = begin; row < end; ++row) {
        const auto from = [&](int i) { return static_cast<const float*>(inputs[i]) + row * n_; };
        const auto to = [&](int i) { return static_cast<float*>(outputs[i]) + row * n_; };
        rows_[static_cast<size_t>(part)]->run(from(0), from(1), to(0), to(1), inverse_);
      }
    });
  }

 private:
  int64_t n_, count_;
  bool inverse_;
  int threads_ = teamThreads();
  std::vector<std::unique_ptr<Row>> rows_;  // one a thread
};

}  // namespace

const KernelFamily family([](KernelTable& table) { table["fft"] = {.make = makeKernel<FftKernel>}; });

}  // namespace nodegrad
