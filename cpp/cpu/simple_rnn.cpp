#include "cpu/kernel_table.h"
#include "cpu/rnn.h"

namespace nodegrad {

namespace {

using rnn::PackedMatrix;

class SimpleRnnKernel : public rnn::RecurrentKernel {
 public:
  explicit SimpleRnnKernel(const KernelSpec& spec)
      : RecurrentKernel(spec, 1, 2), matrix_(gateMatrix(1, false)), hasState_(spec.inputs.size() > 2) {}

  void run(void* const* inputs, void* const* outputs, void* memory) override {
    auto* scratch = static_cast<float*>(memory);
    const auto in = [&](size_t i) { return static_cast<const float*>(inputs[i]); };
    const auto out = [&](size_t o) { return static_cast<float*>(outputs[o + (sequences_ ? 1 : 0)]); };
    const float *x = in(0), *firstH = hasState_ ? in(2) : nullptr;
    float *sequence = sequences_ ? static_cast<float*>(outputs[0]) : nullptr, *lastH = out(0),
          *after = out(1), *before = out(2);
    pack(matrix_, scratch, in(1), 1, 0, false);
    const int64_t u = s_.units, w = s_.width;
    forParts(scratch, [&](int64_t first, int64_t rows, float* mine) {
      float *h = mine, *product = h + rows * w;
      for (int64_t r = 0; r < rows; ++r) takeRow(firstH, first + r, h + r * w);
      for (int64_t k = 0; k < s_.steps; ++k) {
        matrix_.multiply(scratch, h, w, rows, product, w);
        for (int64_t r = 0; r < rows; ++r) {
          const int64_t here = s_.at(first + r, s_.place(k), u);
          putRow(h + r * w, before + here);
          isa_.rnn->simple(widths_, {product + r * w, x + here, after + here, h + r * w});
          if (sequence) putRow(h + r * w, sequence + s_.at(first + r, k, u));
        }
      }
      for (int64_t r = 0; r < rows; ++r) putRow(h + r * w, lastH + (first + r) * u);
    });
  }

 private:
  PackedMatrix matrix_;
  bool hasState_;
};

class SimpleRnnBackwardKernel : public rnn::RecurrentKernel {
 public:
  explicit SimpleRnnBackwardKernel(const KernelSpec& spec)
      : RecurrentKernel(spec, 1, 2), matrix_(gateMatrix(1, true)) {}

  void run(void* const* inputs, void* const* outputs, void* memory) override {
    auto* scratch = static_cast<float*>(memory);
    const auto in = [&](size_t i) { return static_cast<const float*>(inputs[i]); };
    const float *after = in(0), *dLastH = in(2), *dSequence = sequences_ ? in(3) : nullptr;
    float *dx = static_cast<float*>(outputs[0]), *dFirstH = static_cast<float*>(outputs[1]);
    pack(matrix_, scratch, in(1), 1, 0, true);
    const int64_t u = s_.units, w = s_.width;
    forParts(scratch, [&](int64_t first, int64_t rows, float* mine) {
      float *dh = mine, *dz = dh + rows * w;
      for (int64_t r = 0; r < rows; ++r) takeRow(dLastH, first + r, dh + r * w);
      for (int64_t k = s_.steps - 1; k >= 0; --k) {
        for (int64_t r = 0; r < rows; ++r) {
          const int64_t here = s_.at(first + r, s_.place(k), u);
          const float* dy = dSequence ? dSequence + s_.at(first + r, k, u) : zeros(scratch);
          isa_.rnn->simpleBackward(widths_, {after + here, dy, dh + r * w, dz + r * w, dx + here});
        }
        matrix_.multiply(scratch, dz, w, rows, dh, w);
      }
      for (int64_t r = 0; r < rows; ++r) putRow(dh + r * w, dFirstH + (first + r) * u);
    });
  }

 private:
  PackedMatrix matrix_;
};

// h takes the place of x, and the gradient of x that of h.
bool statesInPlace(const KernelSpec& spec, size_t output, size_t input) {
  const size_t after = spec.op == "simpleRnnBackward" ? 0 : spec.attrs.boolean("returnSequences") ? 2 : 1;
  return input == 0 && output == after;
}

}  // namespace

void registerSimpleRnnKernels(KernelTable& table) {
  table["simpleRnn"] = {rnn::make<SimpleRnnKernel>, nullptr, statesInPlace};
  table["simpleRnnBackward"] = {rnn::make<SimpleRnnBackwardKernel>, nullptr, statesInPlace};
}

}  // namespace nodegrad
