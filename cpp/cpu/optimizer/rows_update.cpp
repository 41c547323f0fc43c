#include <algorithm>

#include "cpu/kernel_table.h"
#include "cpu/move/indices.h"
#include "cpu/move/kernels.h"
#include "cpu/optimizer/kernels.h"
#include "cpu/optimizer/optimizer.h"
#include "cpu/own_kernel.h"
#include "spec/update.h"

namespace nodegrad {
namespace {

constexpr int64_t kLeastThreadElements = 1 << 14;
// So many elements of rows without a gradient are updated in one call.
constexpr int64_t kRunElements = 1024;
constexpr int64_t kLineElements = 16;  // of a cache line

// The update of a table of rows that were gathered: what gatherBackward and the update `rule` make of it, bit
// for bit, without a table of gradients. A gather of the same plan has found the indices in range.
class RowsUpdateKernel : public OwnKernel {
 public:
  explicit RowsUpdateKernel(const KernelSpec& spec)
      : operands_(spec),
        rule_(updateRule(spec.attrs.text("rule"), spec.attrs)),
        indices_(spec.inputs[operands_.indices]),
        rows_(spec.outputs[0].shape[0]),
        width_(count(Dims(spec.outputs[0].shape.begin() + 1, spec.outputs[0].shape.end()))),
        runRows_(std::max<int64_t>(kRunElements / std::max<int64_t>(width_, 1), 1)),
        zeros_(static_cast<size_t>(runRows_ * width_), 0.0f) {}

  size_t scratchBytes() const override {
    return static_cast<size_t>(rows_ + indices_.count()) * sizeof(int32_t) +
           static_cast<size_t>(threads_ * width_) * sizeof(float);
  }

  void run(const void* const* inputs, void* const* outputs, void* scratch) override {
    const UpdateNumbers numbers = rule_.at(inputs + operands_.firstScalar);
    const bool inPlace =
        outputs[0] == inputs[0] && std::equal(outputs + 1, outputs + 1 + operands_.slots, inputs + 2);
    const bool maySkip = inPlace && rule_.isIdentityForZeroGradientAt(numbers);
    const auto* gradients = static_cast<const float*>(inputs[1]);
    auto* sums = static_cast<float*>(scratch);
    // For each row a list of the positions at which its index occurs, -1 at its end.
    auto* heads = reinterpret_cast<int32_t*>(sums + threads_ * width_);
    int32_t* next = heads + rows_;
    parallelFor(threads_, rows_, kLeastThreadElements / std::max<int64_t>(width_, 1),
                [&](int64_t begin, int64_t end, int part) {
                  list(inputs[operands_.indices], begin, end, heads, next);
                  float* sum = sums + part * width_;
                  for (int64_t row = begin, ahead = begin; row < end;) {
                    // The gradients are in another order than the rows: without this each one is a cache
                    // miss.
                    for (; ahead < std::min(end, row + 2 * runRows_); ++ahead)
                      if (heads[ahead] >= 0) prefetch(gradients + heads[ahead] * width_);
                    int64_t count = 1;
                    if (heads[row] >= 0) {
                      std::fill_n(sum, width_, 0.0f);
                      for (int64_t i = heads[row]; i >= 0; i = next[i])
                        isa_.gather->addRow(sum, gradients + i * width_, width_);
                      update(inputs, outputs, numbers, row, count, sum);
                    } else {
                      while (row + count < end && count < runRows_ && heads[row + count] < 0) ++count;
                      if (!maySkip || !slotsAreZero(inputs, row, count))
                        update(inputs, outputs, numbers, row, count, zeros_.data());
                    }
                    row += count;
                  }
                });
  }

 private:
  // Lists the positions of the indices from begin to end, in order, so that a row's gradients are added in
  // it.
  void list(const void* indices, int64_t begin, int64_t end, int32_t* heads, int32_t* next) const {
    std::fill(heads + begin, heads + end, -1);
    for (int64_t i = indices_.count(); i-- > 0;) {
      const int64_t row = indices_.at(indices, i);
      if (row < begin || row >= end) continue;
      next[i] = heads[row];
      heads[row] = static_cast<int32_t>(i);
    }
  }

  void prefetch(const float* gradient) const {
    for (int64_t x = 0; x < width_; x += kLineElements) __builtin_prefetch(gradient + x);
  }

  void update(const void* const* inputs, void* const* outputs, const UpdateNumbers& numbers, int64_t row,
              int64_t rows, const float* gradient) const {
    const float* in[5];
    float* out[4];
    for (size_t i = 0; i < operands_.slots + 2; ++i)
      in[i] = static_cast<const float*>(inputs[i]) + row * width_;
    in[1] = gradient;
    for (size_t o = 0; o < operands_.slots + 1; ++o) out[o] = static_cast<float*>(outputs[o]) + row * width_;
    rule_.run(in, out, numbers, 0, rows * width_);
  }

  bool slotsAreZero(const void* const* inputs, int64_t row, int64_t rows) const {
    for (size_t s = 0; s < operands_.slots; ++s) {
      const float* slot = static_cast<const float*>(inputs[s + 2]) + row * width_;
      if (!isa_.optimizer->allZero(slot, rows * width_)) return false;
    }
    return true;
  }

  spec::RowsUpdate operands_;
  UpdateRule rule_;
  Indices indices_;
  int64_t rows_, width_, runRows_;
  std::vector<float> zeros_;
};

// The table and the slots; row i of the gradients does not belong to row i of the table.
bool rowsUpdateInPlace(const KernelSpec&, size_t output, size_t input) {
  return output == 0 ? input == 0 : input == output + 1;
}

}  // namespace

const KernelFamily family([](KernelTable& table) {
  table["rowsUpdate"] = {.make = makeKernel<RowsUpdateKernel>, .inPlace = rowsUpdateInPlace};
});

}  // namespace nodegrad
