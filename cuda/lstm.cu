#include "rnn.h"

namespace nodegrad::cuda {

namespace {

using namespace rnn;

constexpr int kGates = 4;

struct Outputs {
  float *sequence, *gates, *cells, *before;  // null: not wanted
};

__global__ void stepForward(Sequence s, int64_t k, const float* x, const float* kernel, const float* h,
                            float* next, float* c, Outputs out) {
  const int64_t u = s.units;
  for (int64_t item = blockIdx.x; item < s.rowTiles() * s.unitTiles(); item += gridDim.x) {
    const Place place(s, item);
    float sums[kRowsEach][kGates];
    multiply(s, place, forwards(s, h, kernel, 0, s.mask != nullptr), sums);
    forRows(s, place, [&](int64_t row, int r) {
      const int64_t own = row * u + place.unit, at = s.at(row, k, u) + place.unit;
      const int64_t first = s.at(row, k, s.columns()) + place.unit;
      const bool counts = s.counts(row, k);
      const float i = sigmoid(sums[r][0] + x[first]), f = sigmoid(sums[r][1] + x[first + u]),
                  g = tanhf(sums[r][2] + x[first + 2 * u]), o = sigmoid(sums[r][3] + x[first + 3 * u]);
      const float before = h[own], cell = counts ? f * c[own] + i * g : c[own];
      const float after = counts ? o * tanhf(cell) : before;
      c[own] = cell;
      next[own] = after;
      if (out.gates) {
        const float gates[] = {i, f, g, o};
        for (int gate = 0; gate < kGates; ++gate) out.gates[first + gate * u] = counts ? gates[gate] : 0.0f;
      }
      if (out.cells) out.cells[at] = cell;
      if (out.before) out.before[at] = before;
      if (out.sequence) out.sequence[(row * s.steps + k) * u + place.unit] = s.gives(row, k) ? after : 0.0f;
    });
  }
}

class LstmKernel : public RecurrentKernel {
 public:
  LstmKernel(const KernelSpec& spec, const QueuePtr& queue) : RecurrentKernel(spec, queue, kGates, false) {
    for (State& state : h_) state = takeState();
    c_ = takeState();
  }

  void run(const void* const* inputs, void* const* outputs, void* scratch) override {
    if (isEmpty()) return;
    const auto in = [&](size_t i) { return static_cast<const float*>(inputs[i]); };
    const Sequence s = sequence(inputs, scratch);
    float *h[] = {at(scratch, h_[0]), at(scratch, h_[1])}, *c = at(scratch, c_);
    setState(h[0], inputs_ > 2 ? in(2) : nullptr);
    setState(c, inputs_ > 2 ? in(3) : nullptr);
    const Outputs out{static_cast<float*>(sequences_ ? outputs[0] : nullptr), output(outputs, 2),
                      output(outputs, 3), output(outputs, 4)};
    for (int64_t k = 0; k < s.steps; ++k)
      launch(stream(), s.size(kGates), stepForward, s, k, in(0), in(1), static_cast<const float*>(h[k % 2]),
             h[1 - k % 2], c, out);
    putState(h[s.steps % 2], output(outputs, 0));
    putState(c, output(outputs, 1));
  }

 private:
  State h_[2], c_;
};

struct Kept {
  const float *gates, *cells, *firstC;  // firstC: null for zeros
};

// k: -1 after the first step, where the gradients of the first h and c are left.
__global__ void stepBackward(Sequence s, int64_t k, Kept kept, const float* kernelT, const float* dy,
                             float* dh, float* dc, float* dx) {
  const int64_t u = s.units;
  for (int64_t item = blockIdx.x; item < s.rowTiles() * s.unitTiles(); item += gridDim.x) {
    const Place place(s, item);
    float sums[kRowsEach][kGates];
    if (k + 1 < s.steps) multiply(s, place, back(s, dx, k + 1, kernelT, 0), sums);
    forRows(s, place, [&](int64_t row, int r) {
      const int64_t own = row * u + place.unit;
      float flow = dh[own];
      if (k + 1 < s.steps && s.counts(row, k + 1)) flow = joined(s, row, place.unit, 0, sums[r]);
      if (k >= 0 && dy && s.gives(row, k)) flow += dy[(row * s.steps + k) * u + place.unit];
      dh[own] = flow;
      if (k < 0) return;
      const int64_t first = s.at(row, k, s.columns()) + place.unit;
      const bool counts = s.counts(row, k);
      const float i = kept.gates[first], f = kept.gates[first + u], g = kept.gates[first + 2 * u],
                  o = kept.gates[first + 3 * u], t = tanhf(kept.cells[s.at(row, k, u) + place.unit]);
      const float before = k > 0         ? kept.cells[s.at(row, k - 1, u) + place.unit]
                           : kept.firstC ? kept.firstC[own]
                                         : 0.0f;
      const float cell = dc[own] + flow * o * (1.0f - t * t);
      const float dz[] = {cell * g * i * (1.0f - i), cell * before * f * (1.0f - f),
                          cell * i * (1.0f - g * g), flow * t * o * (1.0f - o)};
      for (int gate = 0; gate < kGates; ++gate) dx[first + gate * u] = counts ? dz[gate] : 0.0f;
      if (counts) dc[own] = cell * f;
    });
  }
}

class LstmBackwardKernel : public RecurrentKernel {
 public:
  LstmBackwardKernel(const KernelSpec& spec, const QueuePtr& queue)
      : RecurrentKernel(spec, queue, kGates, true) {}

  void run(const void* const* inputs, void* const* outputs, void* scratch) override {
    if (isEmpty()) return;
    const auto in = [&](size_t i) { return static_cast<const float*>(inputs[i]); };
    const Sequence s = sequence(inputs, scratch);
    const float* kernelT = transposed(in(2), scratch);
    const size_t firstC = sequences_ ? 6 : 5;
    const Kept kept{in(0), in(1), inputs_ > firstC ? in(firstC) : nullptr};
    auto *dx = static_cast<float*>(outputs[0]), *dh = static_cast<float*>(outputs[1]),
         *dc = static_cast<float*>(outputs[2]);
    setState(dh, in(3));
    setState(dc, in(4));
    for (int64_t k = s.steps - 1; k >= -1; --k)
      launch(stream(), s.size(kGates), stepBackward, s, k, kept, kernelT, sequences_ ? in(5) : nullptr, dh,
             dc, dx);
  }
};

bool supportsBackward(const KernelSpec& spec) { return spec.outputs.size() == 3; }

}  // namespace

void addLstm(KernelTable& table) {
  table["lstm"] = {makeKernel<LstmKernel>};
  table["lstmBackward"] = {makeKernel<LstmBackwardKernel>, nullptr, supportsBackward};
}

}  // namespace nodegrad::cuda
