#include "rnn.h"

namespace nodegrad::cuda {

namespace {

using namespace rnn;

struct Outputs {
  float *sequence, *after, *before;  // null: not wanted
};

__global__ void stepForward(Sequence s, int64_t k, const float* x, const float* kernel, const float* h,
                            float* next, Outputs out) {
  for (int64_t item = blockIdx.x; item < s.rowTiles() * s.unitTiles(); item += gridDim.x) {
    const Place place(s, item);
    float sums[kRowsEach][1];
    multiply(s, place, forwards(s, h, kernel, 0, s.mask != nullptr), sums);
    forRows(s, place, [&](int64_t row, int r) {
      const int64_t at = s.at(row, k, s.units) + place.unit, own = row * s.units + place.unit;
      const float before = h[own], after = s.counts(row, k) ? tanhf(sums[r][0] + x[at]) : before;
      next[own] = after;
      if (out.before) out.before[at] = before;
      if (out.after) out.after[at] = after;
      if (out.sequence)
        out.sequence[(row * s.steps + k) * s.units + place.unit] = s.gives(row, k) ? after : 0.0f;
    });
  }
}

class SimpleRnnKernel : public RecurrentKernel {
 public:
  SimpleRnnKernel(const KernelSpec& spec, const QueuePtr& queue) : RecurrentKernel(spec, queue, 1, false) {
    for (State& state : h_) state = takeState();
  }

  void run(const void* const* inputs, void* const* outputs, void* scratch) override {
    if (isEmpty()) return;
    const auto in = [&](size_t i) { return static_cast<const float*>(inputs[i]); };
    const Sequence s = sequence(inputs, scratch);
    float* h[] = {at(scratch, h_[0]), at(scratch, h_[1])};
    setState(h[0], inputs_ > 2 ? in(2) : nullptr);
    const Outputs out{static_cast<float*>(sequences_ ? outputs[0] : nullptr), output(outputs, 1),
                      output(outputs, 2)};
    for (int64_t k = 0; k < s.steps; ++k)
      launch(stream(), s.size(1), stepForward, s, k, in(0), in(1), static_cast<const float*>(h[k % 2]),
             h[1 - k % 2], out);
    putState(h[s.steps % 2], output(outputs, 0));
  }

 private:
  State h_[2];
};

// k: -1 after the first step, where the gradient of the first h is left.
__global__ void stepBackward(Sequence s, int64_t k, const float* after, const float* kernelT, const float* dy,
                             float* dh, float* dx) {
  for (int64_t item = blockIdx.x; item < s.rowTiles() * s.unitTiles(); item += gridDim.x) {
    const Place place(s, item);
    float sums[kRowsEach][1];
    if (k + 1 < s.steps) multiply(s, place, back(s, dx, k + 1, kernelT, 0), sums);
    forRows(s, place, [&](int64_t row, int r) {
      const int64_t own = row * s.units + place.unit;
      float flow = dh[own];
      if (k + 1 < s.steps && s.counts(row, k + 1)) flow = joined(s, row, place.unit, 0, sums[r]);
      if (k >= 0) {
        if (dy && s.gives(row, k)) flow += dy[(row * s.steps + k) * s.units + place.unit];
        const int64_t at = s.at(row, k, s.units) + place.unit;
        const float h = after[at];
        dx[at] = s.counts(row, k) ? flow * (1.0f - h * h) : 0.0f;
      }
      dh[own] = flow;
    });
  }
}

class SimpleRnnBackwardKernel : public RecurrentKernel {
 public:
  SimpleRnnBackwardKernel(const KernelSpec& spec, const QueuePtr& queue)
      : RecurrentKernel(spec, queue, 1, true) {}

  void run(const void* const* inputs, void* const* outputs, void* scratch) override {
    if (isEmpty()) return;
    const auto in = [&](size_t i) { return static_cast<const float*>(inputs[i]); };
    const Sequence s = sequence(inputs, scratch);
    const float* kernelT = transposed(in(1), scratch);
    auto *dx = static_cast<float*>(outputs[0]), *dh = static_cast<float*>(outputs[1]);
    setState(dh, in(2));
    for (int64_t k = s.steps - 1; k >= -1; --k)
      launch(stream(), s.size(1), stepBackward, s, k, in(0), kernelT, sequences_ ? in(3) : nullptr, dh, dx);
  }
};

bool supportsBackward(const KernelSpec& spec) { return spec.outputs.size() == 2; }

}  // namespace

void addSimpleRnn(KernelTable& table) {
  table["simpleRnn"] = {makeKernel<SimpleRnnKernel>};
  table["simpleRnnBackward"] = {makeKernel<SimpleRnnBackwardKernel>, nullptr, supportsBackward};
}

}  // namespace nodegrad::cuda
