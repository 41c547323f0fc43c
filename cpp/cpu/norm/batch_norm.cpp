#include <cmath>

#include "cpu/elementwise/kernels.h"
#include "cpu/kernel_table.h"
#include "cpu/norm/kernels.h"
#include "cpu/norm/moments.h"
#include "cpu/norm/norm_view.h"
#include "cpu/own_kernel.h"
#include "spec/norm.h"

namespace nodegrad {
namespace {

int64_t channelAxis(const KernelSpec& spec, const TensorType& x) {
  return normalizeAxis(spec.op, spec.attrs.integer("axis"), x.shape.size());
}

NormView viewOf(const KernelSpec& spec, size_t x) {
  const auto view = NormView::of(spec.inputs[x], spec.inputLayouts[x], channelAxis(spec, spec.inputs[x]));
  if (!view) fail(ErrorCode::Device, "[", spec.op, "] cannot run in this layout");
  return *view;
}

// Tensors of x's shape hold numbers of type T.
template <class T>
class NormKernel : public OwnKernel {
 public:
  NormKernel(const KernelSpec& spec, size_t x) : kernels_(kernelsFor<T>(isa_.norm)), view_(viewOf(spec, x)) {}

 protected:
  const NormKernels<T>& kernels_;
  NormView view_;
};

// Mean and (biased) variance of each channel: each part of the work has its moments, which are then
// put together in order.
template <class T>
class StatisticsKernel : public NormKernel<T> {
 public:
  explicit StatisticsKernel(const KernelSpec& spec) : NormKernel<T>(spec, 0) {}

  size_t scratchBytes() const override {
    return static_cast<size_t>(3 * columns()) * sizeof(double) +
           static_cast<size_t>(3 * view_.period * threads_) * sizeof(float);
  }

  void run(const void* const* inputs, void* const* outputs, void* scratch) override {
    auto* x = static_cast<const T*>(inputs[0]);
    const int64_t period = view_.period;
    auto* counts = static_cast<double*>(scratch);
    double *means = counts + columns(), *squares = means + columns();
    auto* floats = reinterpret_cast<float*>(squares + columns());
    std::fill_n(counts, 3 * columns(), 0.0);
    view_.forSums(threads_, [&](int64_t item, int64_t, int64_t first, int64_t n, int thread) {
      const int64_t at = item * period;
      kernels_.moments({counts + at, means + at, squares + at, floats + 3 * period * thread}, x + first, n,
                       period);
    });
    auto* mean = static_cast<float*>(outputs[0]);
    auto* variance = static_cast<float*>(outputs[1]);
    for (int64_t channel = 0; channel < view_.channels; ++channel)
      merge(channel, counts, means, squares, mean[channel], variance[channel]);
  }

 private:
  using NormKernel<T>::kernels_;
  using NormKernel<T>::threads_;
  using NormKernel<T>::view_;

  int64_t columns() const { return view_.columns() * view_.parts(); }

  void merge(int64_t channel, const double* counts, const double* means, const double* squares, float& mean,
             float& variance) const {
    double count = 0, center = 0, m2 = 0;
    const int64_t group = channel / view_.width;
    for (int64_t part = 0; part < view_.parts(); ++part) {
      const int64_t first = (group * view_.parts() + part) * view_.period;
      for (int64_t c = first + channel % view_.width; c < first + view_.period; c += view_.width) {
        if (counts[c] != 0) mergeMoments(count, center, m2, counts[c], means[c], squares[c]);
      }
    }
    mean = static_cast<float>(center);
    variance = static_cast<float>(m2 / count);
  }
};

template <class T>
class NormalizeKernel : public NormKernel<T> {
 public:
  explicit NormalizeKernel(const KernelSpec& spec) : NormKernel<T>(spec, 0), operands_(spec) {}

  size_t scratchBytes() const override { return NormColumnArrays::bytes(view_); }

  void run(const void* const* inputs, void* const* outputs, void* scratch) override {
    const auto vector = [&](size_t i) { return static_cast<const float*>(inputs[i]); };
    using F = spec::NormForward;
    auto *x = static_cast<const T*>(inputs[F::x]),
         *residual = operands_.residual ? static_cast<const T*>(inputs[*operands_.residual]) : nullptr;
    auto* y = static_cast<T*>(outputs[0]);
    NormColumnArrays arrays(view_, scratch);
    arrays.normalization(vector(F::gamma), vector(F::beta), vector(F::mean), vector(F::variance),
                         operands_.epsilon);
    view_.forPieces(threads_, [&](int64_t group, int64_t first, int64_t n) {
      kernels_.normalize(arrays.columns(group), x + first, residual ? residual + first : nullptr,
                         operands_.relu, y + first, n, view_.period);
    });
  }

 private:
  using NormKernel<T>::kernels_;
  using NormKernel<T>::threads_;
  using NormKernel<T>::view_;

  spec::NormForward operands_;
};

template <class T>
class BackwardKernel : public NormKernel<T> {
 public:
  explicit BackwardKernel(const KernelSpec& spec)
      : NormKernel<T>(spec, 1), operands_(spec), sums_(view_, threads_) {}

  size_t scratchBytes() const override { return sums_.bytes() + NormColumnArrays::bytes(view_); }

  void run(const void* const* inputs, void* const* outputs, void* scratch) override {
    const auto vector = [&](size_t i) { return static_cast<const float*>(inputs[i]); };
    const auto image = [&](size_t i) { return static_cast<const T*>(inputs[i]); };
    using B = spec::NormBackward;
    const double epsilon = operands_.epsilon;
    auto *dx = static_cast<T*>(outputs[0]),
         *masked = operands_.masked ? static_cast<T*>(outputs[3]) : nullptr;
    NormColumnArrays arrays(view_, static_cast<char*>(scratch) + sums_.bytes());
    arrays.normalization(vector(B::gamma), operands_.beta ? vector(*operands_.beta) : nullptr,
                         vector(B::mean), vector(B::variance), epsilon);
    const T *y = operands_.y ? image(*operands_.y) : nullptr,
            *more = operands_.more ? image(*operands_.more) : nullptr;
    NormGradient<T> all{image(B::dy), image(B::x), y, {}, operands_.beta || operands_.y, more};
    sums_.run(kernels_, all, arrays, masked, scratch);
    sums_.write(vector(B::variance), epsilon, static_cast<float*>(outputs[1]),
                static_cast<float*>(outputs[2]));
    arrays.gradient(sums_.sum(), sums_.product(), vector(B::variance), epsilon);
    if (masked) all = {masked, all.x, nullptr, {}, false};
    view_.forPieces(threads_, [&](int64_t group, int64_t first, int64_t n) {
      kernels_.gradient(from(all, first, arrays.columns(group)), arrays.offset(group), arrays.slope(group),
                        dx + first, n, view_.period);
    });
  }

 private:
  using NormKernel<T>::kernels_;
  using NormKernel<T>::threads_;
  using NormKernel<T>::view_;

  spec::NormBackward operands_;
  NormSums sums_;
};

// All tensors of x's shape get the layout of x, which is best left as the kernel before chose it.
LayoutChoice normLayouts(const KernelSpec& spec, const std::vector<bool>&) {
  const size_t x = spec.op == "batchNormalizationBackward" ? 1 : 0;
  const TensorType& type = spec.inputs[x];
  LayoutPtr layout = spec.inputLayouts[x];
  if (!NormView::of(type, layout, channelAxis(spec, type))) layout = nullptr;
  LayoutChoice choice;
  for (const TensorType& input : spec.inputs) choice.inputs.push_back(input == type ? layout : nullptr);
  for (const TensorType& output : spec.outputs) choice.outputs.push_back(output == type ? layout : nullptr);
  return choice;
}

// The last pass writes an element after it has read the inputs there, and reads no other elements. x is read
// once more after the masked gradient is written.
bool normInPlace(const KernelSpec& spec, size_t output, size_t input) {
  const bool masked = output == 3;
  return spec.inputs[input] == spec.outputs[output] && spec.inputs[input].shape.size() > 1 &&
         !(masked && input == 1);
}

// The masked gradient is made where it is asked for, and where two gradients are added up.
bool supportsBackward(const KernelSpec& spec) {
  return spec.outputs.size() >= 3 && (spec.outputs.size() > 3 || !spec::NormBackward(spec).more);
}

}  // namespace

const KernelFamily family([](KernelTable& table) {
  table["batchNormStatistics"] = {
      .make = makeKernelFor<StatisticsKernel, 0>, .layouts = normLayouts, .precisions = readsEither};
  table["batchNormNormalize"] = {.make = makeKernelFor<NormalizeKernel, 0>,
                                 .layouts = normLayouts,
                                 .inPlace = normInPlace,
                                 .precisions = normPrecisions};
  table["batchNormalizationBackward"] = {.make = makeKernelFor<BackwardKernel, 1>,
                                         .layouts = normLayouts,
                                         .inPlace = normInPlace,
                                         .supports = supportsBackward,
                                         .precisions = normPrecisions};
});

}  // namespace nodegrad
