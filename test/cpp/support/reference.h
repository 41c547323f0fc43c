#pragma once
#include <cmath>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "graph/graph.h"

// A slow, plain evaluation of every op in double precision: the oracle of gradients and kernels.
namespace nodegrad::reference {

// Numbers of any dtype, row-major. Booleans are 0 and 1.
struct Array {
  TensorType type;
  std::vector<double> data;
  const Dims& shape() const { return type.shape; }
};

// The values of fetches; feeds holds those of every input and parameter that they need, with static shapes.
std::vector<Array> evaluate(const Graph& graph, const std::map<Value, Array>& feeds,
                            const std::vector<Value>& fetches);

// One op applied to arrays; types are inferred.
std::vector<Array> apply(const std::string& op, const std::vector<Array>& inputs, const Attrs& attrs = {});

// An element-wise op of floats, and where tests draw its arguments: where it is defined and moderate.
struct FloatOp {
  std::string name;
  size_t inputs = 1;
  double low = -9, high = 9;
};
const std::vector<FloatOp>& floatOps();
// The one of a name; for another op, what holds for most.
FloatOp floatOp(const std::string& name);

// What an op's evaluation sees: outputs have their types and zeros.
struct Call {
  const std::vector<Array>& inputs;
  std::vector<Array>& outputs;
  const Attrs& attrs;
};
using Kernel = std::function<void(const Call& call)>;
using Table = std::map<std::string, Kernel>;

void addElementwise(Table& table);
void addWindows(Table& table);
void addQuantized(Table& table);
void addReductions(Table& table);
void addNorm(Table& table);
void addAttention(Table& table);
void addMoves(Table& table);
void addRecurrent(Table& table);
void addLinalg(Table& table);  // matrices, fft
void addOrder(Table& table);   // sorting, sums up to each place
void addLoops(Table& table);
void addUpdates(Table& table);
void addRandom(Table& table);  // dropout and randomUniform

// The row-major place in `shape` of the element that numpy's broadcast reads for `index`.
int64_t broadcastPlace(const Dims& shape, const Dims& index);
// The row-major place of an index.
int64_t placeOf(const Dims& shape, const Dims& index);
// Calls body(index, place) for every element in row-major order.
void forEach(const Dims& shape, const std::function<void(const Dims& index, int64_t place)>& body);

// Of two numbers; NaN where either is.
inline double largest(double a, double b) { return a > b || std::isnan(a) ? a : b; }
// The number whose error function is x, by halves of an interval. Their error is 14 / 2^70 = 1.2e-20: too
// much for small x, which take the first term of the series, x sqrt(pi) / 2 (1 + pi x^2 / 12 + ...), with an
// error of 3e-13.
inline double inverseOfErf(double x) {
  if (std::abs(x) < 1e-6) return x * 0.886226925452758;
  if (std::abs(x) >= 1) return std::abs(x) == 1 ? x * INFINITY : NAN;
  double low = -7, high = 7;
  for (int i = 0; i < 70; ++i) {
    const double middle = (low + high) / 2;
    (std::erf(middle) < x ? low : high) = middle;
  }
  return std::isnan(x) ? x : (low + high) / 2;
}
inline double smallest(double a, double b) { return a < b || std::isnan(a) ? a : b; }

}  // namespace nodegrad::reference
