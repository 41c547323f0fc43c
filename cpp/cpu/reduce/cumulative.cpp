#include <algorithm>
#include <memory>
#include <string>

#include "cpu/kernel_table.h"
#include "host/parallel.h"

namespace nodegrad {
namespace {

constexpr int64_t kLeastThreadElements = 1 << 14;
constexpr int64_t kPiece = 64;  // columns that are summed together

// In what a dtype is summed: float64, or whole numbers that wrap around.
double wide(float x) { return x; }
double wide(BFloat16 x) { return static_cast<float>(x); }
uint32_t wide(int32_t x) { return static_cast<uint32_t>(x); }
void narrow(double sum, float& y) { y = static_cast<float>(sum); }
void narrow(uint32_t sum, int32_t& y) { y = static_cast<int32_t>(sum); }

// h[i] = a[i] h[i - 1] + b[i] along an axis, of a sum without a. The tensor as [outer, n, inner].
class CumulativeKernel : public Kernel {
 public:
  explicit CumulativeKernel(const KernelSpec& spec)
      : linear_(spec.op == "linearRecurrence"),
        reverse_(spec.attrs.boolean("reverse")),
        exclusive_(!linear_ && spec.attrs.boolean("exclusive")),
        initial_(linear_ ? spec.attrs.number("initial") : 0),
        dtype_(spec.inputs[0].dtype),
        threads_(teamThreads()) {
    const Dims& shape = spec.outputs[0].shape;
    const auto axis = normalizeAxis(spec.op, spec.attrs.integer("axis"), shape.size());
    outer_ = count(Dims(shape.begin(), shape.begin() + axis));
    n_ = shape[static_cast<size_t>(axis)];
    inner_ = count(Dims(shape.begin() + axis + 1, shape.end()));
  }

  std::string implementation() const override { return "own"; }

  void run(const void* const* inputs, void* const* outputs, void*) override {
    if (dtype_ == DType::I32)
      each(static_cast<const int32_t*>(inputs[0]), inputs, static_cast<int32_t*>(outputs[0]));
    else if (dtype_ == DType::BF16)
      each(static_cast<const BFloat16*>(inputs[0]), inputs, static_cast<float*>(outputs[0]));
    else
      each(static_cast<const float*>(inputs[0]), inputs, static_cast<float*>(outputs[0]));
  }

 private:
  template <class From, class To>
  void each(const From* first, const void* const* inputs, To* y) const {
    const From* b = linear_ ? static_cast<const From*>(inputs[1]) : first;
    const int64_t pieces = (inner_ + kPiece - 1) / kPiece;
    const int64_t width = std::min(inner_, kPiece);
    parallelFor(threads_, outer_ * pieces, kLeastThreadElements / std::max<int64_t>(n_ * width, 1),
                [&](int64_t begin, int64_t end, int) {
                  for (int64_t item = begin; item < end; ++item) {
                    const int64_t column = item % pieces * kPiece;
                    const int64_t at = item / pieces * n_ * inner_ + column;
                    columns(first + at, b + at, y + at, std::min(kPiece, inner_ - column));
                  }
                });
  }

  template <class From, class To>
  void columns(const From* a, const From* b, To* y, int64_t width) const {
    using Sum = decltype(wide(From{}));
    Sum sums[kPiece];
    std::fill_n(sums, width, wide(static_cast<To>(initial_)));
    for (int64_t i = 0; i < n_; ++i) {
      const int64_t row = (reverse_ ? n_ - 1 - i : i) * inner_;
      // No factor before the first element where nothing is there: an infinite one would make 0 NaN.
      const bool multiplies = linear_ && (i > 0 || initial_ != 0);
      for (int64_t j = 0; j < width; ++j) {
        const Sum term = wide(b[row + j]);
        if (exclusive_) narrow(sums[j], y[row + j]);
        sums[j] = multiplies ? wide(a[row + j]) * sums[j] + term : sums[j] + term;
        if (!exclusive_) narrow(sums[j], y[row + j]);
      }
    }
  }

  bool linear_, reverse_, exclusive_;
  double initial_;
  DType dtype_;
  int64_t outer_, n_, inner_;
  int threads_;
};

std::unique_ptr<Kernel> makeCumulative(const KernelSpec& spec) {
  return std::make_unique<CumulativeKernel>(spec);
}

}  // namespace

const KernelFamily family([](KernelTable& table) {
  table["cumsum"] = {.make = makeCumulative, .precisions = readsEither};
  table["linearRecurrence"] = {.make = makeCumulative};
});

}  // namespace nodegrad
