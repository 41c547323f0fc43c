#include <algorithm>
#include <cmath>
#include <numeric>

#include "reference.h"

namespace nodegrad::reference {

namespace {

using Scalar = std::function<double(const double* v, const Attrs& attrs)>;

Kernel elementwise(Scalar scalar) {
  return [scalar = std::move(scalar)](const Call& call) {
    Array& y = call.outputs[0];
    std::vector<double> v(call.inputs.size());
    forEach(y.shape(), [&](const Dims& index, int64_t place) {
      for (size_t i = 0; i < v.size(); ++i)
        v[i] = call.inputs[i].data[static_cast<size_t>(broadcastPlace(call.inputs[i].shape(), index))];
      y.data[static_cast<size_t>(place)] = scalar(v.data(), call.attrs);
    });
  };
}

double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

double gelu(const double* v, const Attrs& attrs) {
  const double x = v[0];
  const double pi = std::acos(-1.0);
  if (attrs.boolean("approximate"))
    return 0.5 * x * (1 + std::tanh(std::sqrt(2 / pi) * (x + 0.044715 * x * x * x)));
  return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0)));
}

double castTo(const double* v, const Attrs& attrs) {
  switch (dtypeFromName(attrs.text("dtype"))) {
    case DType::F32: return v[0];
    case DType::Bool: return v[0] != 0;
    default: return std::trunc(v[0]);
  }
}

}  // namespace

void addElementwise(Table& table) {
  const auto unary = [&](const char* name, double (*f)(double)) {
    table[name] = elementwise([f](const double* v, const Attrs&) { return f(v[0]); });
  };
  const auto binary = [&](const char* name, double (*f)(double, double)) {
    table[name] = elementwise([f](const double* v, const Attrs&) { return f(v[0], v[1]); });
  };
  unary("identity", [](double x) { return x; });
  unary("stopGradient", [](double x) { return x; });
  unary("negative", [](double x) { return -x; });
  unary("abs", [](double x) { return std::abs(x); });
  unary("sign", [](double x) { return std::isnan(x) ? x : double((x > 0) - (x < 0)); });
  unary("floor", [](double x) { return std::floor(x); });
  unary("exp", [](double x) { return std::exp(x); });
  unary("log", [](double x) { return std::log(x); });
  unary("log1p", [](double x) { return std::log1p(x); });
  unary("sqrt", [](double x) { return std::sqrt(x); });
  unary("rsqrt", [](double x) { return 1 / std::sqrt(x); });
  unary("square", [](double x) { return x * x; });
  unary("reciprocal", [](double x) { return 1 / x; });
  unary("relu", [](double x) { return largest(x, 0); });
  unary("sigmoid", sigmoid);
  unary("tanh", [](double x) { return std::tanh(x); });
  unary("softplus", [](double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); });
  unary("erf", [](double x) { return std::erf(x); });
  unary("sin", [](double x) { return std::sin(x); });
  unary("cos", [](double x) { return std::cos(x); });
  unary("tan", [](double x) { return std::tan(x); });
  unary("arcsin", [](double x) { return std::asin(x); });
  unary("arccos", [](double x) { return std::acos(x); });
  unary("arctan", [](double x) { return std::atan(x); });
  unary("sinh", [](double x) { return std::sinh(x); });
  unary("cosh", [](double x) { return std::cosh(x); });
  unary("arcsinh", [](double x) { return std::asinh(x); });
  unary("arccosh", [](double x) { return std::acosh(x); });
  unary("arctanh", [](double x) { return std::atanh(x); });
  unary("expm1", [](double x) { return std::expm1(x); });
  unary("erfinv", inverseOfErf);
  unary("logicalNot", [](double x) { return double(x == 0); });
  table["gelu"] = elementwise(gelu);
  table["cast"] = elementwise(castTo);
  table["elu"] = elementwise([](const double* v, const Attrs& attrs) {
    return v[0] > 0 ? v[0] : attrs.number("alpha") * std::expm1(v[0]);
  });
  table["leakyRelu"] = elementwise([](const double* v, const Attrs& attrs) {
    return v[0] > 0 ? v[0] : attrs.number("negativeSlope") * v[0];
  });

  binary("add", [](double a, double b) { return a + b; });
  binary("subtract", [](double a, double b) { return a - b; });
  binary("multiply", [](double a, double b) { return a * b; });
  binary("divide", [](double a, double b) { return a / b; });
  binary("fmod", [](double a, double b) { return std::fmod(a, b); });
  binary("floorDivide", [](double a, double b) { return std::floor(a / b); });
  const auto bits = [&](const char* name, int64_t (*f)(int64_t, int64_t)) {
    table[name] = elementwise([f](const double* v, const Attrs&) {
      return static_cast<double>(
          static_cast<int32_t>(f(static_cast<int64_t>(v[0]), static_cast<int64_t>(v[1]))));
    });
  };
  bits("bitwiseAnd", [](int64_t a, int64_t b) { return a & b; });
  bits("bitwiseOr", [](int64_t a, int64_t b) { return a | b; });
  bits("bitwiseXor", [](int64_t a, int64_t b) { return a ^ b; });
  bits("leftShift", [](int64_t a, int64_t b) { return b < 0 || b > 31 ? 0 : a * (int64_t{1} << b); });
  bits("rightShift", [](int64_t a, int64_t b) { return a >> (b < 0 || b > 31 ? 31 : b); });
  bits("gcd", [](int64_t a, int64_t b) { return std::gcd(a, b); });
  binary("arctan2", [](double a, double b) { return std::atan2(a, b); });
  binary("power", [](double a, double b) { return std::pow(a, b); });
  binary("maximum", [](double a, double b) { return largest(a, b); });
  binary("minimum", [](double a, double b) { return smallest(a, b); });
  binary("equal", [](double a, double b) { return double(a == b); });
  binary("notEqual", [](double a, double b) { return double(a != b); });
  binary("less", [](double a, double b) { return double(a < b); });
  binary("lessEqual", [](double a, double b) { return double(a <= b); });
  binary("greater", [](double a, double b) { return double(a > b); });
  binary("greaterEqual", [](double a, double b) { return double(a >= b); });
  binary("logicalAnd", [](double a, double b) { return double(a != 0 && b != 0); });
  binary("logicalOr", [](double a, double b) { return double(a != 0 || b != 0); });
  binary("sigmoidCrossEntropy",
         [](double x, double z) { return std::max(x, 0.0) - x * z + std::log1p(std::exp(-std::abs(x))); });
  table["where"] = elementwise([](const double* v, const Attrs&) { return v[0] != 0 ? v[1] : v[2]; });
}

}  // namespace nodegrad::reference
