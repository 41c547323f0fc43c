#pragma once
#include <string>
#include <vector>

#include "graph/graph.h"

// The rows of the gradient table (ops_gradient_test.cpp), for the families that have files of their own.
namespace nodegrad::gradient {

// An operand: random numbers from a range, or the given ones.
struct Operand {
  Dims shape;
  double low = -2, high = 2;
  std::vector<double> values = {};
  DType dtype = DType::F32;
};

inline Operand positive(Dims shape) { return {std::move(shape), 0.5, 2}; }
inline Operand given(Dims shape, std::vector<double> values, DType dtype = DType::F32) {
  return {std::move(shape), 0, 0, std::move(values), dtype};
}

enum class Dynamic { None, First, All };

struct Case {
  std::string op;
  std::vector<Operand> operands;
  Attrs attrs = {};
  Dynamic dynamic = Dynamic::All;  // the most that the op can infer and differentiate
  int order = 2;
  std::vector<size_t> outputs = {0};  // what the loss is made of
};

// lstm, gru, simpleRnn and their backward ops.
std::vector<Case> recurrentCases();
// dotProductAttention and its backward op.
std::vector<Case> attentionCases();
// scan.
std::vector<Case> scanCases();
// cond, whileLoop.
std::vector<Case> controlCases();
// Matrices, fft.
std::vector<Case> linalgCases();
// Sums up to each place, linear recurrences.
std::vector<Case> cumulativeCases();
// Parts, and values put together.
std::vector<Case> sliceCases();

}  // namespace nodegrad::gradient
