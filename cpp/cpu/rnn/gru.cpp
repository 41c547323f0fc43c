#include <optional>

#include "cpu/kernel_table.h"
#include "cpu/rnn/rnn.h"

namespace nodegrad {

namespace {

constexpr int64_t kGates = 3;

// With the reset gate after the product there is one product a step, else one for the gates and one for the
// candidate.
template <class T>
class GruKernel : public rnn::RecurrentKernel<T> {
  using Base = rnn::RecurrentKernel<T>;
  using Base::inputs_, Base::kernels_, Base::masked_, Base::s_, Base::widths_;

 public:
  // Each row's h and product; h and its reset as products take them, gates and what the reset gate meets.
  explicit GruKernel(const KernelSpec& spec)
      : Base(spec, kGates, {1 + kGates, 2 + kGates + 1}),
        resetAfter_(spec.attrs.boolean("resetAfter")),
        first_(this->products({kGates, 0, resetAfter_ ? 3 : 2}, false, masked_)),
        hasState_(inputs_ > (resetAfter_ ? 3U : 2U)) {
    // What it multiplies is made under the mask.
    if (!resetAfter_) second_.emplace(this->products({kGates, 2, 1}, false, false));
  }

  void run(const void* const* inputs, void* const* outputs, void* scratch) override {
    const auto in = [&](size_t i) { return static_cast<const float*>(inputs[i]); };
    Tensors t;
    t.x = static_cast<const T*>(inputs[0]);
    t.bias = resetAfter_ ? in(2) : nullptr;
    t.firstH = hasState_ ? in(resetAfter_ ? 3 : 2) : nullptr;
    t.sequence = this->sequence(outputs);
    t.lastH = this->output(outputs, 0);
    t.gates = this->output(outputs, 1);
    t.inner = this->output(outputs, 2);
    t.before = this->output(outputs, 3);
    t.packed = this->packed(scratch);
    t.zeros = this->zeros(scratch);
    first_.pack(s_.threads, in(1), this->packed(scratch));
    if (second_) second_->pack(s_.threads, in(1), this->packed(scratch) + first_.numbers());
    this->forParts(inputs, scratch, [&](const Part& part) { runPart(t, part); });
  }

 private:
  using typename Base::Part;

  struct Tensors {
    const T *x, *packed;
    const float *bias, *firstH, *zeros;
    rnn::Output sequence, lastH, gates, inner, before;
  };

  void runPart(const Tensors& t, const Part& part) const {
    const auto& [first, rows, floats, numbers, masks, counted, kept] = part;
    const int64_t u = s_.units, w = s_.width;
    float *h = floats, *product = h + rows * w;
    T *state = numbers, *reset = state + rows * w, *gates = reset + rows * w,
      *inner = gates + kGates * rows * w;
    if constexpr (std::is_same_v<T, float>) state = h;
    for (int64_t r = 0; r < rows; ++r) this->takeState(t.firstH, first + r, h + r * w, state + r * w);
    if (kept) std::fill_n(reset, rows * w, T{});  // Rows that never count are multiplied, too.
    for (int64_t k = 0; k < s_.steps; ++k) {
      const auto counts = [&](int64_t r) { return part.steps.counts(r, k); };
      const auto offset = [&](int64_t r) { return s_.at(part.first + r, s_.timeIndex(k), u); };
      const auto step = [&](int64_t r, int64_t stride) -> GruStep<T> {
        const int64_t here = offset(r);
        return {product + r * stride,
                t.x + here * kGates,
                t.bias,
                part.masks.rows ? part.masks.rows + (r * kGates + 2) * u : nullptr,
                t.gates.target(here * kGates, gates + r * kGates * w),
                t.inner.target(here, inner + r * w),
                h + r * w,
                state + r * w,
                reset + r * w};
      };
      for (int64_t r = 0; t.before && r < rows; ++r) t.before.put(offset(r), state + r * w, u);
      const int64_t stride = (resetAfter_ ? kGates : 2) * w;
      const auto forCounted = [&](auto&& body) {
        for (int64_t r = 0; r < rows; ++r)
          if (counts(r)) body(r);
      };
      const bool any = counted.any(k);
      if (any) first_.forwards(t.packed, rows, h, state, masks, product);
      if (resetAfter_) {
        forCounted([&](int64_t r) { kernels_.gru(widths_, step(r, stride)); });
      } else if (any) {
        forCounted([&](int64_t r) { kernels_.gruGates(widths_, step(r, stride)); });
        second_->forwards(t.packed + first_.numbers(), rows, nullptr, reset, {}, product);
        forCounted([&](int64_t r) { kernels_.gruCandidate(widths_, step(r, w)); });
      }
      for (int64_t r = 0; r < rows; ++r) {
        T *gatesLine = gates + r * kGates * w, *innerLine = inner + r * w;
        if (counts(r)) {
          t.gates.finish(offset(r) * kGates, gatesLine, kGates * u);
          t.inner.finish(offset(r), innerLine, u);
        } else {
          this->putZeros(t.gates, offset(r) * kGates, gatesLine, kGates * u);
          this->putZeros(t.inner, offset(r), innerLine, u);
        }
        if (t.sequence) t.sequence.put(s_.at(first + r, k, u), counted.gives(r, k) ? h + r * w : t.zeros, u);
      }
    }
    for (int64_t r = 0; r < rows; ++r) t.lastH.put((first + r) * u, h + r * w, u);
  }

  bool resetAfter_;
  rnn::StateProducts<T> first_;
  std::optional<rnn::StateProducts<T>> second_;
  bool hasState_;
};

template <class T>
class GruBackwardKernel : public rnn::RecurrentKernel<T> {
  using Base = rnn::RecurrentKernel<T>;
  using Base::kernels_, Base::masked_, Base::s_, Base::sequences_, Base::widths_;

 public:
  // Each row's dh, through the product and past it; dz, and the gradients of x and of the product.
  explicit GruBackwardKernel(const KernelSpec& spec)
      : Base(spec, kGates, {2, 3 * kGates}),
        resetAfter_(spec.attrs.boolean("resetAfter")),
        dx_(spec.outputs[0]),
        dProduct_(spec.outputs[1]),
        first_(this->products({kGates, 0, resetAfter_ ? 3 : 2}, true, masked_)) {
    if (!resetAfter_) second_.emplace(this->products({kGates, 2, 1}, true, masked_));
  }

  void run(const void* const* inputs, void* const* outputs, void* scratch) override {
    const auto in = [&](size_t i) { return static_cast<const float*>(inputs[i]); };
    Tensors t;
    t.gates = static_cast<const T*>(inputs[0]);
    t.before = static_cast<const T*>(inputs[1]);
    t.dLastH = in(3);
    t.inner = resetAfter_ ? static_cast<const T*>(inputs[4]) : nullptr;
    t.dSequence = sequences_ ? in(resetAfter_ ? 5 : 4) : nullptr;
    t.packed = this->packed(scratch);
    t.zeros = this->zeros(scratch);
    t.dx = {outputs[0], dx_};
    if (resetAfter_) t.dProduct = {outputs[1], dProduct_};
    t.dFirstH = static_cast<float*>(outputs[resetAfter_ ? 2 : 1]);
    first_.pack(s_.threads, in(2), this->packed(scratch));
    if (second_) second_->pack(s_.threads, in(2), this->packed(scratch) + first_.numbers());
    this->forParts(inputs, scratch, [&](const Part& part) { runPart(t, part); });
  }

 private:
  using typename Base::Part;

  struct Tensors {
    const T *gates, *before, *inner, *packed;
    const float *dLastH, *dSequence, *zeros;
    rnn::Output dx, dProduct;
    float* dFirstH;
  };

  void runPart(const Tensors& t, const Part& part) const {
    const auto& [first, rows, floats, numbers, masks, counted, kept] = part;
    const int64_t u = s_.units, w = s_.width, line = kGates * w;
    float *dh = floats, *carried = dh + rows * w;
    T *dz = numbers, *dx = dz + rows * line, *dProduct = dx + rows * line;
    for (int64_t r = 0; r < rows; ++r) {
      this->takeRow(t.dLastH, first + r, dh + r * w);
      this->takeRow(nullptr, 0, carried + r * w);
    }
    for (int64_t k = s_.steps - 1; k >= 0; --k) {
      const auto offset = [&](int64_t r) { return s_.at(part.first + r, s_.timeIndex(k), u); };
      const auto dy = [&](int64_t r) {
        const bool flows = t.dSequence && part.steps.gives(r, k);
        return flows ? t.dSequence + s_.at(part.first + r, k, u) : t.zeros;
      };
      const auto step = [&](int64_t r) -> GruBackwardStep<T> {
        const int64_t here = offset(r);
        return {t.gates + here * kGates,
                resetAfter_ ? t.inner + here : nullptr,
                t.before + here,
                dy(r),
                dh + r * w,
                carried + r * w,
                dz + r * line,
                t.dx.target(here * kGates, dx + r * line),
                t.dProduct.target(here * kGates, dProduct + r * line)};
      };
      const auto counts = [&](int64_t r) { return part.steps.counts(r, k); };
      const auto forCounted = [&](auto&& body) {
        for (int64_t r = 0; r < rows; ++r)
          if (counts(r)) body(r);
      };
      for (int64_t r = 0; r < rows; ++r)
        if (!counts(r)) this->keepRow(part, r, dh + r * w, dy(r), dz + r * line, line);
      const bool any = counted.any(k);
      if (resetAfter_) {
        forCounted([&](int64_t r) { kernels_.gruBackward(widths_, step(r)); });
      } else if (any) {
        forCounted([&](int64_t r) { kernels_.gruCandidateBackward(widths_, step(r)); });
        second_->backwards(t.packed + first_.numbers(), rows, dz + 2 * w, line, masks, dh);
        forCounted([&](int64_t r) { kernels_.gruGatesBackward(widths_, step(r)); });
      }
      for (int64_t r = 0; r < rows; ++r) {
        T *dxLine = dx + r * line, *dProductLine = dProduct + r * line;
        if (counts(r)) {
          t.dx.finish(offset(r) * kGates, dxLine, kGates * u);
          t.dProduct.finish(offset(r) * kGates, dProductLine, kGates * u);
        } else {
          this->putZeros(t.dx, offset(r) * kGates, dxLine, kGates * u);
          this->putZeros(t.dProduct, offset(r) * kGates, dProductLine, kGates * u);
        }
      }
      if (any) first_.backwards(t.packed, rows, dz, line, masks, dh);
      this->putKeptRows(part, k, dh);
    }
    for (int64_t r = 0; r < rows; ++r)
      for (int64_t j = 0; j < u; ++j) t.dFirstH[(first + r) * u + j] = dh[r * w + j] + carried[r * w + j];
  }

  bool resetAfter_;
  TensorType dx_, dProduct_;
  rnn::StateProducts<T> first_;
  std::optional<rnn::StateProducts<T>> second_;
};

// The gates may be written over x, and the gradient of x over the gates.
bool gatesInPlace(const KernelSpec& spec, size_t output, size_t input) {
  const size_t gates = spec.op == "gruBackward" ? 0 : spec.attrs.boolean("returnSequences") ? 2 : 1;
  return input == 0 && output == gates && spec.inputs[0] == spec.outputs[gates];
}

PrecisionChoice gruPrecisions(const KernelSpec& spec) {
  if (spec.op == "gru") return rnn::precisions(spec, {0}, {});
  if (spec.attrs.boolean("resetAfter")) return rnn::precisions(spec, {0, 1, 4}, {2});
  return rnn::precisions(spec, {0, 1}, {1});
}

bool supports(const KernelSpec& spec) { return rnn::supports(spec, 1); }

}  // namespace

const KernelFamily family([](KernelTable& table) {
  table["gru"] = {.make = makeKernelFor<GruKernel, 0>,
                  .inPlace = gatesInPlace,
                  .supports = supports,
                  .precisions = gruPrecisions};
  table["gruBackward"] = {
      .make = makeKernelFor<GruBackwardKernel, 0>, .inPlace = gatesInPlace, .precisions = gruPrecisions};
});

}  // namespace nodegrad
