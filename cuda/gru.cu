#include "rnn.h"

namespace nodegrad::cuda {

namespace {

using namespace rnn;

constexpr int kGates = 3;

struct Outputs {
  float *sequence, *gates, *inner, *before;  // null: not wanted
};

// What a step leaves of a unit. gates: update, reset, candidate; inner: what the reset gate multiplies or has
// multiplied.
__device__ inline float keepStep(const Sequence& s, int64_t row, int64_t k, int64_t unit, float h,
                                 const float (&gates)[kGates], float inner, const Outputs& out) {
  const int64_t u = s.units, at = s.at(row, k, u) + unit, first = s.at(row, k, s.columns()) + unit;
  const bool counts = s.counts(row, k);
  const float after = counts ? gates[0] * h + (1.0f - gates[0]) * gates[2] : h;
  for (int gate = 0; out.gates && gate < kGates; ++gate)
    out.gates[first + gate * u] = counts ? gates[gate] : 0.0f;
  if (out.inner) out.inner[at] = counts ? inner : 0.0f;
  if (out.before) out.before[at] = h;
  if (out.sequence) out.sequence[(row * s.steps + k) * u + unit] = s.gives(row, k) ? after : 0.0f;
  return after;
}

__global__ void stepResetAfter(Sequence s, int64_t k, const float* x, const float* kernel, const float* bias,
                               const float* h, float* next, Outputs out) {
  const int64_t u = s.units;
  for (int64_t item = blockIdx.x; item < s.rowTiles() * s.unitTiles(); item += gridDim.x) {
    const Place place(s, item);
    float sums[kRowsEach][kGates];
    multiply(s, place, forwards(s, h, kernel, 0, s.mask != nullptr), sums);
    forRows(s, place, [&](int64_t row, int r) {
      const int64_t own = row * u + place.unit, first = s.at(row, k, s.columns()) + place.unit;
      const auto product = [&](int gate) { return sums[r][gate] + bias[gate * u + place.unit]; };
      const float z = sigmoid(product(0) + x[first]), reset = sigmoid(product(1) + x[first + u]),
                  q = product(2), g = tanhf(x[first + 2 * u] + reset * q);
      next[own] = keepStep(s, row, k, place.unit, h[own], {z, reset, g}, q, out);
    });
  }
}

// Without resetAfter a step has two launches, since the candidate's product takes what the reset gate has
// multiplied of all units.
struct Between {
  float *update, *reset, *met;  // [n, units]
};
__global__ void stepGates(Sequence s, int64_t k, const float* x, const float* kernel, const float* h,
                          Between between) {
  for (int64_t item = blockIdx.x; item < s.rowTiles() * s.unitTiles(); item += gridDim.x) {
    const Place place(s, item);
    float sums[kRowsEach][2];
    multiply(s, place, forwards(s, h, kernel, 0, s.mask != nullptr), sums);
    forRows(s, place, [&](int64_t row, int r) {
      const int64_t own = row * s.units + place.unit, first = s.at(row, k, s.columns()) + place.unit;
      between.update[own] = sigmoid(sums[r][0] + x[first]);
      between.reset[own] = sigmoid(sums[r][1] + x[first + s.units]);
      between.met[own] = between.reset[own] * (h[own] * s.maskAt(row, 2, place.unit));
    });
  }
}
__global__ void stepCandidate(Sequence s, int64_t k, const float* x, const float* kernel, const float* h,
                              Between between, float* next, Outputs out) {
  for (int64_t item = blockIdx.x; item < s.rowTiles() * s.unitTiles(); item += gridDim.x) {
    const Place place(s, item);
    float sums[kRowsEach][1];
    multiply(s, place, forwards(s, between.met, kernel, 2, false), sums);
    forRows(s, place, [&](int64_t row, int r) {
      const int64_t own = row * s.units + place.unit;
      const float g = tanhf(sums[r][0] + x[s.at(row, k, s.columns()) + 2 * s.units + place.unit]);
      next[own] = keepStep(s, row, k, place.unit, h[own], {between.update[own], between.reset[own], g},
                           between.met[own], out);
    });
  }
}

class GruKernel : public RecurrentKernel {
 public:
  GruKernel(const KernelSpec& spec, const QueuePtr& queue)
      : RecurrentKernel(spec, queue, kGates, false), resetAfter_(spec.attrs.boolean("resetAfter")) {
    for (State& state : h_) state = takeState();
    if (!resetAfter_)
      for (State& state : between_) state = takeState();
  }

  void run(const void* const* inputs, void* const* outputs, void* scratch) override {
    if (isEmpty()) return;
    const auto in = [&](size_t i) { return static_cast<const float*>(inputs[i]); };
    const Sequence s = sequence(inputs, scratch);
    float* h[] = {at(scratch, h_[0]), at(scratch, h_[1])};
    const size_t state = resetAfter_ ? 3 : 2;
    setState(h[0], inputs_ > state ? in(state) : nullptr);
    const Outputs out{static_cast<float*>(sequences_ ? outputs[0] : nullptr), output(outputs, 1),
                      output(outputs, 2), output(outputs, 3)};
    for (int64_t k = 0; k < s.steps; ++k) {
      const float* before = h[k % 2];
      float* next = h[1 - k % 2];
      if (resetAfter_) {
        launch(stream(), s.size(kGates), stepResetAfter, s, k, in(0), in(1), in(2), before, next, out);
        continue;
      }
      const Between between{at(scratch, between_[0]), at(scratch, between_[1]), at(scratch, between_[2])};
      launch(stream(), s.size(2), stepGates, s, k, in(0), in(1), before, between);
      launch(stream(), s.size(1), stepCandidate, s, k, in(0), in(1), before, between, next, out);
    }
    putState(h[s.steps % 2], output(outputs, 0));
  }

 private:
  bool resetAfter_;
  State h_[2], between_[3];
};

// What the way back reads, and the gradient of h that goes past the products.
struct Kept {
  const float *gates, *before, *inner, *kernelT, *dy;
  float* carried;
};

// The gradient of h at step k, from the products of the step that was done before.
template <int G>
__device__ inline float flowOf(const Sequence& s, const Kept& kept, const Place& place, int64_t row,
                               int64_t k, const float (&sums)[G]) {
  float flow = kept.carried[row * s.units + place.unit];
  if (k + 1 < s.steps && s.counts(row, k + 1)) flow += joined(s, row, place.unit, 0, sums);
  if (k >= 0 && kept.dy && s.gives(row, k)) flow += kept.dy[(row * s.steps + k) * s.units + place.unit];
  return flow;
}

// k: -1 after the first step, where the gradient of the first h is left in `carried`. resetAfter: with
// dProducts, what the products get; else the gates' kernel, which leaves out the reset gate.
template <bool resetAfter>
__global__ void stepBackward(Sequence s, int64_t k, Kept kept, float* dx, float* dProducts) {
  constexpr int kProducts = resetAfter ? kGates : 2;
  const int64_t u = s.units;
  for (int64_t item = blockIdx.x; item < s.rowTiles() * s.unitTiles(); item += gridDim.x) {
    const Place place(s, item);
    float sums[kRowsEach][kProducts];
    if (k + 1 < s.steps)
      multiply(s, place, back(s, resetAfter ? dProducts : dx, k + 1, kept.kernelT, 0), sums);
    forRows(s, place, [&](int64_t row, int r) {
      const float flow = flowOf(s, kept, place, row, k, sums[r]);
      float& carried = kept.carried[row * u + place.unit];
      carried = flow;
      if (k < 0) return;
      const int64_t first = s.at(row, k, s.columns()) + place.unit, at = s.at(row, k, u) + place.unit;
      const bool counts = s.counts(row, k);
      const float z = kept.gates[first], reset = kept.gates[first + u], g = kept.gates[first + 2 * u];
      const float dz = counts ? flow * (kept.before[at] - g) * z * (1.0f - z) : 0.0f;
      const float dg = counts ? flow * (1.0f - z) * (1.0f - g * g) : 0.0f;
      dx[first] = dz;
      dx[first + 2 * u] = dg;
      if (counts) carried = flow * z;
      if (!resetAfter) return;
      const float dr = counts ? dg * kept.inner[at] * reset * (1.0f - reset) : 0.0f;
      dx[first + u] = dr;
      dProducts[first] = dz;
      dProducts[first + u] = dr;
      dProducts[first + 2 * u] = dg * reset;
    });
  }
}

// The reset gate's part, without resetAfter.
__global__ void stepResetBackward(Sequence s, int64_t k, Kept kept, float* dx) {
  const int64_t u = s.units;
  for (int64_t item = blockIdx.x; item < s.rowTiles() * s.unitTiles(); item += gridDim.x) {
    const Place place(s, item);
    float sums[kRowsEach][1];
    multiply(s, place, back(s, dx, k, kept.kernelT, 2), sums);
    forRows(s, place, [&](int64_t row, int r) {
      const int64_t first = s.at(row, k, s.columns()) + place.unit;
      const bool counts = s.counts(row, k);
      const float reset = kept.gates[first + u], dReset = joined(s, row, place.unit, 2, sums[r]);
      dx[first + u] =
          counts ? dReset * kept.before[s.at(row, k, u) + place.unit] * reset * (1.0f - reset) : 0.0f;
      if (counts) kept.carried[row * u + place.unit] += dReset * reset;
    });
  }
}

class GruBackwardKernel : public RecurrentKernel {
 public:
  GruBackwardKernel(const KernelSpec& spec, const QueuePtr& queue)
      : RecurrentKernel(spec, queue, kGates, true), resetAfter_(spec.attrs.boolean("resetAfter")) {}

  void run(const void* const* inputs, void* const* outputs, void* scratch) override {
    if (isEmpty()) return;
    const auto in = [&](size_t i) { return static_cast<const float*>(inputs[i]); };
    const Sequence s = sequence(inputs, scratch);
    auto* dx = static_cast<float*>(outputs[0]);
    auto* dProducts = static_cast<float*>(resetAfter_ ? outputs[1] : nullptr);
    const Kept kept{in(0),
                    in(1),
                    resetAfter_ ? in(4) : nullptr,
                    transposed(in(2), scratch),
                    sequences_ ? in(resetAfter_ ? 5 : 4) : nullptr,
                    static_cast<float*>(outputs[resetAfter_ ? 2 : 1])};
    setState(kept.carried, in(3));
    for (int64_t k = s.steps - 1; k >= -1; --k) {
      launch(stream(), s.size(kGates), resetAfter_ ? stepBackward<true> : stepBackward<false>, s, k, kept, dx,
             dProducts);
      if (!resetAfter_ && k >= 0) launch(stream(), s.size(1), stepResetBackward, s, k, kept, dx);
    }
  }

 private:
  bool resetAfter_;
};

bool supportsBackward(const KernelSpec& spec) {
  return spec.outputs.size() == (spec.attrs.boolean("resetAfter") ? 3u : 2u);
}

}  // namespace

void addGru(KernelTable& table) {
  table["gru"] = {makeKernel<GruKernel>};
  table["gruBackward"] = {makeKernel<GruBackwardKernel>, nullptr, supportsBackward};
}

}  // namespace nodegrad::cuda
