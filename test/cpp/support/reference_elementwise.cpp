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

Scalar unary(double (*f)(double)) {
  return [f](const double* v, const Attrs&) { return f(v[0]); };
}

Scalar binary(double (*f)(double, double)) {
  return [f](const double* v, const Attrs&) { return f(v[0], v[1]); };
}

Scalar bits(int64_t (*f)(int64_t, int64_t)) {
  return [f](const double* v, const Attrs&) {
    return static_cast<double>(
        static_cast<int32_t>(f(static_cast<int64_t>(v[0]), static_cast<int64_t>(v[1]))));
  };
}

struct FloatRow : FloatOp {
  Scalar scalar;
};

const std::vector<FloatRow>& floatRows() {
  static const std::vector<FloatRow> rows = {
      {{"negative", 1}, unary([](double x) { return -x; })},
      {{"abs", 1}, unary(std::abs)},
      {{"sign", 1}, unary([](double x) { return std::isnan(x) ? x : double((x > 0) - (x < 0)); })},
      {{"floor", 1}, unary(std::floor)},
      {{"exp", 1, -20, 20}, unary(std::exp)},
      {{"log", 1, 1e-6, 50}, unary(std::log)},
      {{"log1p", 1, -0.99, 9}, unary(std::log1p)},
      {{"sqrt", 1, 0, 50}, unary(std::sqrt)},
      {{"rsqrt", 1, 0.01, 50}, unary([](double x) { return 1 / std::sqrt(x); })},
      {{"square", 1}, unary([](double x) { return x * x; })},
      {{"reciprocal", 1, 0.01, 9}, unary([](double x) { return 1 / x; })},
      {{"relu", 1}, unary([](double x) { return largest(x, 0); })},
      {{"sigmoid", 1, -20, 20}, unary([](double x) { return 1 / (1 + std::exp(-x)); })},
      {{"tanh", 1}, unary(std::tanh)},
      {{"softplus", 1, -20, 20},
       unary([](double x) { return std::max(x, 0.0) + std::log1p(std::exp(-std::abs(x))); })},
      {{"erf", 1, -5, 5}, unary(std::erf)},
      {{"sin", 1}, unary(std::sin)},
      {{"cos", 1}, unary(std::cos)},
      {{"tan", 1, -1.4, 1.4}, unary(std::tan)},
      {{"arcsin", 1, -1, 1}, unary(std::asin)},
      {{"arccos", 1, -1, 1}, unary(std::acos)},
      {{"arctan", 1}, unary(std::atan)},
      {{"sinh", 1}, unary(std::sinh)},
      {{"cosh", 1}, unary(std::cosh)},
      {{"arcsinh", 1}, unary(std::asinh)},
      {{"arccosh", 1, 1, 9}, unary(std::acosh)},
      {{"arctanh", 1, -0.99, 0.99}, unary(std::atanh)},
      {{"expm1", 1}, unary(std::expm1)},
      {{"erfinv", 1, -0.999, 0.999}, unary(inverseOfErf)},
      {{"gelu", 1, -4, 4}, gelu},
      {{"elu", 1},
       [](const double* v, const Attrs& attrs) {
         return v[0] > 0 ? v[0] : attrs.number("alpha") * std::expm1(v[0]);
       }},
      {{"leakyRelu", 1},
       [](const double* v, const Attrs& attrs) {
         return v[0] > 0 ? v[0] : attrs.number("negativeSlope") * v[0];
       }},

      {{"add", 2}, binary([](double a, double b) { return a + b; })},
      {{"subtract", 2}, binary([](double a, double b) { return a - b; })},
      {{"multiply", 2}, binary([](double a, double b) { return a * b; })},
      {{"divide", 2, 0.01, 9}, binary([](double a, double b) { return a / b; })},
      {{"power", 2, 0.1, 5}, binary(std::pow)},
      {{"fmod", 2, 0.5, 9}, binary(std::fmod)},
      {{"floorDivide", 2, 0.5, 9}, binary([](double a, double b) { return std::floor(a / b); })},
      {{"arctan2", 2}, binary(std::atan2)},
      {{"maximum", 2}, binary(largest)},
      {{"minimum", 2}, binary(smallest)},
      {{"sigmoidCrossEntropy", 2, -3, 3}, binary([](double x, double z) {
         return std::max(x, 0.0) - x * z + std::log1p(std::exp(-std::abs(x)));
       })},
  };
  return rows;
}

}  // namespace

const std::vector<FloatOp>& floatOps() {
  static const std::vector<FloatOp> ops(floatRows().begin(), floatRows().end());
  return ops;
}

FloatOp floatOp(const std::string& name) {
  for (const FloatOp& op : floatOps())
    if (name == op.name) return op;
  return {name};
}

void addElementwise(Table& table) {
  for (const FloatRow& row : floatRows()) table[row.name] = elementwise(row.scalar);

  table["barrier"] = [](const Call& call) { call.outputs[0].data = call.inputs[0].data; };
  table["identity"] = table["stopGradient"] = elementwise(unary([](double x) { return x; }));
  table["cast"] = elementwise(castTo);
  table["where"] = elementwise([](const double* v, const Attrs&) { return v[0] != 0 ? v[1] : v[2]; });
  const auto logical = [&](const char* name, double (*f)(double, double)) {
    table[name] = elementwise(binary(f));
  };
  logical("equal", [](double a, double b) { return double(a == b); });
  logical("notEqual", [](double a, double b) { return double(a != b); });
  logical("less", [](double a, double b) { return double(a < b); });
  logical("lessEqual", [](double a, double b) { return double(a <= b); });
  logical("greater", [](double a, double b) { return double(a > b); });
  logical("greaterEqual", [](double a, double b) { return double(a >= b); });
  logical("logicalAnd", [](double a, double b) { return double(a != 0 && b != 0); });
  logical("logicalOr", [](double a, double b) { return double(a != 0 || b != 0); });
  table["logicalNot"] = elementwise(unary([](double x) { return double(x == 0); }));
  const auto integers = [&](const char* name, int64_t (*f)(int64_t, int64_t)) {
    table[name] = elementwise(bits(f));
  };
  integers("bitwiseAnd", [](int64_t a, int64_t b) { return a & b; });
  integers("bitwiseOr", [](int64_t a, int64_t b) { return a | b; });
  integers("bitwiseXor", [](int64_t a, int64_t b) { return a ^ b; });
  integers("leftShift", [](int64_t a, int64_t b) { return b < 0 || b > 31 ? 0 : a * (int64_t{1} << b); });
  integers("rightShift", [](int64_t a, int64_t b) { return a >> (b < 0 || b > 31 ? 31 : b); });
  integers("gcd", [](int64_t a, int64_t b) { return std::gcd(a, b); });
}

}  // namespace nodegrad::reference
