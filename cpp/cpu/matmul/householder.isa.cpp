#include <cmath>

#include "cpu/isa/tables.h"
#include "cpu/isa/vector.h"
#include "cpu/matmul/kernels.h"

namespace nodegrad::NODEGRAD_ISA_NAMESPACE {
namespace {

constexpr int kRows = 4;  // at a time

// out[r][p] = rows[r] · vectors[p].
void products(float (*out)[kReflections], const float* rows, const float* vectors, int64_t stride,
              int64_t length) {
  for (int p = 0; p < kReflections; p += 2) {
    Floats sums[kRows][2] = {};
    for (int64_t k = 0; k < length; k += kLanes) {
      const Floats a = load(vectors + p * stride + k), b = load(vectors + (p + 1) * stride + k);
      NODEGRAD_UNROLL
      for (int r = 0; r < kRows; ++r) {
        const Floats x = load(rows + r * stride + k);
        sums[r][0] += x * a;
        sums[r][1] += x * b;
      }
    }
    for (int r = 0; r < kRows; ++r)
      for (int c = 0; c < 2; ++c) {
        float sum = 0;
        for (int lane = 0; lane < kLanes; ++lane) sum += sums[r][c][lane];
        out[r][p + c] = sum;
      }
  }
}

// rows[r] -= Σ factors[r][p] · vectors[p].
void subtract(float* rows, const float (*factors)[kReflections], const float* vectors, int64_t stride,
              int64_t length) {
  for (int64_t k = 0; k < length; k += kLanes) {
    Floats sums[kRows] = {};
    for (int p = 0; p < kReflections; ++p) {
      const Floats v = load(vectors + p * stride + k);
      NODEGRAD_UNROLL
      for (int r = 0; r < kRows; ++r) sums[r] += factors[r][p] * v;
    }
    for (int r = 0; r < kRows; ++r) store(rows + r * stride + k, load(rows + r * stride + k) - sums[r]);
  }
}

void apply(float* rows, int64_t count, const float* vectors, const float* t, int64_t stride, int64_t length) {
  float along[kRows][kReflections], factors[kRows][kReflections];
  for (int64_t row = 0; row < count; row += kRows, rows += kRows * stride) {
    products(along, rows, vectors, stride, length);
    for (int r = 0; r < kRows; ++r) {
      float* to = factors[r];
      for (int q = 0; q < kReflections; ++q) to[q] = 0;
      for (int p = 0; p < kReflections; ++p)
        for (int q = 0; q < kReflections; ++q) to[q] += along[r][p] * t[p * kReflections + q];
    }
    subtract(rows, factors, vectors, stride, length);
  }
}

// Turns a row, from element i on, into the vector that reflects it onto that element; returns its factor.
float reflector(float* row, int i, int64_t length, float& sign) {
  double rest = 0;
  for (int64_t k = i + 1; k < length; ++k) rest += static_cast<double>(row[k]) * row[k];
  for (int k = 0; k < i; ++k) row[k] = 0;
  const double first = row[i];
  row[i] = 1;
  sign = first < 0 ? -1.f : 1.f;
  if (rest == 0) return 0;
  const double end = first < 0 ? std::sqrt(first * first + rest) : -std::sqrt(first * first + rest);
  sign = -sign;
  const auto scale = static_cast<float>(1 / (first - end));
  for (int64_t k = i + 1; k < length; ++k) row[k] *= scale;
  return static_cast<float>((end - first) / end);
}

void factor(float* rows, int64_t stride, int64_t length, float* t, float* signs) {
  float along[kReflections];
  for (int p = 0; p < kReflections * kReflections; ++p) t[p] = 0;
  for (int i = 0; i < kReflections; ++i) {
    float* v = rows + i * stride;
    const float tau = reflector(v, i, length, signs[i]);
    for (int r = 0; r < kReflections; ++r) {
      Floats sums[4] = {};
      const float* row = rows + r * stride;
      for (int64_t k = 0; k < length; k += kReflections) NODEGRAD_UNROLL
      for (int part = 0; part < kReflections / kLanes; ++part)
        sums[part % 4] += load(row + k + part * kLanes) * load(v + k + part * kLanes);
      const Floats total = (sums[0] + sums[1]) + (sums[2] + sums[3]);
      along[r] = 0;
      for (int lane = 0; lane < kLanes; ++lane) along[r] += total[lane];
    }
    for (int r = i + 1; r < kReflections; ++r) {
      float* row = rows + r * stride;
      for (int64_t k = 0; k < length; k += kLanes)
        store(row + k, load(row + k) - (tau * along[r]) * load(v + k));
    }
    for (int p = 0; p < i; ++p) {
      float sum = 0;
      for (int q = p; q < i; ++q) sum += t[p * kReflections + q] * along[q];
      t[p * kReflections + i] = -tau * sum;
    }
    t[i * kReflections + i] = tau;
  }
}

}  // namespace

const HouseholderKernels householderKernels = {factor, apply};

}  // namespace nodegrad::NODEGRAD_ISA_NAMESPACE
