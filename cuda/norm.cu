#include <cmath>

#include "device/bfloat16.h"
#include "kernel_table.h"
#include "reducer.h"
#include "spec/norm.h"

namespace nodegrad::cuda {

namespace {

size_t axisOf(const KernelSpec& spec, const Dims& x) {
  return static_cast<size_t>(normalizeAxis(spec.op, spec.attrs.integer("axis"), x.size()));
}

Reducer channelSums(const KernelSpec& spec, const Dims& x) {
  std::vector<bool> summed(x.size(), true);
  summed[axisOf(spec, x)] = false;
  return Reducer(x, summed);
}

// Which channel an element has.
struct Channels {
  int64_t elements, channels, inner;

  Channels(const KernelSpec& spec, const Dims& x) : elements(count(x)) {
    const auto axis = axisOf(spec, x);
    channels = x[axis];
    inner = count(Dims(x.begin() + static_cast<std::ptrdiff_t>(axis) + 1, x.end()));
  }
  template <class Index>
  __device__ int64_t of(Index element) const {
    return static_cast<int64_t>(element / static_cast<Index>(inner) % static_cast<Index>(channels));
  }
};

// A channel's numbers, and what is made of them.
struct ChannelNumbers {
  const float *gamma, *beta, *mean, *variance;
  float epsilon;

  __device__ float inverse(int64_t c) const { return 1.0f / sqrtf(variance[c] + epsilon); }
  __device__ float normalized(float x, int64_t c) const {
    return (x - mean[c]) * (gamma[c] * inverse(c)) + beta[c];
  }
};

// Both sums of doubles, so that a channel of large numbers that are close together keeps its variance.
struct Moments {
  double sum, squares;
  __device__ static Moments start() { return {0, 0}; }
  __device__ static Moments of(const Moments& a, const Moments& b) {
    return {a.sum + b.sum, a.squares + b.squares};
  }
};
template <class T>
struct MomentTerms {
  using Sum = Moments;
  const T* x;
  __device__ Moments at(int64_t place, int64_t, int64_t) const {
    const double v = read(x[place]);
    return {v, v * v};
  }
};
struct MomentSink {
  float *mean, *variance;
  double terms;
  __device__ void put(int64_t at, const Moments& sums) const {
    const double center = sums.sum / terms, spread = sums.squares / terms - center * center;
    mean[at] = static_cast<float>(center);
    if (variance) variance[at] = spread < 0 ? 0.0f : static_cast<float>(spread);
  }
};

class StatisticsKernel : public OwnKernel {
 public:
  StatisticsKernel(const KernelSpec& spec, const QueuePtr& queue)
      : OwnKernel(queue),
        dtype_(spec.inputs[0].dtype),
        hasVariance_(spec.outputs.size() > 1),
        reducer_(channelSums(spec, spec.inputs[0].shape)) {}

  size_t scratchBytes() const override { return reducer_.scratchBytes<MomentTerms<float>>(); }

  void run(const void* const* inputs, void* const* outputs, void* scratch) override {
    const MomentSink sink{static_cast<float*>(outputs[0]),
                          hasVariance_ ? static_cast<float*>(outputs[1]) : nullptr,
                          static_cast<double>(reducer_.terms())};
    withFloatType(dtype_, [&](auto number) {
      reducer_.run(stream(), MomentTerms<decltype(number)>{static_cast<const decltype(number)*>(inputs[0])},
                   sink, scratch);
    });
  }

 private:
  DType dtype_;
  bool hasVariance_;
  Reducer reducer_;
};

template <class T, class Index>
__global__ void normalize(Channels channels, ChannelNumbers numbers, bool relu, const T* x, const T* residual,
                          T* y, const Refusal* refusal) {
  if (isRefused(refusal)) return;
  for (Index i = firstIndex<Index>(); i < static_cast<Index>(channels.elements); i += indexStep<Index>()) {
    float v = numbers.normalized(read(x[i]), channels.of(i));
    if (residual) v += read(residual[i]);
    write(y + i, relu ? Largest::of(v, 0.0f) : v);
  }
}

class NormalizeKernel : public OwnKernel {
 public:
  NormalizeKernel(const KernelSpec& spec, const QueuePtr& queue)
      : OwnKernel(queue),
        dtype_(spec.inputs[0].dtype),
        operands_(spec),
        channels_(spec, spec.inputs[0].shape) {}

  void run(const void* const* inputs, void* const* outputs, void*) override {
    using F = spec::NormForward;
    const auto vector = [&](size_t i) { return static_cast<const float*>(inputs[i]); };
    const ChannelNumbers numbers{vector(F::gamma), vector(F::beta), vector(F::mean), vector(F::variance),
                                 static_cast<float>(operands_.epsilon)};
    withFloatType(dtype_, [&](auto number) {
      using T = decltype(number);
      const auto* residual =
          static_cast<const T*>(operands_.residual ? inputs[*operands_.residual] : nullptr);
      const bool small = channels_.elements < (int64_t{1} << 31);
      launch(stream(), {blocksFor(channels_.elements)},
             small ? normalize<T, uint32_t> : normalize<T, uint64_t>, channels_, numbers, operands_.relu,
             static_cast<const T*>(inputs[F::x]), residual, static_cast<T*>(outputs[0]), queue_->refusal());
    });
  }

 private:
  DType dtype_;
  spec::NormForward operands_;
  Channels channels_;
};

// The output's gradient, zero where the activation's output was not positive.
template <class T>
struct Flow {
  const T *dy, *x, *y, *more;
  ChannelNumbers numbers;  // beta: null where the mask is not made of x

  __device__ float at(int64_t place, int64_t channel) const {
    float flow = read(dy[place]);
    if (more) flow += read(more[place]);
    if (y) return read(y[place]) > 0 ? flow : 0.0f;
    if (numbers.beta) return numbers.normalized(read(x[place]), channel) > 0 ? flow : 0.0f;
    return flow;
  }
  __device__ float normalized(int64_t place, int64_t channel) const {
    return (read(x[place]) - numbers.mean[channel]) * numbers.inverse(channel);
  }
};
template <class T>
struct GradientTerms {
  using Sum = Moments;  // of the flow, and of the flow times what is normalized
  Flow<T> flow;
  __device__ Moments at(int64_t place, int64_t channel, int64_t) const {
    const double own = flow.at(place, channel);
    return {own, own * flow.normalized(place, channel)};
  }
};
struct GradientSink {
  float *dgamma, *dbeta;
  __device__ void put(int64_t at, const Moments& sums) const {
    dbeta[at] = static_cast<float>(sums.sum);
    dgamma[at] = static_cast<float>(sums.squares);
  }
};

template <class T, class Index>
__global__ void normBackward(Channels channels, Flow<T> flow, const float* dgamma, const float* dbeta, T* dx,
                             T* masked, const Refusal* refusal) {
  if (isRefused(refusal)) return;
  const auto terms = static_cast<float>(channels.elements / channels.channels);
  for (Index i = firstIndex<Index>(); i < static_cast<Index>(channels.elements); i += indexStep<Index>()) {
    const int64_t c = channels.of(i), place = static_cast<int64_t>(i);
    const float own = flow.at(place, c), x = flow.normalized(place, c);
    write(dx + i, (own - dbeta[c] / terms - x * (dgamma[c] / terms)) *
                      (flow.numbers.gamma[c] * flow.numbers.inverse(c)));
    if (masked) write(masked + i, own);
  }
}

class NormBackwardKernel : public OwnKernel {
 public:
  NormBackwardKernel(const KernelSpec& spec, const QueuePtr& queue)
      : OwnKernel(queue),
        dtype_(spec.inputs[1].dtype),
        operands_(spec),
        channels_(spec, spec.inputs[1].shape),
        reducer_(channelSums(spec, spec.inputs[1].shape)) {}

  size_t scratchBytes() const override { return reducer_.scratchBytes<GradientTerms<float>>(); }

  void run(const void* const* inputs, void* const* outputs, void* scratch) override {
    withFloatType(dtype_, [&](auto number) { go<decltype(number)>(inputs, outputs, scratch); });
  }

 private:
  template <class T>
  void go(const void* const* inputs, void* const* outputs, void* scratch) {
    using B = spec::NormBackward;
    const auto vector = [&](size_t i) { return static_cast<const float*>(inputs[i]); };
    const auto image = [&](std::optional<size_t> i) {
      return static_cast<const T*>(i ? inputs[*i] : nullptr);
    };
    const Flow<T> flow{
        image(B::dy), image(B::x), image(operands_.y), image(operands_.more),
        ChannelNumbers{vector(B::gamma), operands_.beta ? vector(*operands_.beta) : nullptr, vector(B::mean),
                       vector(B::variance), static_cast<float>(operands_.epsilon)}};
    auto *dgamma = static_cast<float*>(outputs[1]), *dbeta = static_cast<float*>(outputs[2]);
    reducer_.run(stream(), GradientTerms<T>{flow}, GradientSink{dgamma, dbeta}, scratch);
    const bool small = channels_.elements < (int64_t{1} << 31);
    launch(stream(), {blocksFor(channels_.elements)},
           small ? normBackward<T, uint32_t> : normBackward<T, uint64_t>, channels_, flow, dgamma, dbeta,
           static_cast<T*>(outputs[0]), static_cast<T*>(operands_.masked ? outputs[3] : nullptr),
           queue_->refusal());
  }

  DType dtype_;
  spec::NormBackward operands_;
  Channels channels_;
  Reducer reducer_;
};

// The last kernel reads an element's inputs, and no others, before it writes there.
bool normInPlace(const KernelSpec& spec, size_t output, size_t input) {
  return spec.inputs[input] == spec.outputs[output] && spec.inputs[input].shape.size() > 1;
}

bool supportsBackward(const KernelSpec& spec) { return spec.outputs.size() >= 3; }

}  // namespace

void addNorms(KernelTable& table) {
  table["batchNormStatistics"] = {makeKernel<StatisticsKernel>, nullptr, nullptr, readsEither};
  table["batchNormNormalize"] = {makeKernel<NormalizeKernel>, normInPlace, nullptr, imagesOneDtype<0>};
  table["batchNormalizationBackward"] = {makeKernel<NormBackwardKernel>, normInPlace, supportsBackward,
                                         imagesOneDtype<1>};
}

}  // namespace nodegrad::cuda
