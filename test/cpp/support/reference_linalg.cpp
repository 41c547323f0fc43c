#include <Eigen/Dense>
#include <complex>

#include "reference.h"

// Matrices in float64, by other algorithms of Eigen than the kernels take where there are such, and Fourier's
// sums as they are written.
namespace nodegrad::reference {

namespace {

using Matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

int64_t rows(const Array& x) { return x.shape()[x.shape().size() - 2]; }
int64_t columns(const Array& x) { return x.shape().back(); }
Dims leading(const Array& x) { return {x.shape().begin(), x.shape().end() - 2}; }

Eigen::Map<Matrix> matrixOf(Array& x, int64_t i) {
  return {x.data.data() + i * rows(x) * columns(x), rows(x), columns(x)};
}
Matrix matrixOf(const Array& x, int64_t i) {
  return Eigen::Map<const Matrix>(x.data.data() + i * rows(x) * columns(x), rows(x), columns(x));
}

// Calls body(i) for each matrix of the first input.
void each(const Call& call, const std::function<void(const Matrix& x, int64_t i)>& body) {
  const Array& x = call.inputs[0];
  for (int64_t i = 0; i < count(leading(x)); ++i) body(matrixOf(x, i), i);
}

void triangle(const Call& call) {
  const bool upper = call.attrs.boolean("upper");
  const int64_t diagonal = call.attrs.integer("diagonal");
  each(call, [&](const Matrix& x, int64_t i) {
    for (int64_t row = 0; row < x.rows(); ++row)
      for (int64_t column = 0; column < x.cols(); ++column)
        if (upper ? column - row >= diagonal : column - row <= diagonal)
          matrixOf(call.outputs[0], i)(row, column) = x(row, column);
  });
}

Matrix symmetric(const Matrix& x) { return 0.5 * (x + x.transpose()); }

void cholesky(const Call& call) {
  each(call, [&](const Matrix& x, int64_t i) {
    const Matrix a = symmetric(x);
    auto l = matrixOf(call.outputs[0], i);
    for (int64_t j = 0; j < a.rows(); ++j)
      for (int64_t k = 0; k <= j; ++k) {
        const double rest = a(j, k) - l.row(j).head(k).dot(l.row(k).head(k));
        l(j, k) = j == k ? std::sqrt(rest) : rest / l(k, k);
      }
  });
}

void solve(const Call& call, bool triangular) {
  const bool transpose = call.attrs.boolean("transpose");
  Array& y = call.outputs[0];
  int64_t i = 0;
  forEach(leading(y), [&](const Dims& index, int64_t) {
    Matrix a = matrixOf(call.inputs[0], broadcastPlace(leading(call.inputs[0]), index));
    const Matrix b = matrixOf(call.inputs[1], broadcastPlace(leading(call.inputs[1]), index));
    if (triangular && call.attrs.boolean("lower")) a = Matrix(a.triangularView<Eigen::Lower>());
    if (triangular && !call.attrs.boolean("lower")) a = Matrix(a.triangularView<Eigen::Upper>());
    if (transpose) a = Matrix(a.transpose());
    matrixOf(y, i++) = a.fullPivLu().solve(b);
  });
}

void inverse(const Call& call) {
  each(call, [&](const Matrix& x, int64_t i) { matrixOf(call.outputs[0], i) = x.fullPivLu().inverse(); });
}

void slogdet(const Call& call) {
  each(call, [&](const Matrix& x, int64_t i) {
    const double whole = x.rows() == 0 ? 1 : x.fullPivLu().determinant();
    const auto at = static_cast<size_t>(i);
    call.outputs[0].data[at] = whole > 0 ? 1 : whole < 0 ? -1 : 0;
    call.outputs[1].data[at] = std::log(std::abs(whole));
    call.outputs[2].data[at] = whole;
  });
}

void luFactor(const Call& call) {
  each(call, [&](Matrix x, int64_t i) {
    const int64_t steps = std::min(x.rows(), x.cols());
    std::vector<double> order(static_cast<size_t>(x.rows()));
    for (size_t row = 0; row < order.size(); ++row) order[row] = static_cast<double>(row);
    for (int64_t j = 0; j < steps; ++j) {
      int64_t pivot = j;
      for (int64_t row = j; row < x.rows(); ++row)
        if (std::abs(x(row, j)) > std::abs(x(pivot, j))) pivot = row;
      call.outputs[1].data[static_cast<size_t>(i * steps + j)] = static_cast<double>(pivot);
      std::swap(order[static_cast<size_t>(j)], order[static_cast<size_t>(pivot)]);
      x.row(j).swap(x.row(pivot));
      for (int64_t row = j + 1; row < x.rows(); ++row) {
        x(row, j) /= x(j, j);
        for (int64_t column = j + 1; column < x.cols(); ++column) x(row, column) -= x(row, j) * x(j, column);
      }
    }
    std::copy(order.begin(), order.end(), call.outputs[2].data.begin() + i * x.rows());
    matrixOf(call.outputs[0], i) = x;
  });
}

void qr(const Call& call) {
  each(call, [&](const Matrix& x, int64_t i) {
    auto q = matrixOf(call.outputs[0], i);
    auto r = matrixOf(call.outputs[1], i);
    Matrix whole = Matrix::Identity(x.rows(), x.rows()), rest = x;
    for (int64_t j = 0; j < std::min(x.rows() - 1, x.cols()); ++j) {
      Eigen::VectorXd v = rest.col(j).tail(x.rows() - j);
      v[0] += (v[0] < 0 ? -1 : 1) * v.norm();
      Matrix reflection = Matrix::Identity(x.rows(), x.rows());
      reflection.bottomRightCorner(v.size(), v.size()) -= 2 * v * v.transpose() / v.squaredNorm();
      rest = Matrix(reflection * rest);
      whole = Matrix(whole * reflection);
    }
    q = whole.leftCols(q.cols());
    r = Matrix(rest.topRows(r.rows()).triangularView<Eigen::Upper>());
  });
}

template <class Vector>
double directionOf(const Vector& vector) {
  const double most = vector.cwiseAbs().maxCoeff();
  for (Eigen::Index i = 0; i < vector.size(); ++i)
    if (std::abs(vector[i]) >= 0.99 * most) return vector[i] < 0 ? -1 : 1;
  return 1;
}

void svd(const Call& call) {
  each(call, [&](const Matrix& x, int64_t i) {
    const bool full = call.attrs.boolean("fullMatrices");
    const Eigen::JacobiSVD<Eigen::MatrixXd> factors(
        Eigen::MatrixXd(x),
        full ? Eigen::ComputeFullU | Eigen::ComputeFullV : Eigen::ComputeThinU | Eigen::ComputeThinV);
    Eigen::MatrixXd u = factors.matrixU(), v = factors.matrixV();
    const Eigen::Index inner = factors.singularValues().size();
    for (Eigen::Index j = 0; j < u.cols(); ++j) {
      const double direction = directionOf(u.col(j));
      u.col(j) *= direction;
      if (j < inner) v.col(j) *= direction;
    }
    for (Eigen::Index j = inner; j < v.cols(); ++j) v.col(j) *= directionOf(v.col(j));
    matrixOf(call.outputs[0], i) = u;
    matrixOf(call.outputs[1], i) = factors.singularValues().transpose();
    matrixOf(call.outputs[2], i) = v.transpose();
  });
}

void pinv(const Call& call) {
  each(call, [&](const Matrix& x, int64_t i) {
    const double rcond = call.attrs.number("rcond");
    const Eigen::JacobiSVD<Eigen::MatrixXd> factors(Eigen::MatrixXd(x),
                                                    Eigen::ComputeThinU | Eigen::ComputeThinV);
    Eigen::VectorXd s = factors.singularValues();
    const double least =
        s[0] * (rcond < 0 ? static_cast<double>(std::max(x.rows(), x.cols())) * 0x1p-23 : rcond);
    for (double& value : s) value = value > least ? 1 / value : 0;
    matrixOf(call.outputs[0], i) = factors.matrixV() * s.asDiagonal() * factors.matrixU().transpose();
  });
}

// By Jacobi's rotations.
void eigh(const Call& call) {
  each(call, [&](const Matrix& x, int64_t i) {
    Matrix a = symmetric(x), v = Matrix::Identity(x.rows(), x.rows());
    for (int sweep = 0; sweep < 60; ++sweep)
      for (int64_t p = 0; p < a.rows(); ++p)
        for (int64_t q = p + 1; q < a.rows(); ++q) {
          const double angle = 0.5 * std::atan2(2 * a(p, q), a(q, q) - a(p, p));
          Matrix turn = Matrix::Identity(a.rows(), a.rows());
          turn(p, p) = turn(q, q) = std::cos(angle);
          turn(p, q) = std::sin(angle);
          turn(q, p) = -std::sin(angle);
          a = Matrix(turn.transpose() * a * turn);
          v = Matrix(v * turn);
        }
    std::vector<int64_t> order(static_cast<size_t>(a.rows()));
    for (size_t j = 0; j < order.size(); ++j) order[j] = static_cast<int64_t>(j);
    std::sort(order.begin(), order.end(), [&](int64_t j, int64_t k) { return a(j, j) < a(k, k); });
    for (int64_t j = 0; j < a.rows(); ++j) {
      const int64_t from = order[static_cast<size_t>(j)];
      matrixOf(call.outputs[0], i)(0, j) = a(from, from);
      matrixOf(call.outputs[1], i).col(j) = v.col(from) * directionOf(v.col(from));
    }
  });
}

void fft(const Call& call) {
  const int64_t n = call.inputs[0].shape().back();
  const double sign = call.attrs.boolean("inverse") ? 1 : -1;
  for (int64_t start = 0; start < count(call.inputs[0].shape()); start += n)
    for (int64_t k = 0; k < n; ++k) {
      std::complex<double> sum = 0;
      for (int64_t j = 0; j < n; ++j) {
        const auto at = static_cast<size_t>(start + j);
        const std::complex<double> x(call.inputs[0].data[at], call.inputs[1].data[at]);
        sum += x * std::polar(1.0, sign * 2 * M_PI * static_cast<double>(j * k % n) / static_cast<double>(n));
      }
      call.outputs[0].data[static_cast<size_t>(start + k)] = sum.real();
      call.outputs[1].data[static_cast<size_t>(start + k)] = sum.imag();
    }
}

}  // namespace

void addLinalg(Table& table) {
  table["triangle"] = triangle;
  table["cholesky"] = cholesky;
  table["triangularSolve"] = [](const Call& call) { solve(call, true); };
  table["solve"] = [](const Call& call) { solve(call, false); };
  table["inverse"] = inverse;
  table["slogdet"] = slogdet;
  table["luFactor"] = luFactor;
  table["qr"] = qr;
  table["svd"] = svd;
  table["pinv"] = pinv;
  table["eigh"] = eigh;
  table["fft"] = fft;
}

}  // namespace nodegrad::reference
