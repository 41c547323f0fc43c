#include <Eigen/Eigenvalues>
#include <Eigen/QR>
#include <Eigen/SVD>
#include <limits>

#include "cpu/kernel_table.h"
#include "cpu/linalg/matrices.h"
#include "cpu/own_kernel.h"

// Orthogonal factors, singular values and eigenvalues.
namespace nodegrad {
namespace {

using namespace linalg;

class QrKernel : public LinalgKernel {
 public:
  explicit QrKernel(const KernelSpec& spec)
      : LinalgKernel(spec), q_(spec.outputs[0].shape), r_(spec.outputs[1].shape) {}

  void run(const void* const* inputs, void* const* outputs, void*) override {
    const double square = static_cast<double>(q_.rows) * static_cast<double>(q_.columns);
    eachMatrix(threads_, x_.matrices(), 4 * (area() + square), 4 * cube(), [&](int64_t i) {
      if (x_.columns == 0) return q_.write(outputs[0], i, Matrix(Matrix::Identity(q_.rows, q_.columns)));
      const Eigen::HouseholderQR<Matrix> factors(x_.read(inputs[0], i));
      const Matrix q = factors.householderQ() * Matrix::Identity(q_.rows, q_.columns);
      q_.write(outputs[0], i, q);
      const Matrix r = factors.matrixQR().topRows(r_.rows).template triangularView<Eigen::Upper>();
      r_.write(outputs[1], i, r);
    });
  }

 private:
  Stack q_, r_;
};

class SvdKernel : public LinalgKernel {
 public:
  explicit SvdKernel(const KernelSpec& spec)
      : LinalgKernel(spec),
        u_(spec.outputs[0].shape),
        s_(spec.outputs[1].shape),
        v_(spec.outputs[2].shape),
        options_(spec.attrs.boolean("fullMatrices") ? Eigen::ComputeFullU | Eigen::ComputeFullV
                                                    : Eigen::ComputeThinU | Eigen::ComputeThinV) {}

  void run(const void* const* inputs, void* const* outputs, void*) override {
    const double squares = static_cast<double>(u_.rows * u_.columns + v_.rows * v_.columns);
    eachMatrix(threads_, x_.matrices(), 4 * (area() + squares), 20 * cube(), [&](int64_t i) {
      if (s_.columns == 0) {
        u_.write(outputs[0], i, Matrix(Matrix::Identity(u_.rows, u_.columns)));
        v_.write(outputs[2], i, Matrix(Matrix::Identity(v_.rows, v_.columns)));
        return;
      }
      const Matrix x = x_.read(inputs[0], i);
      refuseNonFinite("svd", x);
      const Eigen::BDCSVD<Matrix> factors(x, options_);
      Matrix u = factors.matrixU(), v = factors.matrixV();
      for (Eigen::Index j = 0; j < std::max(u.cols(), v.cols()); ++j) {
        const double direction = j < u.cols() ? directionOf(u.col(j)) : directionOf(v.col(j));
        if (j < u.cols()) u.col(j) *= direction;
        if (j < v.cols()) v.col(j) *= j < s_.columns ? direction : directionOf(v.col(j));
      }
      u_.write(outputs[0], i, u);
      s_.write(outputs[1], i, Matrix(factors.singularValues().transpose()));
      v_.write(outputs[2], i, Matrix(v.transpose()));
    });
  }

 private:
  Stack u_, s_, v_;
  unsigned options_;
};

class PinvKernel : public LinalgKernel {
 public:
  explicit PinvKernel(const KernelSpec& spec)
      : LinalgKernel(spec), y_(spec.outputs[0].shape), rcond_(spec.attrs.number("rcond")) {
    // As numpy and PyTorch have it for float32.
    if (rcond_ < 0)
      rcond_ = static_cast<double>(std::max(x_.rows, x_.columns)) * std::numeric_limits<float>::epsilon();
  }

  void run(const void* const* inputs, void* const* outputs, void*) override {
    if (x_.rows == 0 || x_.columns == 0) return;
    eachMatrix(threads_, x_.matrices(), 8 * area(), 20 * cube(), [&](int64_t i) {
      const Matrix x = x_.read(inputs[0], i);
      refuseNonFinite("pinv", x);
      const Eigen::BDCSVD<Matrix> factors(x, Eigen::ComputeThinU | Eigen::ComputeThinV);
      Eigen::VectorXd s = factors.singularValues();
      const double least = rcond_ * s[0];
      for (double& value : s) value = value > least ? 1 / value : 0;
      y_.write(outputs[0], i, Matrix(factors.matrixV() * s.asDiagonal() * factors.matrixU().transpose()));
    });
  }

 private:
  Stack y_;
  double rcond_;
};

class EighKernel : public LinalgKernel {
 public:
  using LinalgKernel::LinalgKernel;

  void run(const void* const* inputs, void* const* outputs, void*) override {
    if (x_.rows == 0) return;
    eachMatrix(threads_, x_.matrices(), 4 * area(), 10 * cube(), [&](int64_t i) {
      const Matrix x = x_.read(inputs[0], i);
      refuseNonFinite("eigh", x);
      const Eigen::SelfAdjointEigenSolver<Matrix> solver(0.5 * (x + x.transpose()));
      if (solver.info() != Eigen::Success)
        fail(ErrorCode::Argument,
             "[eigh] expected matrices whose eigenvalues can be found, received one for which the search did "
             "not end");
      Matrix v = solver.eigenvectors();
      for (Eigen::Index j = 0; j < v.cols(); ++j) v.col(j) *= directionOf(v.col(j));
      auto* w = static_cast<float*>(outputs[0]) + i * x_.rows;
      Eigen::Map<Eigen::VectorXf>(w, x_.rows) = solver.eigenvalues().cast<float>();
      x_.write(outputs[1], i, v);
    });
  }
};

}  // namespace

const KernelFamily family([](KernelTable& table) {
  table["qr"] = {.make = makeKernel<QrKernel>};
  table["svd"] = {.make = makeKernel<SvdKernel>};
  table["pinv"] = {.make = makeKernel<PinvKernel>};
  table["eigh"] = {.make = makeKernel<EighKernel>};
});

}  // namespace nodegrad
