#include "cpu/kernel_table.h"
#include "cpu/rnn.h"

namespace nodegrad {

namespace {

using rnn::PackedMatrix;

constexpr int64_t kGates = 3;

// With the reset gate behind the product there is one product a step, else one for the gates and one for the
// candidate.
class GruKernel : public rnn::RecurrentKernel {
 public:
  explicit GruKernel(const KernelSpec& spec)
      : RecurrentKernel(spec, kGates, kGates + 2),
        resetAfter_(spec.attrs.boolean("resetAfter")),
        first_(gateMatrix(resetAfter_ ? 3 : 2, false)),
        hasState_(spec.inputs.size() > (resetAfter_ ? 3U : 2U)) {
    if (!resetAfter_) second_.emplace(gateMatrix(1, false));
  }

  void run(void* const* inputs, void* const* outputs, void* memory) override {
    auto* scratch = static_cast<float*>(memory);
    const auto in = [&](size_t i) { return static_cast<const float*>(inputs[i]); };
    void* const* kept = outputs + (sequences_ ? 1 : 0);
    Tensors t;
    t.x = in(0);
    t.bias = resetAfter_ ? in(2) : nullptr;
    t.firstH = hasState_ ? in(resetAfter_ ? 3 : 2) : nullptr;
    t.sequence = sequences_ ? static_cast<float*>(outputs[0]) : nullptr;
    t.lastH = static_cast<float*>(kept[0]);
    t.gates = static_cast<float*>(kept[1]);
    t.inner = static_cast<float*>(kept[2]);
    t.before = static_cast<float*>(kept[3]);
    t.packed = scratch;
    pack(first_, scratch, in(1), kGates, 0, false);
    if (second_) pack(*second_, scratch + first_.floats(), in(1), kGates, 2, false);
    forParts(scratch, [&](int64_t first, int64_t rows, float* mine) { runPart(t, first, rows, mine); });
  }

 private:
  struct Tensors {
    const float *x, *bias, *firstH, *packed;
    float *sequence, *lastH, *gates, *inner, *before;
  };

  void runPart(const Tensors& t, int64_t first, int64_t rows, float* mine) const {
    const int64_t u = s_.units, w = s_.width;
    float *h = mine, *product = h + rows * w, *reset = product + kGates * rows * w;
    for (int64_t r = 0; r < rows; ++r) takeRow(t.firstH, first + r, h + r * w);
    for (int64_t k = 0; k < s_.steps; ++k) {
      const auto step = [&](int64_t r, int64_t stride) -> GruStep {
        const int64_t here = s_.at(first + r, s_.place(k), u);
        return {product + r * stride, t.x + here * kGates, t.bias,       t.gates + here * kGates,
                t.inner + here,       h + r * w,           reset + r * w};
      };
      for (int64_t r = 0; r < rows; ++r) putRow(h + r * w, t.before + s_.at(first + r, s_.place(k), u));
      const int64_t stride = (resetAfter_ ? kGates : 2) * w;
      first_.multiply(t.packed, h, w, rows, product, stride);
      if (resetAfter_) {
        for (int64_t r = 0; r < rows; ++r) isa_.rnn->gru(widths_, step(r, stride));
      } else {
        for (int64_t r = 0; r < rows; ++r) isa_.rnn->gruGates(widths_, step(r, stride));
        second_->multiply(t.packed + first_.floats(), reset, w, rows, product, w);
        for (int64_t r = 0; r < rows; ++r) isa_.rnn->gruCandidate(widths_, step(r, w));
      }
      for (int64_t r = 0; t.sequence && r < rows; ++r) putRow(h + r * w, t.sequence + s_.at(first + r, k, u));
    }
    for (int64_t r = 0; r < rows; ++r) putRow(h + r * w, t.lastH + (first + r) * u);
  }

  bool resetAfter_;
  PackedMatrix first_;
  std::optional<PackedMatrix> second_;
  bool hasState_;
};

class GruBackwardKernel : public rnn::RecurrentKernel {
 public:
  explicit GruBackwardKernel(const KernelSpec& spec)
      : RecurrentKernel(spec, kGates, kGates + 2),
        resetAfter_(spec.attrs.boolean("resetAfter")),
        first_(gateMatrix(resetAfter_ ? 3 : 2, true)) {
    if (!resetAfter_) second_.emplace(gateMatrix(1, true));
  }

  void run(void* const* inputs, void* const* outputs, void* memory) override {
    auto* scratch = static_cast<float*>(memory);
    const auto in = [&](size_t i) { return static_cast<const float*>(inputs[i]); };
    Tensors t;
    t.gates = in(0);
    t.before = in(1);
    t.dLastH = in(3);
    t.inner = resetAfter_ ? in(4) : nullptr;
    t.dSequence = sequences_ ? in(resetAfter_ ? 5 : 4) : nullptr;
    t.packed = scratch;
    t.zeros = zeros(scratch);
    t.dx = static_cast<float*>(outputs[0]);
    t.dProduct = resetAfter_ ? static_cast<float*>(outputs[1]) : nullptr;
    t.dFirstH = static_cast<float*>(outputs[resetAfter_ ? 2 : 1]);
    pack(first_, scratch, in(2), kGates, 0, true);
    if (second_) pack(*second_, scratch + first_.floats(), in(2), kGates, 2, true);
    forParts(scratch, [&](int64_t first, int64_t rows, float* mine) { runPart(t, first, rows, mine); });
  }

 private:
  struct Tensors {
    const float *gates, *before, *dLastH, *inner, *dSequence, *packed, *zeros;
    float *dx, *dProduct, *dFirstH;
  };

  void runPart(const Tensors& t, int64_t first, int64_t rows, float* mine) const {
    const int64_t u = s_.units, w = s_.width;
    float *dh = mine, *carried = dh + rows * w, *dz = carried + rows * w;
    for (int64_t r = 0; r < rows; ++r) {
      takeRow(t.dLastH, first + r, dh + r * w);
      takeRow(nullptr, 0, carried + r * w);
    }
    for (int64_t k = s_.steps - 1; k >= 0; --k) {
      const auto step = [&](int64_t r) -> GruBackwardStep {
        const int64_t here = s_.at(first + r, s_.place(k), u);
        return {t.gates + here * kGates,
                resetAfter_ ? t.inner + here : nullptr,
                t.before + here,
                t.dSequence ? t.dSequence + s_.at(first + r, k, u) : t.zeros,
                dh + r * w,
                carried + r * w,
                dz + r * kGates * w,
                t.dx + here * kGates,
                resetAfter_ ? t.dProduct + here * kGates : nullptr};
      };
      if (resetAfter_) {
        for (int64_t r = 0; r < rows; ++r) isa_.rnn->gruBackward(widths_, step(r));
      } else {
        for (int64_t r = 0; r < rows; ++r) isa_.rnn->gruCandidateBackward(widths_, step(r));
        second_->multiply(t.packed + first_.floats(), dz + 2 * w, kGates * w, rows, dh, w);
        for (int64_t r = 0; r < rows; ++r) isa_.rnn->gruGatesBackward(widths_, step(r));
      }
      first_.multiply(t.packed, dz, kGates * w, rows, dh, w);
    }
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t j = 0; j < u; ++j) t.dFirstH[(first + r) * u + j] = dh[r * w + j] + carried[r * w + j];
  }

  bool resetAfter_;
  PackedMatrix first_;
  std::optional<PackedMatrix> second_;
};

// The gates take the place of x, and the gradient of x that of the gates.
bool gatesInPlace(const KernelSpec& spec, size_t output, size_t input) {
  const size_t gates = spec.op == "gruBackward" ? 0 : spec.attrs.boolean("returnSequences") ? 2 : 1;
  return input == 0 && output == gates;
}

}  // namespace

void registerGruKernels(KernelTable& table) {
  table["gru"] = {rnn::make<GruKernel>, nullptr, gatesInPlace};
  table["gruBackward"] = {rnn::make<GruBackwardKernel>, nullptr, gatesInPlace};
}

}  // namespace nodegrad
