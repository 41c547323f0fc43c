#pragma once
#include "cpu/isa/vector.h"

// The one-dimensional transforms of Winograd's F(4, 3); results are `s` vectors apart.
namespace nodegrad::NODEGRAD_ISA_NAMESPACE {
namespace {

// The points at which the polynomials are taken are 0, ±A, ±B and infinity. The textbook's ±1 and ±2 cost as
// much and lose 3 to 5 times as many digits.
constexpr float A = 0.625f, B = 1.5f, A2 = A * A, B2 = B * B, A3 = A2 * A, B3 = B2 * B;
constexpr float kG0 = 1 / (A2 * B2), kGA = 1 / (2 * A2 * (A2 - B2)), kGB = 1 / (2 * B2 * (B2 - A2));

// 6 numbers of the input.
inline __attribute__((always_inline)) void transformInput(const Floats (&d)[6], Floats* to, int s) {
  const Floats x = d[4] - B2 * d[2], y = d[3] - B2 * d[1], z = d[4] - A2 * d[2], w = d[3] - A2 * d[1];
  to[0] = A2 * B2 * d[0] + (d[4] - (A2 + B2) * d[2]);
  to[s] = x + A * y;
  to[2 * s] = x - A * y;
  to[3 * s] = z + B * w;
  to[4 * s] = z - B * w;
  to[5 * s] = A2 * B2 * d[1] + (d[5] - (A2 + B2) * d[3]);
}

// 6 products to 4 numbers of the output.
inline __attribute__((always_inline)) void transformProducts(const Floats (&m)[6], Floats* to, int s) {
  const Floats s1 = m[1] + m[2], e1 = m[1] - m[2], s2 = m[3] + m[4], e2 = m[3] - m[4];
  to[0] = m[0] + s1 + s2;
  to[s] = A * e1 + B * e2;
  to[2 * s] = A2 * s1 + B2 * s2;
  to[3 * s] = A3 * e1 + (B3 * e2 + m[5]);
}

// 4 numbers of the output's gradient: the transpose of transformProducts.
inline __attribute__((always_inline)) void transformGradient(const Floats (&y)[4], Floats* to, int s) {
  const Floats e = y[0] + A2 * y[2], f = y[1] + A2 * y[3], g = y[0] + B2 * y[2], h = y[1] + B2 * y[3];
  to[0] = y[0];
  to[s] = e + A * f;
  to[2 * s] = e - A * f;
  to[3 * s] = g + B * h;
  to[4 * s] = g - B * h;
  to[5 * s] = y[3];
}

// 3 numbers of a filter.
inline __attribute__((always_inline)) void transformFilter(const Floats (&w)[3], Floats* to, int s) {
  const Floats e = kGA * w[0] + kGA * A2 * w[2], f = kGA * A * w[1];
  const Floats g = kGB * w[0] + kGB * B2 * w[2], h = kGB * B * w[1];
  to[0] = kG0 * w[0];
  to[s] = e + f;
  to[2 * s] = e - f;
  to[3 * s] = g + h;
  to[4 * s] = g - h;
  to[5 * s] = w[2];
}

// 6 sums to 3 numbers of a filter's gradient: the transpose of transformFilter.
inline __attribute__((always_inline)) void transformSums(const Floats (&m)[6], Floats* to, int s) {
  const Floats s1 = kGA * (m[1] + m[2]), e1 = m[1] - m[2], s2 = kGB * (m[3] + m[4]), e2 = m[3] - m[4];
  to[0] = kG0 * m[0] + s1 + s2;
  to[s] = kGA * A * e1 + kGB * B * e2;
  to[2 * s] = A2 * s1 + B2 * s2 + m[5];
}

}  // namespace
}  // namespace nodegrad::NODEGRAD_ISA_NAMESPACE
