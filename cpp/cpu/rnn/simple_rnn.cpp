#include "cpu/kernel_table.h"
#include "cpu/rnn/kernels.h"
#include "cpu/rnn/rnn.h"

namespace nodegrad {

namespace {

template <class T>
class SimpleRnnKernel : public rnn::RecurrentKernel<T> {
  using Base = rnn::RecurrentKernel<T>;
  using Base::inputs_, Base::kernels_, Base::masked_, Base::s_, Base::widths_;
  using typename Base::Part;

 public:
  // Each row's h and product; h as the product takes it, and as the output stores it.
  explicit SimpleRnnKernel(const KernelSpec& spec)
      : Base(spec, 1, {2, 2}), products_(this->products({1, 0, 1}, false, masked_)), hasState_(inputs_ > 2) {}

  void run(const void* const* inputs, void* const* outputs, void* scratch) override {
    const auto* x = static_cast<const T*>(inputs[0]);
    const auto* firstH = hasState_ ? static_cast<const float*>(inputs[2]) : nullptr;
    const rnn::Output sequence = this->sequence(outputs), lastH = this->output(outputs, 0),
                      after = this->output(outputs, 1), before = this->output(outputs, 2);
    T* packed = this->packed(scratch);
    products_.pack(s_.threads, static_cast<const float*>(inputs[1]), packed);
    const int64_t u = s_.units, w = s_.width;
    this->forParts(inputs, scratch, [&](const Part& part) {
      const auto& [first, rows, floats, numbers, masks, counted, kept] = part;
      float *h = floats, *product = h + rows * w;
      T *state = numbers, *lines = state + rows * w;
      if constexpr (std::is_same_v<T, float>) state = h;
      for (int64_t r = 0; r < rows; ++r) this->takeState(firstH, first + r, h + r * w, state + r * w);
      for (int64_t k = 0; k < s_.steps; ++k) {
        if (counted.any(k)) products_.forwards(packed, rows, h, state, masks, product);
        for (int64_t r = 0; r < rows; ++r) {
          const int64_t here = s_.at(first + r, s_.timeIndex(k), u);
          T* line = lines + r * w;
          if (before) before.put(here, state + r * w, u);
          if (counted.counts(r, k)) {
            kernels_.simple(widths_,
                            {product + r * w, x + here, after.target(here, line), h + r * w, state + r * w});
            after.finish(here, line, u);
          } else if (after) {
            after.put(here, state + r * w, u);
          }
          if (sequence)
            sequence.put(s_.at(first + r, k, u), counted.gives(r, k) ? h + r * w : this->zeros(scratch), u);
        }
      }
      for (int64_t r = 0; r < rows; ++r) lastH.put((first + r) * u, h + r * w, u);
    });
  }

 private:
  rnn::StateProducts<T> products_;
  bool hasState_;
};

template <class T>
class SimpleRnnBackwardKernel : public rnn::RecurrentKernel<T> {
  using Base = rnn::RecurrentKernel<T>;
  using Base::kernels_, Base::masked_, Base::s_, Base::sequences_, Base::widths_;
  using typename Base::Part;

 public:
  // Each row's dh; dz, and the gradient of x.
  explicit SimpleRnnBackwardKernel(const KernelSpec& spec)
      : Base(spec, 1, {1, 2}), products_(this->products({1, 0, 1}, true, masked_)), dx_(spec.outputs[0]) {}

  void run(const void* const* inputs, void* const* outputs, void* scratch) override {
    const auto* after = static_cast<const T*>(inputs[0]);
    const auto* dLastH = static_cast<const float*>(inputs[2]);
    const auto* dSequence = sequences_ ? static_cast<const float*>(inputs[3]) : nullptr;
    const rnn::Output dx(outputs[0], dx_);
    auto* dFirstH = static_cast<float*>(outputs[1]);
    T* packed = this->packed(scratch);
    products_.pack(s_.threads, static_cast<const float*>(inputs[1]), packed);
    const int64_t u = s_.units, w = s_.width;
    this->forParts(inputs, scratch, [&](const Part& part) {
      const auto& [first, rows, dh, numbers, masks, counted, kept] = part;
      T *dz = numbers, *lines = dz + rows * w;
      for (int64_t r = 0; r < rows; ++r) this->takeRow(dLastH, first + r, dh + r * w);
      for (int64_t k = s_.steps - 1; k >= 0; --k) {
        for (int64_t r = 0; r < rows; ++r) {
          const int64_t here = s_.at(first + r, s_.timeIndex(k), u);
          const float* dy =
              dSequence && counted.gives(r, k) ? dSequence + s_.at(first + r, k, u) : this->zeros(scratch);
          T* line = lines + r * w;
          if (!counted.counts(r, k)) {
            this->keepRow(part, r, dh + r * w, dy, dz + r * w, w);
            this->putZeros(dx, here, line, u);
            continue;
          }
          kernels_.simpleBackward(widths_, {after + here, dy, dh + r * w, dz + r * w, dx.target(here, line)});
          dx.finish(here, line, u);
        }
        if (counted.any(k)) products_.backwards(packed, rows, dz, w, masks, dh);
        this->putKeptRows(part, k, dh);
      }
      for (int64_t r = 0; r < rows; ++r) std::copy_n(dh + r * w, u, dFirstH + (first + r) * u);
    });
  }

 private:
  rnn::StateProducts<T> products_;
  TensorType dx_;
};

// h may be written over x, and the gradient of x over h.
bool statesInPlace(const KernelSpec& spec, size_t output, size_t input) {
  const size_t after = spec.op == "simpleRnnBackward" ? 0 : spec.attrs.boolean("returnSequences") ? 2 : 1;
  return input == 0 && output == after && spec.inputs[0] == spec.outputs[after];
}

PrecisionChoice simpleRnnPrecisions(const KernelSpec& spec) {
  if (spec.op == "simpleRnnBackward") return rnn::precisions(spec, {0}, {1});
  return rnn::precisions(spec, {0}, {});
}

bool supports(const KernelSpec& spec) { return rnn::supports(spec, 1); }

}  // namespace

const KernelFamily family([](KernelTable& table) {
  table["simpleRnn"] = {.make = makeKernelFor<SimpleRnnKernel, 0>,
                        .inPlace = statesInPlace,
                        .supports = supports,
                        .precisions = simpleRnnPrecisions};
  table["simpleRnnBackward"] = {.make = makeKernelFor<SimpleRnnBackwardKernel, 0>,
                                .inPlace = statesInPlace,
                                .precisions = simpleRnnPrecisions};
});

}  // namespace nodegrad
