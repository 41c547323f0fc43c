#include <algorithm>

#include "core/align.h"
#include "cpu/kernel_table.h"
#include "cpu/matmul/kernels.h"
#include "cpu/own_kernel.h"

namespace nodegrad {
namespace {

constexpr int64_t kRowsAtOnce = 4;  // that the reflections take
constexpr int64_t kLeastThreadRows = 4 * kRowsAtOnce;
constexpr int64_t kSkew = 16;  // so that equal columns of the rows are not in the same set of the cache

int64_t padded(int64_t n) { return roundUp(n, kReflections); }

// Q of the factorization x = L Q by Householder's reflections, kReflections at a time (Schreiber and Van
// Loan, 1989), with the signs that make L's diagonal positive. Rows are independent of each other but for the
// reflections, so the number of threads changes no bit.
class OrthonormalRowsKernel : public OwnKernel {
 public:
  explicit OrthonormalRowsKernel(const KernelSpec& spec)
      : rows_(spec.inputs[0].shape[0]),
        columns_(spec.inputs[0].shape[1]),
        height_(padded(rows_)),
        width_(padded(columns_)),
        stride_(width_ + kSkew) {}

  // The vectors, Q, for each reflection a row of T, and a sign.
  size_t scratchBytes() const override {
    return static_cast<size_t>(height_ * (2 * stride_ + kReflections + 1)) * sizeof(float);
  }

  void run(const void* const* inputs, void* const* outputs, void* scratch) override {
    auto* x = static_cast<const float*>(inputs[0]);
    auto* vectors = static_cast<float*>(scratch);
    float* q = vectors + height_ * stride_;
    float* t = q + height_ * stride_;
    float* signs = t + height_ * kReflections;
    std::fill(vectors, t, 0.f);
    for (int64_t row = 0; row < rows_; ++row)
      std::copy_n(x + row * columns_, columns_, vectors + row * stride_);
    for (int64_t panel = 0; panel < height_; panel += kReflections) {
      float* own = t + panel * kReflections;
      householder_.factor(vectors + panel * stride_ + panel, stride_, width_ - panel, own, signs + panel);
      reflect(vectors, panel + kReflections, panel, vectors, own);
      for (int64_t i = 0; i < kReflections; ++i)
        for (int64_t j = 0; j < i; ++j) std::swap(own[i * kReflections + j], own[j * kReflections + i]);
    }
    for (int64_t row = 0; row < rows_; ++row) q[row * stride_ + row] = signs[row];
    for (int64_t panel = height_ - kReflections; panel >= 0; panel -= kReflections)
      reflect(q, panel, panel, vectors, t + panel * kReflections);
    for (int64_t row = 0; row < rows_; ++row)
      std::copy_n(q + row * stride_, columns_, static_cast<float*>(outputs[0]) + row * columns_);
  }

 private:
  // Reflects the rows from `first` on by a panel of vectors.
  void reflect(float* rows, int64_t first, int64_t panel, const float* vectors, const float* t) const {
    const int64_t blocks = (height_ - first) / kRowsAtOnce;
    parallelFor(threads_, blocks, kLeastThreadRows / kRowsAtOnce, [&](int64_t begin, int64_t end, int) {
      householder_.apply(rows + (first + begin * kRowsAtOnce) * stride_ + panel, (end - begin) * kRowsAtOnce,
                         vectors + panel * stride_ + panel, t, stride_, width_ - panel);
    });
  }

  const HouseholderKernels& householder_ = *isa_.householder;
  int64_t rows_, columns_, height_, width_, stride_;
};

}  // namespace

const KernelFamily family([](KernelTable& table) {
  table["orthonormalRows"] = {.make = makeKernel<OrthonormalRowsKernel>};
});

}  // namespace nodegrad
