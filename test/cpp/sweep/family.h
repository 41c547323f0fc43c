#pragma once
#include <functional>
#include <limits>
#include <string>
#include <vector>

#include "support/kernel_run.h"
#include "support/random.h"

// Random cases for every kernel of the CPU, with what is to come out of them.
namespace nodegrad::sweep {

using testing::Array;
using testing::Call;
using testing::drawFloats;
using testing::drawNumbers;
using testing::Random;

// A family of ops. make draws a call of the op in float32, with some of the layouts that its inputs may have
// been left in; the sweep then chooses precision and layouts as a plan does. check says what is wrong with
// the outputs; "" is nothing.
struct Family {
  std::vector<std::string> ops;
  std::function<Call(Random& random, const std::string& op)> make;
  std::function<std::string(const Call& call, const std::vector<Array>& outputs,
                            const std::string& implementation)>
      check;
};

std::vector<Family> convFamilies();
std::vector<Family> productFamilies();  // matmul, innerProduct…
std::vector<Family> poolFamilies();
std::vector<Family> quantizedFamilies();    // products and maxima of bytes
std::vector<Family> normFamilies();         // batch and layer normalization
std::vector<Family> elementwiseFamilies();  // single ops and chains, random numbers
std::vector<Family> reduceFamilies();       // reductions, softmax, cross-entropies
std::vector<Family> moveFamilies();         // copies, gather, reorder
std::vector<Family> recurrentFamilies();
std::vector<Family> linalgFamilies();  // matrices, fft
std::vector<Family> orderFamilies();   // sorting, searching, sums up to each place
std::vector<Family> attentionFamilies();
std::vector<Family> updateFamilies();

// Often 1, a vector's length, or one more or less.
int64_t drawSize(Random& random, int64_t most);
Dims drawShape(Random& random, size_t rank, int64_t mostElements);
// Puts NaN and infinities at a few places.
void poison(Random& random, Array& array);
// A layout in which some kernel may have left an image [n, h, w, c] or [n, c, h, w]; often row-major.
LayoutPtr drawImageLayout(Random& random, const TensorType& type);
// The regular outputs of an op, by its inference. Attributes get their defaults.
Call regularCall(const std::string& op, std::vector<Array> inputs, const Attrs& attrs = {});

constexpr double kFloat = 0x1p-24;    // the largest relative rounding of float32
constexpr double kBFloat16 = 0x1p-8;  // and of bfloat16, whose 8 bits round to nearest: half of 2⁻⁷
constexpr double kUnbound = std::numeric_limits<double>::infinity();

// The same numbers as float32, as the references take them.
Array asFloats(const Array& array);
std::vector<Array> asFloats(const std::vector<Array>& arrays);
Array absolute(Array array);

struct Expected {
  std::vector<double> value, bound;  // how far off each may be before it is rounded to the output's dtype
};
// Numbers that are as good as their reference.
Expected exactly(std::vector<double> value);
// Within a relative and an absolute error.
Expected nearly(std::vector<double> value, double relative, double absolute);
// Sums of `terms` numbers whose absolute values sum up to magnitude: each addition and each factor rounds.
Expected summed(std::vector<double> value, const std::vector<double>& magnitude, double terms);

// What is wrong with an output; "" is nothing.
std::string compare(const Array& actual, const Expected& expected, size_t output);
// The same for several outputs in turn.
std::string compareAll(const std::vector<Array>& actual, const std::vector<Expected>& expected);

}  // namespace nodegrad::sweep
