#include "cpu/kernel_table.h"
#include "cpu/rnn/rnn.h"

namespace nodegrad {

namespace {

constexpr int64_t kGates = 4;

template <class T>
class LstmKernel : public rnn::RecurrentKernel<T> {
  using Base = rnn::RecurrentKernel<T>;
  using Base::inputs_, Base::kernels_, Base::masked_, Base::s_, Base::widths_;

 public:
  // Each row's h, c and product; h as the product takes it, and gates.
  explicit LstmKernel(const KernelSpec& spec)
      : Base(spec, kGates, {2 + kGates, 1 + kGates}),
        products_(this->products({kGates, 0, kGates}, false, masked_)),
        hasState_(inputs_ > 2) {}

  void run(const void* const* inputs, void* const* outputs, void* scratch) override {
    Tensors t;
    t.x = static_cast<const T*>(inputs[0]);
    t.firstH = hasState_ ? static_cast<const float*>(inputs[2]) : nullptr;
    t.firstC = hasState_ ? static_cast<const float*>(inputs[3]) : nullptr;
    t.sequence = this->sequence(outputs);
    t.lastH = this->output(outputs, 0);
    t.lastC = this->output(outputs, 1);
    t.gates = this->output(outputs, 2);
    t.c = this->output(outputs, 3);
    t.before = this->output(outputs, 4);
    t.packed = this->packed(scratch);
    t.zeros = this->zeros(scratch);
    products_.pack(s_.threads, static_cast<const float*>(inputs[1]), this->packed(scratch));
    this->forParts(inputs, scratch, [&](const Part& part) { runPart(t, part); });
  }

 private:
  using typename Base::Part;

  struct Tensors {
    const T *x, *packed;
    const float *firstH, *firstC, *zeros;
    rnn::Output sequence, lastH, lastC, gates, c, before;
  };

  void runPart(const Tensors& t, const Part& part) const {
    const auto& [first, rows, floats, numbers, masks, counted, kept] = part;
    const int64_t u = s_.units, w = s_.width;
    float *h = floats, *c = h + rows * w, *product = c + rows * w;
    T* state = numbers;
    if constexpr (std::is_same_v<T, float>) state = h;
    for (int64_t r = 0; r < rows; ++r) {
      this->takeState(t.firstH, first + r, h + r * w, state + r * w);
      this->takeRow(t.firstC, first + r, c + r * w);
    }
    for (int64_t k = 0; k < s_.steps; ++k) {
      if (counted.any(k)) products_.forwards(t.packed, rows, h, state, masks, product);
      for (int64_t r = 0; r < rows; ++r) {
        const int64_t sample = first + r, here = s_.at(sample, s_.timeIndex(k), u);
        T* line = numbers + (rows + r * kGates) * w;
        if (t.before) t.before.put(here, state + r * w, u);
        if (counted.counts(r, k)) {
          kernels_.lstm(widths_, {product + r * kGates * w, t.x + here * kGates, c + r * w,
                                  t.gates.target(here * kGates, line), c + r * w, h + r * w, state + r * w});
          t.gates.finish(here * kGates, line, kGates * u);
        } else {
          this->putZeros(t.gates, here * kGates, line, kGates * u);
        }
        if (t.c) t.c.put(here, c + r * w, u);
        if (t.sequence) t.sequence.put(s_.at(sample, k, u), counted.gives(r, k) ? h + r * w : t.zeros, u);
      }
    }
    for (int64_t r = 0; r < rows; ++r) {
      t.lastH.put((first + r) * u, h + r * w, u);
      t.lastC.put((first + r) * u, c + r * w, u);
    }
  }

  rnn::StateProducts<T> products_;
  bool hasState_;
};

template <class T>
class LstmBackwardKernel : public rnn::RecurrentKernel<T> {
  using Base = rnn::RecurrentKernel<T>;
  using Base::inputs_, Base::kernels_, Base::masked_, Base::s_, Base::sequences_, Base::widths_;

 public:
  // Each row's dh and dc; dz, and the gradient of x.
  explicit LstmBackwardKernel(const KernelSpec& spec)
      : Base(spec, kGates, {2, 2 * kGates}),
        products_(this->products({kGates, 0, kGates}, true, masked_)),
        dx_(spec.outputs[0]),
        firstC_(inputs_ > (sequences_ ? 6U : 5U) ? inputs_ - 1 : 0) {}

  void run(const void* const* inputs, void* const* outputs, void* scratch) override {
    const auto in = [&](size_t i) { return static_cast<const float*>(inputs[i]); };
    Tensors t;
    t.gates = static_cast<const T*>(inputs[0]);
    t.c = in(1);
    t.dLastH = in(3);
    t.dLastC = in(4);
    t.dSequence = sequences_ ? in(5) : nullptr;
    t.firstC = firstC_ ? in(firstC_) : nullptr;
    t.dx = {outputs[0], dx_};
    t.dFirstH = static_cast<float*>(outputs[1]);
    t.dFirstC = static_cast<float*>(outputs[2]);
    t.packed = this->packed(scratch);
    t.zeros = this->zeros(scratch);
    products_.pack(s_.threads, in(2), this->packed(scratch));
    this->forParts(inputs, scratch, [&](const Part& part) { runPart(t, part); });
  }

 private:
  using typename Base::Part;

  struct Tensors {
    const T *gates, *packed;
    const float *c, *dLastH, *dLastC, *dSequence, *firstC, *zeros;
    rnn::Output dx;
    float *dFirstH, *dFirstC;
  };

  void runPart(const Tensors& t, const Part& part) const {
    const auto& [first, rows, floats, numbers, masks, counted, kept] = part;
    const int64_t u = s_.units, w = s_.width;
    float *dh = floats, *dc = dh + rows * w;
    T *dz = numbers, *lines = dz + rows * kGates * w;
    for (int64_t r = 0; r < rows; ++r) {
      this->takeRow(t.dLastH, first + r, dh + r * w);
      this->takeRow(t.dLastC, first + r, dc + r * w);
    }
    for (int64_t k = s_.steps - 1; k >= 0; --k) {
      for (int64_t r = 0; r < rows; ++r) {
        const int64_t sample = first + r, here = s_.at(sample, s_.timeIndex(k), u);
        const float* before = k > 0      ? t.c + s_.at(sample, s_.timeIndex(k - 1), u)
                              : t.firstC ? t.firstC + sample * u
                                         : t.zeros;
        const float* dy = t.dSequence && counted.gives(r, k) ? t.dSequence + s_.at(sample, k, u) : t.zeros;
        T* line = lines + r * kGates * w;
        if (!counted.counts(r, k)) {
          this->keepRow(part, r, dh + r * w, dy, dz + r * kGates * w, kGates * w);
          this->putZeros(t.dx, here * kGates, line, kGates * u);
          continue;
        }
        kernels_.lstmBackward(widths_, {t.gates + here * kGates, t.c + here, before, dy, dh + r * w,
                                        dc + r * w, dz + r * kGates * w, t.dx.target(here * kGates, line)});
        t.dx.finish(here * kGates, line, kGates * u);
      }
      if (counted.any(k)) products_.backwards(t.packed, rows, dz, kGates * w, masks, dh);
      this->putKeptRows(part, k, dh);
    }
    for (int64_t r = 0; r < rows; ++r) {
      std::copy_n(dh + r * w, u, t.dFirstH + (first + r) * u);
      std::copy_n(dc + r * w, u, t.dFirstC + (first + r) * u);
    }
  }

  rnn::StateProducts<T> products_;
  TensorType dx_;
  size_t firstC_;
};

// The gates may be written over x, and the gradient of x over the gates.
bool gatesInPlace(const KernelSpec& spec, size_t output, size_t input) {
  const size_t gates = spec.op == "lstmBackward" ? 0 : spec.attrs.boolean("returnSequences") ? 3 : 2;
  return input == 0 && output == gates && spec.inputs[0] == spec.outputs[gates];
}

// Cells stay float32.
PrecisionChoice lstmPrecisions(const KernelSpec& spec) {
  if (spec.op == "lstmBackward") return rnn::precisions(spec, {0}, {1, 2});
  const size_t first = spec.attrs.boolean("returnSequences") ? 1 : 0;
  return rnn::precisions(spec, {0}, {first + 1, first + 3});
}

bool supports(const KernelSpec& spec) { return rnn::supports(spec, 2); }

}  // namespace

const KernelFamily family([](KernelTable& table) {
  table["lstm"] = {.make = makeKernelFor<LstmKernel, 0>,
                   .inPlace = gatesInPlace,
                   .supports = supports,
                   .precisions = lstmPrecisions};
  table["lstmBackward"] = {
      .make = makeKernelFor<LstmBackwardKernel, 0>, .inPlace = gatesInPlace, .precisions = lstmPrecisions};
});

}  // namespace nodegrad
