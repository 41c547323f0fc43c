#pragma once
#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <exception>
#include <new>
#include <string>
#include <vector>

#include "backend.h"
#include "core/error.h"
#include "host/memory.h"
#include "host/parallel.h"

namespace nodegrad::linalg {

// All is computed in float64, by Eigen, a matrix a thread.
using Matrix = Eigen::MatrixXd;
using RowMajor = Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

// Stacks of matrices, [..., rows, columns].
struct Stack {
  Dims leading;
  int64_t rows, columns;

  explicit Stack(const Dims& shape)
      : leading(shape.begin(), shape.end() - 2), rows(shape[shape.size() - 2]), columns(shape.back()) {}

  int64_t matrices() const { return nodegrad::count(leading); }
  Matrix read(const void* memory, int64_t i) const {
    return Eigen::Map<const RowMajor>(static_cast<const float*>(memory) + i * rows * columns, rows, columns)
        .cast<double>();
  }
  template <class M>
  void write(void* memory, int64_t i, const M& matrix) const {
    Eigen::Map<RowMajor>(static_cast<float*>(memory) + i * rows * columns, rows, columns) =
        matrix.template cast<float>();
  }
};

// A kernel over a stack of matrices.
class LinalgKernel : public Kernel {
 public:
  explicit LinalgKernel(const KernelSpec& spec) : x_(spec.inputs[0].shape) {}
  std::string implementation() const override { return "eigen"; }

 protected:
  double cube() const { return std::pow(static_cast<double>(std::max(x_.rows, x_.columns)), 3); }
  double area() const { return static_cast<double>(x_.rows) * static_cast<double>(x_.columns); }

  Stack x_;
  int threads_ = teamThreads();
};

// Calls body(i) for each matrix of a stack, which may fail: of several failures the first matrix's is thrown.
// numbers: how many float64 each needs, work: how many multiplications, both roughly.
template <class Body>
void eachMatrix(int threads, int64_t matrices, double numbers, double work, Body&& body) {
  constexpr double kLeastWork = 1 << 15;
  const auto grain = static_cast<int64_t>(std::max(1.0, kLeastWork / std::max(work, 1.0)));
  claimMemory(static_cast<size_t>(numbers * sizeof(double)) * static_cast<size_t>(threads));
  std::vector<std::exception_ptr> failures(static_cast<size_t>(threads));
  parallelFor(threads, matrices, grain, [&](int64_t begin, int64_t end, int part) {
    try {
      for (int64_t i = begin; i < end; ++i) body(i);
    } catch (...) {
      failures[static_cast<size_t>(part)] = std::current_exception();
    }
  });
  for (const std::exception_ptr& failure : failures) {
    if (!failure) continue;
    try {
      std::rethrow_exception(failure);
    } catch (const std::bad_alloc&) {
      fail(ErrorCode::OutOfMemory, "[linalg] expected room for matrices, received none");
    }
  }
}

// Turns a vector, and what goes with it, to have a positive number where the first of its large ones is: the
// direction is free, and would hang on roundings.
template <class Vector>
double directionOf(const Vector& vector) {
  const double most = vector.cwiseAbs().maxCoeff();
  for (Eigen::Index i = 0; i < vector.size(); ++i)
    if (std::abs(vector[i]) >= 0.99 * most) return vector[i] < 0 ? -1 : 1;
  return 1;
}

inline void refuseNonFinite(const char* op, const Matrix& x) {
  if (!x.allFinite())
    fail(ErrorCode::Argument, "[", op, "] expected finite numbers, received NaN or infinity");
}

}  // namespace nodegrad::linalg
