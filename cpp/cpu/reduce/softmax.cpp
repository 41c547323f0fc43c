#include "cpu/kernel_table.h"
#include "cpu/own_kernel.h"
#include "cpu/reduce/kernels.h"
#include "spec/refusal.h"

namespace nodegrad {
namespace {

constexpr int64_t kLeastThreadElements = 1 << 12;

int64_t product(const Dims& shape, size_t begin, size_t end) {
  return count(Dims(shape.begin() + begin, shape.begin() + end));
}

// softmax and logSoftmax along any axis.
class SoftmaxKernel : public OwnKernel {
 public:
  explicit SoftmaxKernel(const KernelSpec& spec) {
    const Dims& shape = spec.inputs[0].shape;
    const auto axis = static_cast<size_t>(normalizeAxis(spec.op, spec.attrs.integer("axis"), shape.size()));
    outer_ = product(shape, 0, axis);
    n_ = shape[axis];
    inner_ = product(shape, axis + 1, shape.size());
    const SoftmaxKernels& kernels = *isa_.softmax;
    row_ = spec.op == "softmax" ? kernels.softmaxRow : kernels.logSoftmaxRow;
    columns_ = spec.op == "softmax" ? kernels.softmaxColumns : kernels.logSoftmaxColumns;
  }

  void run(const void* const* inputs, void* const* outputs, void*) override {
    if (n_ == 0 || inner_ == 0) return;
    auto* x = static_cast<const float*>(inputs[0]);
    auto* y = static_cast<float*>(outputs[0]);
    if (inner_ == 1) {
      parallelFor(threads_, outer_, kLeastThreadElements / n_, [&](int64_t begin, int64_t end, int) {
        for (int64_t row = begin; row < end; ++row) row_(y + row * n_, x + row * n_, n_);
      });
      return;
    }
    // Pieces of columns, so that a few wide slices feed every thread too.
    const int64_t pieces = (inner_ + kPiece - 1) / kPiece;
    parallelFor(threads_, outer_ * pieces, kLeastThreadElements / (n_ * std::min(inner_, kPiece)),
                [&](int64_t begin, int64_t end, int) {
                  for (int64_t item = begin; item < end; ++item) {
                    const int64_t column = item % pieces * kPiece, at = item / pieces * n_ * inner_ + column;
                    columns_(y + at, x + at, n_, inner_, std::min(kPiece, inner_ - column));
                  }
                });
  }

 private:
  static constexpr int64_t kPiece = 256;
  int64_t outer_, n_, inner_;
  decltype(SoftmaxKernels::softmaxRow) row_;
  decltype(SoftmaxKernels::softmaxColumns) columns_;
};

// Losses from logits over the last axis, with a distribution or a class as the label.
class CrossEntropyKernel : public OwnKernel {
 public:
  explicit CrossEntropyKernel(const KernelSpec& spec)
      : sparse_(spec.op == "sparseSoftmaxCrossEntropy"),
        labels_(spec.inputs[1].dtype),
        n_(spec.inputs[0].shape.back()),
        rows_(count(spec.outputs[0].shape)) {}

  void run(const void* const* inputs, void* const* outputs, void*) override {
    auto* x = static_cast<const float*>(inputs[0]);
    auto* loss = static_cast<float*>(outputs[0]);
    if (sparse_) check(inputs[1]);
    parallelFor(threads_, rows_, kLeastThreadElements / std::max<int64_t>(n_, 1),
                [&](int64_t begin, int64_t end, int) {
                  for (int64_t row = begin; row < end; ++row) {
                    loss[row] =
                        sparse_ ? isa_.softmax->sparseCrossEntropyRow(x + row * n_, label(inputs[1], row), n_)
                                : isa_.softmax->crossEntropyRow(
                                      x + row * n_, static_cast<const float*>(inputs[1]) + row * n_, n_);
                  }
                });
  }

 private:
  int64_t label(const void* labels, int64_t row) const {
    return labels_ == DType::U8 ? static_cast<const uint8_t*>(labels)[row]
                                : static_cast<const int32_t*>(labels)[row];
  }

  void check(const void* labels) const {
    for (int64_t row = 0; row < rows_; ++row) {
      const int64_t value = label(labels, row);
      if (value < 0 || value >= n_) spec::refuseLabel(n_, value, row);
    }
  }

  bool sparse_;
  DType labels_;
  int64_t n_, rows_;
};

bool softmaxInPlace(const KernelSpec&, size_t, size_t) { return true; }

}  // namespace

const KernelFamily family([](KernelTable& table) {
  for (const char* name : {"softmax", "logSoftmax"})
    table[name] = {.make = makeKernel<SoftmaxKernel>, .inPlace = softmaxInPlace};
  for (const char* name : {"softmaxCrossEntropy", "sparseSoftmaxCrossEntropy"})
    table[name] = {.make = makeKernel<CrossEntropyKernel>};
});

}  // namespace nodegrad
