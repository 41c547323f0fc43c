#pragma once
#include <cstdint>

// The inner loops of attention, a row of scores at a time: those of a query for all keys.
namespace nodegrad {

// Rows have room for whole vectors of floats.
struct ScoreRow {
  float* products;      // q · k; becomes the scores
  int64_t n;            // of them
  int64_t seen;         // how many of the first are not masked by the order in time
  const float* bias;    // n numbers, or null
  const uint8_t* mask;  // n booleans, or null
};

// T is what is multiplied, float or the bits of bfloat16. After the n numbers of a result there are zeros up
// to a whole vector.
template <class T>
struct AttentionKernels {
  // Makes scores of the row's products. Returns the largest.
  float (*scores)(const ScoreRow& row, float scale);
  // exp(score - largest): a query's weights of the values, times their sum, which is returned.
  float (*exponentials)(const float* scores, int64_t n, float largest, T* weights);
  // n, a multiple of the lanes, numbers times a factor.
  void (*scale)(float* row, int64_t n, float factor);
  // The weights, and the gradients of the products, given those of the weights, `flow`, and dy · y.
  void (*gradients)(const ScoreRow& row, float scale, float largest, float sum, const float* flow, float dot,
                    T* weights, T* gradients);
  float (*dot)(const T* a, const T* b, int64_t n);
};

}  // namespace nodegrad
