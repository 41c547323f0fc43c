#pragma once
#include <cstdint>

// The inner loops of the orthonormalization of rows.
namespace nodegrad {

// Householder's reflections of rows from the right, kReflections at a time. Their product, the first one
// first, is I - Vᵀ T V, with a vector in each row of V. Rows are `stride` floats apart; `length` of them
// count, a multiple of kReflections.
constexpr int64_t kReflections = 32;
struct HouseholderKernels {
  // Reflects row i of kReflections rows onto its first i + 1 elements, and makes the vectors V of the rows.
  // t: T, [kReflections, kReflections]. signs: those of element i of row i.
  void (*factor)(float* rows, int64_t stride, int64_t length, float* t, float* signs);
  // rows -= rows Vᵀ T V, for `count` rows, a multiple of 4.
  void (*apply)(float* rows, int64_t count, const float* vectors, const float* t, int64_t stride,
                int64_t length);
};

}  // namespace nodegrad
