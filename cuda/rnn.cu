#include "rnn.h"

namespace nodegrad::cuda::rnn {

namespace {

__global__ void findFirsts(Sequence s, int32_t* firsts) {
  for (int64_t row = firstIndex<int64_t>(); row < s.n; row += indexStep<int64_t>()) {
    int64_t k = 0;
    while (k < s.steps && !s.counts(row, k)) ++k;
    firsts[row] = static_cast<int32_t>(k);
  }
}

// kernel [units, gates · units] to [gates, units of the gate, units of the state].
__global__ void transposeGates(Sequence s, const float* kernel, float* to) {
  const int64_t u = s.units;
  for (int64_t i = firstIndex<int64_t>(); i < s.gates * u * u; i += indexStep<int64_t>()) {
    const int64_t state = i % u, unit = i / u % u, gate = i / u / u;
    to[i] = kernel[state * s.columns() + gate * u + unit];
  }
}

}  // namespace

RecurrentKernel::RecurrentKernel(const KernelSpec& spec, const QueuePtr& queue, int64_t gates, bool backward)
    : OwnKernel(queue),
      s_{spec.inputs[0].shape[0],           spec.inputs[0].shape[1],
         spec.inputs[0].shape[2] / gates,   gates,
         spec.attrs.boolean("goBackwards"), spec.attrs.boolean("zeroOutput")},
      sequences_(spec.attrs.boolean("returnSequences")),
      outputs_(spec.outputs.size()),
      masked_(spec.attrs.boolean("masked")),
      stepMask_(spec.attrs.boolean("stepMask")) {
  inputs_ = spec.inputs.size() - (masked_ ? 1 : 0) - (stepMask_ ? 1 : 0);
  firsts_ = words_;
  words_ += s_.n;
  transposed_ = words_;
  if (backward) words_ += gates * s_.units * s_.units;
}

RecurrentKernel::State RecurrentKernel::takeState() {
  const State state{words_};
  words_ += s_.n * s_.units;
  return state;
}

Sequence RecurrentKernel::sequence(const void* const* inputs, void* scratch) const {
  Sequence s = s_;
  if (masked_) s.mask = static_cast<const float*>(inputs[inputs_]);
  if (!stepMask_) return s;
  auto* firsts = static_cast<int32_t*>(scratch) + firsts_;
  s.counted = static_cast<const uint8_t*>(inputs[inputs_ + (masked_ ? 1 : 0)]);
  launch(stream(), {blocksFor(s.n)}, findFirsts, s, firsts);
  s.firsts = firsts;
  return s;
}

const float* RecurrentKernel::transposed(const float* kernel, void* scratch) const {
  float* to = static_cast<float*>(scratch) + transposed_;
  launch(stream(), {blocksFor(s_.gates * s_.units * s_.units)}, transposeGates, s_, kernel, to);
  return to;
}

void RecurrentKernel::setState(float* state, const float* from) const {
  const size_t bytes = static_cast<size_t>(s_.n * s_.units) * sizeof(float);
  if (from)
    check(cudaMemcpyAsync(state, from, bytes, cudaMemcpyDeviceToDevice, stream()));
  else
    check(cudaMemsetAsync(state, 0, bytes, stream()));
}

void RecurrentKernel::putState(const float* state, float* to) const {
  if (to) setState(to, state);
}

}  // namespace nodegrad::cuda::rnn
