#include "cpu/kernel_table.h"
#include "cpu/norm/kernels.h"
#include "cpu/own_kernel.h"

namespace nodegrad {
namespace {

constexpr int64_t kLeastThreadElements = 1 << 13;

// What forward and backward share: x as rows of samples, of float or the bits of bfloat16.
template <class T>
class LayerNormKernel : public OwnKernel {
 public:
  LayerNormKernel(const KernelSpec& spec, size_t x, size_t gamma)
      : row_{count(spec.inputs[gamma].shape), static_cast<float>(spec.attrs.number("epsilon"))},
        rows_(count(spec.inputs[x].shape) / row_.n),
        grain_(std::max<int64_t>(1, kLeastThreadElements / row_.n)) {}

 protected:
  const LayerNormKernels<T>& kernels_ = kernelsFor<T>(isa_.layerNorm);
  LayerNormRow row_;
  int64_t rows_, grain_;
};

template <class T>
class ForwardKernel : public LayerNormKernel<T> {
 public:
  explicit ForwardKernel(const KernelSpec& spec) : LayerNormKernel<T>(spec, 0, 1) {}

  void run(const void* const* inputs, void* const* outputs, void*) override {
    const auto* x = static_cast<const T*>(inputs[0]);
    const auto *gamma = static_cast<const float*>(inputs[1]), *beta = static_cast<const float*>(inputs[2]);
    auto* y = static_cast<T*>(outputs[0]);
    auto *mean = static_cast<float*>(outputs[1]), *variance = static_cast<float*>(outputs[2]);
    parallelFor(this->threads_, this->rows_, this->grain_, [&](int64_t begin, int64_t end, int) {
      for (int64_t r = begin; r < end; ++r) {
        const int64_t at = r * this->row_.n;
        this->kernels_.forward(this->row_, x + at, gamma, beta, y + at, mean + r, variance + r);
      }
    });
  }
};

template <class T>
class BackwardKernel : public LayerNormKernel<T> {
 public:
  explicit BackwardKernel(const KernelSpec& spec) : LayerNormKernel<T>(spec, 1, 2) {}

  // For each thread the sums of dgamma and dbeta over a few rows, and over all of its rows.
  size_t scratchBytes() const override {
    return static_cast<size_t>(2 * this->row_.n * this->threads_) * (sizeof(double) + sizeof(float));
  }

  void run(const void* const* inputs, void* const* outputs, void* scratch) override {
    const auto *dy = static_cast<const T*>(inputs[0]), *x = static_cast<const T*>(inputs[1]);
    const auto in = [&](size_t i) { return static_cast<const float*>(inputs[i]); };
    auto* dx = static_cast<T*>(outputs[0]);
    const int64_t n = this->row_.n, both = 2 * n;
    auto* totals = static_cast<double*>(scratch);
    auto* sums = reinterpret_cast<float*>(totals + both * this->threads_);
    std::fill_n(totals, both * this->threads_, 0.0);
    parallelFor(this->threads_, this->rows_, this->grain_, [&](int64_t begin, int64_t end, int part) {
      double* total = totals + part * both;
      float *dgamma = sums + part * both, *dbeta = dgamma + n;
      for (int64_t first = begin; first < end; first += kSumRows) {
        std::fill_n(dgamma, both, 0.0f);
        for (int64_t r = first; r < std::min(first + kSumRows, end); ++r)
          this->kernels_.backward(this->row_, dy + r * n, x + r * n, in(2), in(3)[r], in(4)[r], dx + r * n,
                                  dgamma, dbeta);
        for (int64_t i = 0; i < both; ++i) total[i] += static_cast<double>(dgamma[i]);
      }
    });
    for (size_t o : {1, 2}) {
      auto* out = static_cast<float*>(outputs[o]);
      for (int64_t i = 0; i < n; ++i) {
        double total = 0;
        for (int t = 0; t < this->threads_; ++t) total += totals[t * both + (o == 2 ? n : 0) + i];
        out[i] = static_cast<float>(total);
      }
    }
  }

 private:
  // What is added up in float32, as batch normalization does.
  static constexpr int64_t kSumRows = 64;
};

// A row is written after it was read.
template <size_t x>
bool layerNormInPlace(const KernelSpec& spec, size_t output, size_t input) {
  return output == 0 && input <= x && spec.inputs[input] == spec.outputs[0];
}

}  // namespace

const KernelFamily family([](KernelTable& table) {
  table["layerNormalization"] = {.make = makeKernelFor<ForwardKernel, 0>,
                                 .inPlace = layerNormInPlace<0>,
                                 .precisions = spec::firstOneDtype<0>};
  table["layerNormalizationBackward"] = {.make = makeKernelFor<BackwardKernel, 1>,
                                         .inPlace = layerNormInPlace<1>,
                                         .precisions = spec::firstOneDtype<1>};
});

}  // namespace nodegrad
