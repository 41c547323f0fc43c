#include <cfloat>
#include <random>

#include "support/kernel_test.h"

namespace nodegrad::testing {
namespace {

class VectorMath : public OnEachIsa {};
ON_EACH_ISA(VectorMath);

// Floats from all of the range of bit patterns, and those where functions change their ways.
std::vector<double> sweep() {
  std::vector<double> values;
  for (uint64_t bits = 0; bits < 1ull << 32; bits += 6007) {
    const uint32_t word = static_cast<uint32_t>(bits);
    float x;
    std::memcpy(&x, &word, sizeof x);
    if (!std::isnan(x)) values.push_back(x);
  }
  for (double x = -110; x < 110; x += 0.00137) values.push_back(static_cast<float>(x));
  const double edges[] = {0.0,  INFINITY, 1,    FLT_MIN, FLT_MAX, FLT_TRUE_MIN, 0.625,     0.93,
                          3.95, 88.7,     88.8, 103.9,   104.5,   0.34657359,   1.41421356};
  for (double x : edges) {
    for (double y : {x, -x}) {
      values.push_back(static_cast<float>(y));
      values.push_back(std::nextafter(static_cast<float>(y), INFINITY));
      values.push_back(std::nextafter(static_cast<float>(y), -INFINITY));
    }
  }
  values.push_back(NAN);
  return values;
}

// The distance in units of the last place of the float next to the exact result.
double ulps(double actual, double exact) {
  const float rounded = static_cast<float>(exact);
  if (std::isnan(exact)) return std::isnan(actual) ? 0 : INFINITY;
  if (actual == rounded) return std::signbit(actual) == std::signbit(rounded) ? 0 : INFINITY;
  if (std::isinf(rounded) || std::isinf(actual)) return std::abs(exact) > 0.9999 * FLT_MAX ? 1 : INFINITY;
  int exponent;
  std::frexp(exact, &exponent);
  return std::abs(actual - exact) / std::ldexp(1.0, std::max(exponent - 24, -149));
}

void check(const std::string& op, const std::function<double(double)>& exact, double bound) {
  const Array x = array({static_cast<int64_t>(sweep().size())}, sweep());
  const Array y = run({op, {x}, {x.type}})[0];
  double worst = 0, at = 0;
  for (size_t i = 0; i < x.data.size(); ++i) {
    const double error = ulps(y.data[i], exact(x.data[i]));
    if (error > worst) {
      worst = error;
      at = x.data[i];
    }
  }
  ::testing::Test::RecordProperty(op, std::to_string(worst));
  EXPECT_LE(worst, bound) << op << " at " << at;
}

TEST_P(VectorMath, Exp) {
  check("exp", [](double x) { return std::exp(x); }, 2);
}
TEST_P(VectorMath, Log) {
  check("log", [](double x) { return std::log(x); }, 2);
}
TEST_P(VectorMath, Log1p) {
  check("log1p", [](double x) { return std::log1p(x); }, 3);
}
TEST_P(VectorMath, Tanh) {
  check("tanh", [](double x) { return std::tanh(x); }, 3);
}
TEST_P(VectorMath, Sigmoid) {
  check("sigmoid", [](double x) { return 1 / (1 + std::exp(-x)); }, 3);
}
TEST_P(VectorMath, Softplus) {
  check("softplus", [](double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }, 3);
}
TEST_P(VectorMath, Erf) {
  check("erf", [](double x) { return std::erf(x); }, 3);
}

// These are computed in double precision: what is left is the rounding of the result, half a unit, and errors
// of the series of less than 2^-30.
TEST_P(VectorMath, Sin) {
  check("sin", [](double x) { return std::sin(x); }, 1);
}
TEST_P(VectorMath, Cos) {
  check("cos", [](double x) { return std::cos(x); }, 1);
}
TEST_P(VectorMath, Tan) {
  check("tan", [](double x) { return std::tan(x); }, 1);
}
TEST_P(VectorMath, Sinh) {
  check("sinh", [](double x) { return std::sinh(x); }, 1);
}
TEST_P(VectorMath, Cosh) {
  check("cosh", [](double x) { return std::cosh(x); }, 1);
}
TEST_P(VectorMath, Expm1) {
  check("expm1", [](double x) { return std::expm1(x); }, 1);
}
TEST_P(VectorMath, Arcsin) {
  check("arcsin", [](double x) { return std::asin(x); }, 1);
}
TEST_P(VectorMath, Arccos) {
  check("arccos", [](double x) { return std::acos(x); }, 1);
}
TEST_P(VectorMath, Arctan) {
  check("arctan", [](double x) { return std::atan(x); }, 1);
}
TEST_P(VectorMath, Arcsinh) {
  check("arcsinh", [](double x) { return std::asinh(x); }, 1);
}
TEST_P(VectorMath, Arccosh) {
  check("arccosh", [](double x) { return std::acosh(x); }, 1);
}
TEST_P(VectorMath, Arctanh) {
  check("arctanh", [](double x) { return std::atanh(x); }, 1);
}
// Giles's polynomials are of single precision: their error comes on top of the rounding.
TEST_P(VectorMath, Erfinv) {
  check("erfinv", [](double x) { return ::nodegrad::reference::inverseOfErf(x); }, 6);
}

TEST_P(VectorMath, Arctan2) {
  const double some[] = {0, 1, 2, 0.3, 1e-30, 1e30, FLT_TRUE_MIN, FLT_MAX, INFINITY, NAN};
  std::vector<double> ys, xs;
  for (double a : some) {
    for (double b : some) {
      for (int signs = 0; signs < 4; ++signs) {
        ys.push_back(static_cast<float>(signs & 1 ? -a : a));
        xs.push_back(static_cast<float>(signs & 2 ? -b : b));
      }
    }
  }
  const Dims shape = {static_cast<int64_t>(ys.size())};
  const Array y = array(shape, ys), x = array(shape, xs);
  const Array z = run({"arctan2", {y, x}, {x.type}})[0];
  for (size_t i = 0; i < ys.size(); ++i)
    EXPECT_LE(ulps(z.data[i], std::atan2(y.data[i], x.data[i])), 1) << y.data[i] << " over " << x.data[i];
}

TEST_P(VectorMath, Pow) {
  std::vector<double> bases, powers;
  std::mt19937 random(5);
  std::uniform_real_distribution<double> exponent(-150, 129), power(-20, 20);
  for (int i = 0; i < 200000; ++i) {
    bases.push_back(static_cast<float>(std::exp2(exponent(random))));
    powers.push_back(static_cast<float>(i % 2 ? power(random) / 4 : power(random)));
    bases.push_back(static_cast<float>(i % 2 ? power(random) : 1 + power(random) * 1e-5));
    powers.push_back(i % 2 ? std::floor(power(random)) : static_cast<float>(power(random) * 1000));
  }
  const double special[] = {0, 1, 2, 3, 0.5, 1.5, INFINITY, 1e30, FLT_MIN, FLT_TRUE_MIN, 16777217, 33554432};
  for (double a : special) {
    for (double b : special) {
      for (int signs = 0; signs < 4; ++signs) {
        bases.push_back(static_cast<float>(signs & 1 ? -a : a));
        powers.push_back(static_cast<float>(signs & 2 ? -b : b));
      }
    }
    for (double other : {std::nan(""), a}) {
      bases.push_back(other);
      powers.push_back(NAN);
      bases.push_back(NAN);
      powers.push_back(other);
    }
  }
  const Dims shape = {static_cast<int64_t>(bases.size())};
  const Array x = array(shape, bases), y = array(shape, powers);
  const Array z = run({"power", {x, y}, {x.type}})[0];
  for (size_t i = 0; i < bases.size(); ++i) {
    ASSERT_LE(ulps(z.data[i], std::pow(x.data[i], y.data[i])), 1.01)
        << x.data[i] << " to the power " << y.data[i] << " gave " << z.data[i];
  }
}

}  // namespace
}  // namespace nodegrad::testing
