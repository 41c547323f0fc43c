#include "ops/check.h"
#include "ops/expr.h"

namespace nodegrad {

namespace {

using Formula = Expr (*)(const Rule& r);

// One element-wise op of one input: what it accepts and its gradient. The output has the input's type.
struct Row {
  const char* name;
  Formula gradient;       // null: zero everywhere
  bool integers = false;  // int32 too
  std::vector<AttrSpec> attrs = {};
  bool activation = false;
};

constexpr double kSqrtHalf = 0.70710678118654752440;
constexpr double kTwoOverSqrtPi = 1.12837916709551257390;
constexpr double kOneOverSqrtTwoPi = 0.39894228040143267794;
constexpr double kSqrtTwoOverPi = 0.79788456080286535588;

// Hendrycks and Gimpel, Gaussian Error Linear Units, 2016: x times the normal distribution, or its
// approximation by tanh.
Expr geluGradient(const Rule& r) {
  const Expr x = r.x();
  if (!r.attrs.boolean("approximate"))
    return r.dy() *
           (0.5 * (1.0 + apply("erf", {x * kSqrtHalf})) + x * exp(-0.5 * square(x)) * kOneOverSqrtTwoPi);
  constexpr double c = 0.044715;
  const Expr t = apply("tanh", {kSqrtTwoOverPi * (x + c * (x * square(x)))});
  return r.dy() *
         (0.5 * (1.0 + t) + 0.5 * x * (1.0 - square(t)) * (kSqrtTwoOverPi * (1.0 + 3 * c * square(x))));
}

const Row kRows[] = {
    {"negative", [](const Rule& r) { return -r.dy(); }, true},
    {"abs", [](const Rule& r) { return r.dy() * apply("sign", {r.x()}); }, true},
    {"sign", nullptr, true},
    {"floor", nullptr},
    {"exp", [](const Rule& r) { return r.dy() * r.y(); }},
    {"log", [](const Rule& r) { return r.dy() / r.x(); }},
    {"log1p", [](const Rule& r) { return r.dy() / (r.x() + 1.0); }},
    {"sqrt", [](const Rule& r) { return 0.5 * r.dy() / r.y(); }},
    {"rsqrt", [](const Rule& r) { return -0.5 * r.dy() * (r.y() * square(r.y())); }},
    {"square", [](const Rule& r) { return 2.0 * r.dy() * r.x(); }, true},
    {"reciprocal", [](const Rule& r) { return -(r.dy() * square(r.y())); }},
    {"relu", [](const Rule& r) { return where(greater(r.y(), 0.0), r.dy(), 0.0); }, false, {}, true},
    {"sigmoid", [](const Rule& r) { return r.dy() * (r.y() * (1.0 - r.y())); }, false, {}, true},
    {"tanh", [](const Rule& r) { return r.dy() * (1.0 - square(r.y())); }, false, {}, true},
    {"softplus", [](const Rule& r) { return r.dy() * apply("sigmoid", {r.x()}); }},
    {"erf", [](const Rule& r) { return r.dy() * (kTwoOverSqrtPi * exp(-square(r.x()))); }},
    {"sin", [](const Rule& r) { return r.dy() * apply("cos", {r.x()}); }},
    {"cos", [](const Rule& r) { return -(r.dy() * apply("sin", {r.x()})); }},
    {"tan", [](const Rule& r) { return r.dy() * (1.0 + square(r.y())); }},
    {"arcsin", [](const Rule& r) { return r.dy() * apply("rsqrt", {(1.0 - r.x()) * (1.0 + r.x())}); }},
    {"arccos", [](const Rule& r) { return -(r.dy() * apply("rsqrt", {(1.0 - r.x()) * (1.0 + r.x())})); }},
    {"arctan", [](const Rule& r) { return r.dy() / (1.0 + square(r.x())); }},
    {"sinh", [](const Rule& r) { return r.dy() * apply("cosh", {r.x()}); }},
    {"cosh", [](const Rule& r) { return r.dy() * apply("sinh", {r.x()}); }},
    {"arcsinh", [](const Rule& r) { return r.dy() * apply("rsqrt", {1.0 + square(r.x())}); }},
    {"arccosh", [](const Rule& r) { return r.dy() * apply("rsqrt", {(r.x() - 1.0) * (r.x() + 1.0)}); }},
    {"arctanh", [](const Rule& r) { return r.dy() / ((1.0 - r.x()) * (1.0 + r.x())); }},
    {"expm1", [](const Rule& r) { return r.dy() * (r.y() + 1.0); }},
    {"erfinv", [](const Rule& r) { return r.dy() * (exp(square(r.y())) / kTwoOverSqrtPi); }},
    {"gelu", geluGradient, false, {{"approximate", AttrKind::Boolean, false}}},
    {"elu",
     [](const Rule& r) {
       return where(greater(r.x(), 0.0), r.dy(), r.dy() * (r.y() + r.attrs.number("alpha")));
     },
     false,
     {{"alpha", AttrKind::Number, 1.0}}},
    {"leakyRelu",
     [](const Rule& r) {
       return where(greater(r.x(), 0.0), r.dy(), r.dy() * r.attrs.number("negativeSlope"));
     },
     false,
     {{"negativeSlope", AttrKind::Number, 0.2}}},
};

OpDef opOf(const Row& row) {
  OpDef def;
  def.name = row.name;
  def.minInputs = def.maxInputs = 1;
  def.attrs = row.attrs;
  def.elementwise = true;
  def.activation = row.activation;
  if (row.integers)
    def.infer = [](const InferContext& context) -> std::vector<TensorType> {
      return {inputOf(context, 0, "x", {DType::F32, DType::I32})};
    };
  else
    def.infer = [](const InferContext& context) -> std::vector<TensorType> {
      return {inputOf(context, 0, "x", {DType::F32})};
    };
  def.differentiable = row.gradient != nullptr;
  if (row.gradient)
    def.gradient = rule([formula = row.gradient](const Rule& r) -> Exprs { return {formula(r)}; });
  return def;
}

}  // namespace

const OpFamily family([] {
  for (const Row& row : kRows) registerOp(opOf(row));

  OpDef logicalNot;
  logicalNot.name = "logicalNot";
  logicalNot.minInputs = logicalNot.maxInputs = 1;
  logicalNot.infer = [](const InferContext& context) -> std::vector<TensorType> {
    return {inputOf(context, 0, "x", {DType::Bool})};
  };
  logicalNot.differentiable = false;
  logicalNot.elementwise = true;
  registerOp(logicalNot);

  OpDef cast;
  cast.name = "cast";
  cast.minInputs = cast.maxInputs = 1;
  cast.attrs = {{"dtype", AttrKind::Text}};
  cast.infer = [](const InferContext& context) -> std::vector<TensorType> {
    return {{dtypeFromName(context.attrs.text("dtype")), context.inputs[0].shape}};
  };
  cast.gradient = rule([](const Rule& r) -> Exprs {
    const bool floats = r.x().type().dtype == DType::F32 && r.y().type().dtype == DType::F32;
    return {floats ? r.dy() : Expr::none()};
  });
  cast.elementwise = true;
  registerOp(cast);
});

}  // namespace nodegrad
