#pragma once
#include <cstdint>

// The inner loops of attention, a row of scores at a time: those of a query for all keys or, on the way to
// the gradients of keys and values, those of a key for all queries.
namespace nodegrad {

// Rows have room for whole vectors of floats.
struct ScoreRow {
  float* products;      // q · k; becomes the scores
  int64_t n;            // of them
  int64_t begin, end;   // which of them are not masked by the order in time
  const float* bias;    // n numbers, or null
  const uint8_t* mask;  // n booleans, or null
};

// T is what is multiplied, float or the bits of bfloat16. After the n numbers of a result there are zeros up
// to a whole vector.
template <class T>
struct AttentionKernels {
  // The weights of a query's values, its largest score and the sum of exp(score - largest).
  void (*softmax)(const ScoreRow& row, float scale, T* weights, float* largest, float* sum);
  // The same weights of scores whose queries' statistics are known, `inverse` is that of the sum; and the
  // gradients of products, given those of the weights, `flow`, and each query's dy · y. OfQuery: one query's
  // statistics for the whole row; ofKey: one for each number. weights: or null.
  void (*gradientsOfQuery)(const ScoreRow& row, float scale, const float* flow, const float* largest,
                           const float* inverse, const float* dot, T* weights, T* gradients);
  void (*gradientsOfKey)(const ScoreRow& row, float scale, const float* flow, const float* largest,
                         const float* inverse, const float* dot, T* weights, T* gradients);
  float (*dot)(const T* a, const T* b, int64_t n);
};

}  // namespace nodegrad
