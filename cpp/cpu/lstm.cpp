#include <cstring>

#include "cpu/kernel_table.h"
#include "cpu/rnn.h"

namespace nodegrad {

namespace {

using rnn::PackedMatrix;
using rnn::Sequence;

constexpr int64_t kGates = 4;

// What both passes know. Scratch memory: the packed kernel, a row of zeros, then a piece for each thread.
class LstmBase : public Kernel {
 public:
  LstmBase(const KernelSpec& spec, int64_t depth, int64_t columns, int64_t rowFloats)
      : isa_(isaKernels()),
        s_(spec, kGates),
        widths_{s_.units, s_.width},
        matrix_(*isa_.rnn, depth, columns),
        partFloats_(s_.rows * rowFloats),
        sequences_(spec.attrs.boolean("returnSequences")) {}

  std::string implementation() const override { return std::string("own:") + isa_.name; }
  size_t scratchBytes() const override {
    return sizeof(float) * static_cast<size_t>(matrix_.floats() + s_.width +
                                               std::min<int64_t>(s_.threads, s_.parts) * partFloats_);
  }

 protected:
  float* zeros(float* scratch) const { return scratch + matrix_.floats(); }
  float* parts(float* scratch) const { return zeros(scratch) + s_.width; }
  // Row r of [n, units], or zeros where the tensor is missing.
  void takeRow(const float* tensor, int64_t r, float* to) const {
    std::memset(to, 0, sizeof(float) * static_cast<size_t>(s_.width));
    if (tensor) putRow(tensor + r * s_.units, to);
  }
  void putRow(const float* row, float* to) const {
    std::memcpy(to, row, sizeof(float) * static_cast<size_t>(s_.units));
  }

  const IsaKernels& isa_;
  Sequence s_;
  RnnWidths widths_;
  PackedMatrix matrix_;
  int64_t partFloats_;
  bool sequences_;
};

int64_t widthOf(const KernelSpec& spec) { return Sequence(spec, kGates).width; }

class LstmKernel : public LstmBase {
 public:
  explicit LstmKernel(const KernelSpec& spec)
      : LstmBase(spec, spec.inputs[0].shape[2] / kGates, kGates * widthOf(spec),
                 (kGates + 1) * widthOf(spec)),
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
    const auto* kernel = static_cast<const float*>(inputs[1]);
    const int64_t u = s_.units, w = s_.width;
    matrix_.pack(s_.threads, scratch, [&](int64_t row, int64_t column) {
      const int64_t gate = column / w, unit = column % w;
      return unit < u ? kernel[(row * kGates + gate) * u + unit] : 0.0f;
    });
    takeRow(nullptr, 0, t.zeros);
    s_.forParts(parts(scratch), partFloats_,
                [&](int64_t first, int64_t rows, float* mine) { runPart(t, first, rows, mine); });
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

  bool hasState_;
};

class LstmBackwardKernel : public LstmBase {
 public:
  explicit LstmBackwardKernel(const KernelSpec& spec)
      : LstmBase(spec, kGates * widthOf(spec), widthOf(spec), (kGates + 2) * widthOf(spec)),
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
    const float* kernel = in(2);
    const int64_t u = s_.units, w = s_.width;
    matrix_.pack(s_.threads, scratch, [&](int64_t row, int64_t column) {
      const int64_t gate = row / w, unit = row % w;
      return unit < u && column < u ? kernel[(column * kGates + gate) * u + unit] : 0.0f;
    });
    takeRow(nullptr, 0, t.zeros);
    s_.forParts(parts(scratch), partFloats_,
                [&](int64_t first, int64_t rows, float* mine) { runPart(t, first, rows, mine); });
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

  size_t firstC_;
};

template <class K>
std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  return std::make_unique<K>(spec);
}

// The gates take the place of x, and the gradient of x that of the gates.
bool gatesInPlace(const KernelSpec& spec, size_t output, size_t input) {
  const size_t gates = spec.op == "lstmBackward" ? 0 : spec.attrs.boolean("returnSequences") ? 3 : 2;
  return input == 0 && output == gates;
}

}  // namespace

void registerRnnKernels(KernelTable& table) {
  table["lstm"] = {make<LstmKernel>, nullptr, gatesInPlace};
  table["lstmBackward"] = {make<LstmBackwardKernel>, nullptr, gatesInPlace};
}

}  // namespace nodegrad
