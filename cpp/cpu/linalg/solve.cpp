#include <Eigen/Cholesky>
#include <Eigen/LU>
#include <cmath>

#include "cpu/kernel_table.h"
#include "cpu/linalg/matrices.h"
#include "cpu/own_kernel.h"

// Triangles, Cholesky and LU factors, and what is solved with them.
namespace nodegrad {
namespace {

using namespace linalg;

class TriangleKernel : public LinalgKernel {
 public:
  explicit TriangleKernel(const KernelSpec& spec)
      : LinalgKernel(spec), upper_(spec.attrs.boolean("upper")), diagonal_(spec.attrs.integer("diagonal")) {}

  void run(const void* const* inputs, void* const* outputs, void*) override {
    const auto* x = static_cast<const float*>(inputs[0]);
    auto* y = static_cast<float*>(outputs[0]);
    constexpr int64_t kLeastThreadElements = 1 << 14;
    parallelFor(threads_, x_.matrices() * x_.rows, kLeastThreadElements / std::max<int64_t>(x_.columns, 1),
                [&](int64_t begin, int64_t end, int) {
                  for (int64_t row = begin; row < end; ++row) {
                    const int64_t i = row % x_.rows;
                    for (int64_t j = 0; j < x_.columns; ++j) {
                      const bool kept = upper_ ? j - i >= diagonal_ : j - i <= diagonal_;
                      y[row * x_.columns + j] = kept ? x[row * x_.columns + j] : 0.f;
                    }
                  }
                });
  }

 private:
  bool upper_;
  int64_t diagonal_;
};

class CholeskyKernel : public LinalgKernel {
 public:
  using LinalgKernel::LinalgKernel;

  void run(const void* const* inputs, void* const* outputs, void*) override {
    eachMatrix(threads_, x_.matrices(), 3 * area(), cube(), [&](int64_t i) {
      const Matrix x = x_.read(inputs[0], i);
      const Eigen::LLT<Matrix> factors(0.5 * (x + x.transpose()));
      if (factors.info() != Eigen::Success || !x.allFinite())
        fail(ErrorCode::Argument,
             "[cholesky] expected symmetric positive definite matrices, received one that is not (number ", i,
             " of ", x_.matrices(), ")");
      x_.write(outputs[0], i, Matrix(factors.matrixL()));
    });
  }
};

// Which matrix of an operand each of the result's is for, where leading axes broadcast.
std::vector<int64_t> broadcastMatrices(const Dims& own, const Dims& whole) {
  std::vector<int64_t> offsets(static_cast<size_t>(count(whole)), 0);
  const size_t lead = whole.size() - own.size();
  for (size_t i = 0; i < offsets.size(); ++i) {
    auto rest = static_cast<int64_t>(i);
    int64_t stride = 1;
    for (size_t axis = whole.size(); axis-- > lead;) {
      const int64_t size = own[axis - lead];
      if (size != 1) offsets[i] += rest % whole[axis] * stride;
      rest /= whole[axis];
      stride *= size;
    }
  }
  return offsets;
}

[[noreturn]] void refuseSingular(const std::string& op, int64_t i, int64_t matrices) {
  fail(ErrorCode::Argument, "[", op,
       "] expected matrices that have an inverse, received a singular one (number ", i, " of ", matrices,
       ")");
}

// Whether a factor U has a zero on its diagonal, as LAPACK looks at it.
bool isSingular(const Matrix& factors) { return (factors.diagonal().array() == 0).any(); }

class SolveKernel : public LinalgKernel {
 public:
  explicit SolveKernel(const KernelSpec& spec)
      : LinalgKernel(spec),
        op_(spec.op),
        b_(spec.inputs[1].shape),
        y_(spec.outputs[0].shape),
        ofA_(broadcastMatrices(x_.leading, y_.leading)),
        ofB_(broadcastMatrices(b_.leading, y_.leading)),
        triangular_(spec.op == "triangularSolve"),
        lower_(triangular_ && spec.attrs.boolean("lower")),
        transpose_(spec.attrs.boolean("transpose")) {}

  void run(const void* const* inputs, void* const* outputs, void*) override {
    const double columns = static_cast<double>(b_.columns) * static_cast<double>(b_.rows);
    eachMatrix(threads_, y_.matrices(), 3 * (area() + columns),
               cube() + area() * static_cast<double>(b_.columns), [&](int64_t i) {
                 const Matrix a = x_.read(inputs[0], ofA_[static_cast<size_t>(i)]);
                 const Matrix b = b_.read(inputs[1], ofB_[static_cast<size_t>(i)]);
                 y_.write(outputs[0], i, triangular_ ? triangular(a, b, i) : full(a, b, i));
               });
  }

 private:
  Matrix triangular(const Matrix& a, const Matrix& b, int64_t i) const {
    if (isSingular(a)) refuseSingular(op_, i, y_.matrices());
    if (lower_ && transpose_) return a.triangularView<Eigen::Lower>().transpose().solve(b);
    if (lower_) return a.triangularView<Eigen::Lower>().solve(b);
    if (transpose_) return a.triangularView<Eigen::Upper>().transpose().solve(b);
    return a.triangularView<Eigen::Upper>().solve(b);
  }

  Matrix full(const Matrix& a, const Matrix& b, int64_t i) const {
    if (a.size() == 0) return b;
    const Eigen::PartialPivLU<Matrix> factors(transpose_ ? Matrix(a.transpose()) : a);
    if (isSingular(factors.matrixLU())) refuseSingular(op_, i, y_.matrices());
    return factors.solve(b);
  }

  std::string op_;
  Stack b_, y_;
  std::vector<int64_t> ofA_, ofB_;
  bool triangular_, lower_, transpose_;
};

class InverseKernel : public LinalgKernel {
 public:
  using LinalgKernel::LinalgKernel;

  void run(const void* const* inputs, void* const* outputs, void*) override {
    if (x_.rows == 0) return;
    eachMatrix(threads_, x_.matrices(), 4 * area(), 3 * cube(), [&](int64_t i) {
      const Eigen::PartialPivLU<Matrix> factors(x_.read(inputs[0], i));
      if (isSingular(factors.matrixLU())) refuseSingular("inverse", i, x_.matrices());
      x_.write(outputs[0], i, Matrix(factors.inverse()));
    });
  }
};

// The sign of the determinant, the logarithm of its size, and itself.
class SlogdetKernel : public LinalgKernel {
 public:
  using LinalgKernel::LinalgKernel;

  void run(const void* const* inputs, void* const* outputs, void*) override {
    eachMatrix(threads_, x_.matrices(), 2 * area(), cube(), [&](int64_t i) {
      double sign = 1, logarithm = 0, whole = 1;
      if (x_.rows > 0) {
        const Eigen::PartialPivLU<Matrix> factors(x_.read(inputs[0], i));
        sign = whole = static_cast<double>(factors.permutationP().determinant());
        for (Eigen::Index j = 0; j < x_.rows; ++j) {
          const double pivot = factors.matrixLU()(j, j);
          sign = pivot == 0 || sign == 0 ? 0 : std::copysign(sign, sign * pivot);
          // Of long double: the one of double is newer than the glibc that the package needs.
          logarithm += static_cast<double>(std::log(std::abs(static_cast<long double>(pivot))));
          whole *= pivot;
        }
        if (std::isnan(whole)) sign = whole;
      }
      const double numbers[] = {sign, logarithm, whole};
      for (int output = 0; output < 3; ++output)
        static_cast<float*>(outputs[output])[i] = static_cast<float>(numbers[output]);
    });
  }
};

// Factors of any shape, in one matrix, with the rows that were swapped in turn and the order that comes of
// it.
class LuFactorKernel : public LinalgKernel {
 public:
  using LinalgKernel::LinalgKernel;

  void run(const void* const* inputs, void* const* outputs, void*) override {
    const int64_t steps = std::min(x_.rows, x_.columns);
    eachMatrix(threads_, x_.matrices(), 2 * area(), cube(), [&](int64_t i) {
      Matrix x = x_.read(inputs[0], i);
      int32_t* pivots = static_cast<int32_t*>(outputs[1]) + i * steps;
      int32_t* order = static_cast<int32_t*>(outputs[2]) + i * x_.rows;
      for (int64_t row = 0; row < x_.rows; ++row) order[row] = static_cast<int32_t>(row);
      for (int64_t j = 0; j < steps; ++j) {
        Eigen::Index pivot = 0;
        x.col(j).tail(x_.rows - j).cwiseAbs().maxCoeff(&pivot);
        pivot += j;
        pivots[j] = static_cast<int32_t>(pivot);
        std::swap(order[j], order[pivot]);
        x.row(j).swap(x.row(pivot));
        if (x(j, j) == 0) continue;
        x.col(j).tail(x_.rows - j - 1) /= x(j, j);
        x.bottomRightCorner(x_.rows - j - 1, x_.columns - j - 1).noalias() -=
            x.col(j).tail(x_.rows - j - 1) * x.row(j).tail(x_.columns - j - 1);
      }
      x_.write(outputs[0], i, x);
    });
  }
};

}  // namespace

const KernelFamily family([](KernelTable& table) {
  table["triangle"] = {.make = makeKernel<TriangleKernel>};
  table["cholesky"] = {.make = makeKernel<CholeskyKernel>};
  table["triangularSolve"] = {.make = makeKernel<SolveKernel>};
  table["solve"] = {.make = makeKernel<SolveKernel>};
  table["inverse"] = {.make = makeKernel<InverseKernel>};
  table["slogdet"] = {.make = makeKernel<SlogdetKernel>};
  table["luFactor"] = {.make = makeKernel<LuFactorKernel>};
});

}  // namespace nodegrad
