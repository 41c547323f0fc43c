#include "cpu/kernel_table.h"
#include "cpu/rnn.h"

namespace nodegrad {

namespace {

using rnn::PackedMatrix;

constexpr int64_t kGates = 4;

class LstmKernel : public rnn::RecurrentKernel {
 public:
  explicit LstmKernel(const KernelSpec& spec)
      : RecurrentKernel(spec, kGates, kGates + 1),
        matrix_(gateMatrix(kGates, false)),
        hasState_(spec.inputs.size() > 2) {}

  void run(void* const* inputs, void* const* outputs, void* memory) override {
    auto* scratch = static_cast<float*>(memory);
    Tensors t;
    t.x = static_cast<const float*>(inputs[0]);
    t.firstH = hasState_ ? static_cast<const float*>(inputs[2]) : nullptr;
    t.firstC = hasState_ ? static_cast<const float*>(inputs[3]) : nullptr;
    void* const* kept = outputs + (sequences_ ? 1 : 0);
    t.sequence = sequences_ ? static_cast<float*>(outputs[0]) : nullptr;
    t.lastH = static_cast<float*>(kept[0]);
    t.lastC = static_cast<float*>(kept[1]);
    t.gates = static_cast<float*>(kept[2]);
    t.c = static_cast<float*>(kept[3]);
    t.before = static_cast<float*>(kept[4]);
    t.packed = scratch;
    t.zeros = zeros(scratch);
    pack(matrix_, scratch, static_cast<const float*>(inputs[1]), kGates, 0, false);
    forParts(scratch, [&](int64_t first, int64_t rows, float* mine) { runPart(t, first, rows, mine); });
  }

 private:
  struct Tensors {
    const float *x, *firstH, *firstC, *packed;
    float *zeros, *sequence, *lastH, *lastC, *gates, *c, *before;
  };

  void runPart(const Tensors& t, int64_t first, int64_t rows, float* mine) const {
    const int64_t u = s_.units, w = s_.width;
    float *h = mine, *product = mine + rows * w;
    for (int64_t r = 0; r < rows; ++r) takeRow(t.firstH, first + r, h + r * w);
    const auto cBefore = [&](int64_t k, int64_t sample) -> const float* {
      if (k > 0) return t.c + s_.at(sample, s_.place(k - 1), u);
      return t.firstC ? t.firstC + sample * u : t.zeros;
    };
    for (int64_t k = 0; k < s_.steps; ++k) {
      matrix_.multiply(t.packed, h, w, rows, product, kGates * w);
      for (int64_t r = 0; r < rows; ++r) {
        const int64_t sample = first + r, here = s_.at(sample, s_.place(k), u);
        putRow(h + r * w, t.before + here);
        isa_.rnn->lstm(widths_, {product + r * kGates * w, t.x + here * kGates, cBefore(k, sample),
                                 t.gates + here * kGates, t.c + here, h + r * w});
        if (t.sequence) putRow(h + r * w, t.sequence + s_.at(sample, k, u));
      }
    }
    for (int64_t r = 0; r < rows; ++r) {
      putRow(h + r * w, t.lastH + (first + r) * u);
      putRow(cBefore(s_.steps, first + r), t.lastC + (first + r) * u);
    }
  }

  PackedMatrix matrix_;
  bool hasState_;
};

class LstmBackwardKernel : public rnn::RecurrentKernel {
 public:
  explicit LstmBackwardKernel(const KernelSpec& spec)
      : RecurrentKernel(spec, kGates, kGates + 2),
        matrix_(gateMatrix(kGates, true)),
        firstC_(spec.inputs.size() > (sequences_ ? 6U : 5U) ? spec.inputs.size() - 1 : 0) {}

  void run(void* const* inputs, void* const* outputs, void* memory) override {
    auto* scratch = static_cast<float*>(memory);
    const auto in = [&](size_t i) { return static_cast<const float*>(inputs[i]); };
    Tensors t;
    t.gates = in(0);
    t.c = in(1);
    t.dLastH = in(3);
    t.dLastC = in(4);
    t.dSequence = sequences_ ? in(5) : nullptr;
    t.firstC = firstC_ ? in(firstC_) : nullptr;
    t.dx = static_cast<float*>(outputs[0]);
    t.dFirstH = static_cast<float*>(outputs[1]);
    t.dFirstC = static_cast<float*>(outputs[2]);
    t.packed = scratch;
    t.zeros = zeros(scratch);
    pack(matrix_, scratch, in(2), kGates, 0, true);
    forParts(scratch, [&](int64_t first, int64_t rows, float* mine) { runPart(t, first, rows, mine); });
  }

 private:
  struct Tensors {
    const float *gates, *c, *dLastH, *dLastC, *dSequence, *firstC, *packed;
    float *zeros, *dx, *dFirstH, *dFirstC;
  };

  void runPart(const Tensors& t, int64_t first, int64_t rows, float* mine) const {
    const int64_t u = s_.units, w = s_.width;
    float *dh = mine, *dc = dh + rows * w, *dz = dc + rows * w;
    for (int64_t r = 0; r < rows; ++r) {
      takeRow(t.dLastH, first + r, dh + r * w);
      takeRow(t.dLastC, first + r, dc + r * w);
    }
    for (int64_t k = s_.steps - 1; k >= 0; --k) {
      for (int64_t r = 0; r < rows; ++r) {
        const int64_t sample = first + r, here = s_.at(sample, s_.place(k), u);
        const float* before = k > 0      ? t.c + s_.at(sample, s_.place(k - 1), u)
                              : t.firstC ? t.firstC + sample * u
                                         : t.zeros;
        const float* dy = t.dSequence ? t.dSequence + s_.at(sample, k, u) : t.zeros;
        isa_.rnn->lstmBackward(widths_, {t.gates + here * kGates, t.c + here, before, dy, dh + r * w,
                                         dc + r * w, dz + r * kGates * w, t.dx + here * kGates});
      }
      matrix_.multiply(t.packed, dz, kGates * w, rows, dh, w);
    }
    for (int64_t r = 0; r < rows; ++r) {
      putRow(dh + r * w, t.dFirstH + (first + r) * u);
      putRow(dc + r * w, t.dFirstC + (first + r) * u);
    }
  }

  PackedMatrix matrix_;
  size_t firstC_;
};

// The gates take the place of x, and the gradient of x that of the gates.
bool gatesInPlace(const KernelSpec& spec, size_t output, size_t input) {
  const size_t gates = spec.op == "lstmBackward" ? 0 : spec.attrs.boolean("returnSequences") ? 3 : 2;
  return input == 0 && output == gates;
}

}  // namespace

void registerLstmKernels(KernelTable& table) {
  table["lstm"] = {rnn::make<LstmKernel>, nullptr, gatesInPlace};
  table["lstmBackward"] = {rnn::make<LstmBackwardKernel>, nullptr, gatesInPlace};
}

}  // namespace nodegrad
