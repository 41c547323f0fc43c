#include <cmath>

#include "device/bfloat16.h"
#include "kernel_table.h"
#include "reducer.h"

namespace nodegrad::cuda {

namespace {

// Rows of n numbers, each of a sample.
struct Samples {
  int64_t rows, n;
  float epsilon;
  TeamSize team;

  Samples(const KernelSpec& spec, size_t x, size_t gamma)
      : n(count(spec.inputs[gamma].shape)), epsilon(static_cast<float>(spec.attrs.number("epsilon"))) {
    rows = count(spec.inputs[x].shape) / n;
    team = teamFor(n, false, 1);
  }
  LaunchSize size(size_t bytes) const { return launchOf(team, rows, bytes); }
};

template <class T>
__global__ void normalizeRows(Samples s, const T* x, const float* gamma, const float* beta, T* y, float* mean,
                              float* variance, const Refusal* refusal) {
  if (isRefused(refusal)) return;
  const Member member(s.team);
  double* shared = sharedMemory<double>();
  for (int64_t item = blockIdx.x; item * s.team.width < s.rows; item += gridDim.x) {
    const int64_t row = item * s.team.width + member.result;
    const bool inside = row < s.rows;
    const int64_t first = inside ? row * s.n : 0, end = inside ? s.n : 0;
    double sum = 0;
    for (int64_t i = member.part; i < end; i += s.team.height) sum += read(x[first + i]);
    const auto center =
        static_cast<float>(combine<Add>(s.team, member, sum, shared) / static_cast<double>(s.n));
    double squares = 0;
    for (int64_t i = member.part; i < end; i += s.team.height) {
      const double delta = read(x[first + i]) - center;
      squares += delta * delta;
    }
    const auto spread =
        static_cast<float>(combine<Add>(s.team, member, squares, shared) / static_cast<double>(s.n));
    const float scale = 1.0f / sqrtf(spread + s.epsilon);
    for (int64_t i = member.part; i < end; i += s.team.height)
      write(y + first + i, (read(x[first + i]) - center) * scale * gamma[i] + beta[i]);
    if (!inside || member.part != 0) continue;
    if (mean) mean[row] = center;
    if (variance) variance[row] = spread;
  }
}

class LayerNormKernel : public OwnKernel {
 public:
  LayerNormKernel(const KernelSpec& spec, const QueuePtr& queue)
      : OwnKernel(queue), dtype_(spec.inputs[0].dtype), samples_(spec, 0, 1), outputs_(spec.outputs.size()) {}

  void run(const void* const* inputs, void* const* outputs, void*) override {
    if (samples_.rows == 0) return;
    withFloatType(dtype_, [&](auto number) {
      using T = decltype(number);
      launch(stream(), samples_.size(sizeof(double)), normalizeRows<T>, samples_,
             static_cast<const T*>(inputs[0]), static_cast<const float*>(inputs[1]),
             static_cast<const float*>(inputs[2]), static_cast<T*>(outputs[0]),
             static_cast<float*>(outputs_ > 1 ? outputs[1] : nullptr),
             static_cast<float*>(outputs_ > 2 ? outputs[2] : nullptr), queue_->refusal());
    });
  }

 private:
  DType dtype_;
  Samples samples_;
  size_t outputs_;
};

// What the gradients are made of.
template <class T>
struct Flows {
  const T *dy, *x;
  const float *gamma, *mean, *variance;
  float epsilon;

  __device__ float scale(int64_t row) const { return 1.0f / sqrtf(variance[row] + epsilon); }
  __device__ float normalized(int64_t place, int64_t row) const {
    return (read(x[place]) - mean[row]) * scale(row);
  }
};

struct Pair {
  double first, second;
  __device__ static Pair start() { return {0, 0}; }
  __device__ static Pair of(const Pair& a, const Pair& b) { return {a.first + b.first, a.second + b.second}; }
};
template <class T>
struct WeightTerms {
  using Sum = Pair;  // of gamma's and of beta's gradient
  Flows<T> flows;
  __device__ Pair at(int64_t place, int64_t, int64_t row) const {
    const double flow = read(flows.dy[place]);
    return {flow * flows.normalized(place, row), flow};
  }
};
struct WeightSink {
  float *dgamma, *dbeta;
  __device__ void put(int64_t at, const Pair& sums) const {
    dgamma[at] = static_cast<float>(sums.first);
    if (dbeta) dbeta[at] = static_cast<float>(sums.second);
  }
};

template <class T>
__global__ void rowGradients(Samples s, Flows<T> flows, T* dx, const Refusal* refusal) {
  if (isRefused(refusal)) return;
  const Member member(s.team);
  for (int64_t item = blockIdx.x; item * s.team.width < s.rows; item += gridDim.x) {
    const int64_t row = item * s.team.width + member.result;
    const bool inside = row < s.rows;
    const int64_t first = inside ? row * s.n : 0, end = inside ? s.n : 0;
    Pair sums{0, 0};
    for (int64_t i = member.part; i < end; i += s.team.height) {
      const double flow = static_cast<double>(read(flows.dy[first + i])) * flows.gamma[i];
      sums = Pair::of(sums, {flow, flow * flows.normalized(first + i, row)});
    }
    sums = combine<Pair>(s.team, member, sums, sharedMemory<Pair>());
    const auto offset = static_cast<float>(sums.first / static_cast<double>(s.n)),
               slope = static_cast<float>(sums.second / static_cast<double>(s.n));
    for (int64_t i = member.part; i < end; i += s.team.height)
      write(dx + first + i,
            (read(flows.dy[first + i]) * flows.gamma[i] - offset - flows.normalized(first + i, row) * slope) *
                flows.scale(row));
  }
}

class LayerNormBackwardKernel : public OwnKernel {
 public:
  LayerNormBackwardKernel(const KernelSpec& spec, const QueuePtr& queue)
      : OwnKernel(queue),
        dtype_(spec.inputs[1].dtype),
        samples_(spec, 1, 2),
        reducer_({samples_.rows, samples_.n}, {true, false}),
        outputs_(spec.outputs.size()) {}

  size_t scratchBytes() const override { return reducer_.scratchBytes<WeightTerms<float>>(); }

  void run(const void* const* inputs, void* const* outputs, void* scratch) override {
    withFloatType(dtype_, [&](auto number) {
      using T = decltype(number);
      const auto vector = [&](size_t i) { return static_cast<const float*>(inputs[i]); };
      const Flows<T> flows{static_cast<const T*>(inputs[0]),
                           static_cast<const T*>(inputs[1]),
                           vector(2),
                           vector(3),
                           vector(4),
                           samples_.epsilon};
      // First, since the gradient of x may be written over its inputs.
      if (outputs_ > 1)
        reducer_.run(stream(), WeightTerms<T>{flows},
                     WeightSink{static_cast<float*>(outputs[1]),
                                static_cast<float*>(outputs_ > 2 ? outputs[2] : nullptr)},
                     scratch);
      if (samples_.rows > 0)
        launch(stream(), samples_.size(sizeof(Pair)), rowGradients<T>, samples_, flows,
               static_cast<T*>(outputs[0]), queue_->refusal());
    });
  }

 private:
  DType dtype_;
  Samples samples_;
  Reducer reducer_;
  size_t outputs_;
};

// A number is read, by the thread that writes it, before it is written.
template <size_t x>
bool layerNormInPlace(const KernelSpec& spec, size_t output, size_t input) {
  return output == 0 && input <= x && spec.inputs[input] == spec.outputs[0];
}

}  // namespace

void addLayerNorms(KernelTable& table) {
  table["layerNormalization"] = {makeKernel<LayerNormKernel>, layerNormInPlace<0>, nullptr,
                                 spec::firstOneDtype<0>};
  table["layerNormalizationBackward"] = {makeKernel<LayerNormBackwardKernel>, layerNormInPlace<1>, nullptr,
                                         spec::firstOneDtype<1>};
}

}  // namespace nodegrad::cuda
