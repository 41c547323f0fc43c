#include "ops/check.h"
#include "ops/expr.h"

namespace nodegrad {

namespace {

Exprs broadcastBack(const Rule& r, const Expr& da, const Expr& db) {
  return {sumTo(da, r.x(0)), sumTo(db, r.x(1))};
}

// At a tie each input gets half; a NaN goes to both, as in PyTorch. `loses` says where a has no part in the
// result.
Exprs choiceGradient(const Rule& r, const char* aLoses, const char* bLoses) {
  const Expr tied = where(equal(r.x(0), r.x(1)), 0.5 * r.dy(), r.dy());
  return broadcastBack(r, where(apply(aLoses, {r.x(0), r.x(1)}), 0.0, tied),
                       where(apply(bLoses, {r.x(0), r.x(1)}), 0.0, tied));
}

// The number that a value is known to be, if it is a constant.
const double* knownNumber(const Expr& x) {
  const Node& node = x.graph()->producer(x.value());
  if (node.op->name != "constant") return nullptr;
  for (const auto& attr : node.attrs)
    if (attr.first == "value") return std::get_if<double>(&attr.second);
  return nullptr;
}

// d/dx = e x^(e-1), d/de = x^e log x. Where these are 0 · infinity, their limits 0 stand, as in PyTorch; the
// inputs are moved away from such places before the op, so that further derivatives are finite too.
Exprs powGradient(const Rule& r) {
  const Expr x = r.x(0), e = r.x(1);
  if (const double* found = knownNumber(e)) {
    const double number = *found;
    if (number == 0) return {Expr::none()};
    if (number == 1) return {sumTo(r.dy(), x)};
    const Expr lower = number == 2 ? x : pow(x, number - 1);
    return {sumTo(r.dy() * (number * lower), x)};
  }
  const Expr zero = equal(x, 0.0);
  const Expr power = where(both(zero, equal(e, 0.0)), 1.0, e);
  const Expr base = where(both(zero, greaterEqual(e, 0.0)), 1.0, x);
  return broadcastBack(r, r.dy() * (e * pow(x, power - 1.0)), r.dy() * (r.y() * log(base)));
}

struct Row {
  const char* name;
  Exprs (*gradient)(const Rule& r);  // null: zero everywhere
  bool integers;                     // int32 too
};

const Row kArithmetic[] = {
    {"add", [](const Rule& r) { return broadcastBack(r, r.dy(), r.dy()); }, true},
    {"subtract", [](const Rule& r) { return broadcastBack(r, r.dy(), -r.dy()); }, true},
    {"multiply", [](const Rule& r) { return broadcastBack(r, r.dy() * r.x(1), r.dy() * r.x(0)); }, true},
    {"divide",
     [](const Rule& r) {
       const Expr part = r.dy() / r.x(1);
       return broadcastBack(r, part, -(part * r.y()));
     },
     false},
    {"power", powGradient, false},
    {"arctan2",
     [](const Rule& r) {
       const Expr part = r.dy() / (square(r.x(0)) + square(r.x(1)));
       return broadcastBack(r, part * r.x(1), -(part * r.x(0)));
     },
     false},
    {"fmod", [](const Rule& r) { return broadcastBack(r, r.dy(), r.dy() * ((r.y() - r.x(0)) / r.x(1))); },
     true},
    {"floorDivide", nullptr, true},
    {"maximum", [](const Rule& r) { return choiceGradient(r, "less", "greater"); }, true},
    {"minimum", [](const Rule& r) { return choiceGradient(r, "greater", "less"); }, true},
};

OpDef arithmeticOp(const Row& row) {
  OpDef def;
  def.name = row.name;
  def.minInputs = def.maxInputs = 2;
  def.elementwise = true;
  def.infer = [integers = row.integers](const InferContext& context) -> std::vector<TensorType> {
    const auto input = [&](size_t i, const char* name) {
      return integers ? inputOf(context, i, name, {DType::F32, DType::I32})
                      : inputOf(context, i, name, {DType::F32});
    };
    const TensorType a = input(0, "a"), b = input(1, "b");
    expectSameDType(context, a, b);
    return {{a.dtype, broadcast(context.op, a.shape, b.shape)}};
  };
  def.differentiable = row.gradient != nullptr;
  if (row.gradient) def.gradient = rule(row.gradient);
  return def;
}

// The bits of whole numbers.
OpDef integerOp(const char* name) {
  OpDef def;
  def.name = name;
  def.minInputs = def.maxInputs = 2;
  def.elementwise = true;
  def.differentiable = false;
  def.infer = [](const InferContext& context) -> std::vector<TensorType> {
    const TensorType& a = inputOf(context, 0, "a", {DType::I32});
    const TensorType& b = inputOf(context, 1, "b", {DType::I32});
    return {{DType::I32, broadcast(context.op, a.shape, b.shape)}};
  };
  return def;
}

// Comparisons of any one dtype, and the logic of bools.
OpDef predicateOp(const char* name, bool logical) {
  OpDef def;
  def.name = name;
  def.minInputs = def.maxInputs = 2;
  def.elementwise = true;
  def.differentiable = false;
  def.infer = [logical](const InferContext& context) -> std::vector<TensorType> {
    const auto input = [&](size_t i, const char* name) {
      return logical ? inputOf(context, i, name, {DType::Bool}) : inputOf(context, i, name);
    };
    const TensorType a = input(0, "a"), b = input(1, "b");
    expectSameDType(context, a, b);
    return {{DType::Bool, broadcast(context.op, a.shape, b.shape)}};
  };
  return def;
}

std::vector<TensorType> inferWhere(const InferContext& context) {
  const TensorType& condition = inputOf(context, 0, "the condition", {DType::Bool});
  const TensorType& a = context.inputs[1];
  const TensorType& b = context.inputs[2];
  expectSameDType(context, a, b);
  return {{a.dtype, broadcast(context.op, condition.shape, broadcast(context.op, a.shape, b.shape))}};
}

Exprs whereGradient(const Rule& r) {
  const Expr condition = r.x(0);
  return {Expr::none(), sumTo(where(condition, r.dy(), 0.0), r.x(1)),
          sumTo(where(condition, 0.0, r.dy()), r.x(2))};
}

}  // namespace

const OpFamily family([] {
  for (const Row& row : kArithmetic) registerOp(arithmeticOp(row));
  for (const char* name : {"bitwiseAnd", "bitwiseOr", "bitwiseXor", "leftShift", "rightShift", "gcd"})
    registerOp(integerOp(name));
  for (const char* name : {"equal", "notEqual", "less", "lessEqual", "greater", "greaterEqual"})
    registerOp(predicateOp(name, false));
  for (const char* name : {"logicalAnd", "logicalOr"}) registerOp(predicateOp(name, true));

  OpDef def;
  def.name = "where";
  def.minInputs = def.maxInputs = 3;
  def.infer = inferWhere;
  def.gradient = rule(whereGradient);
  def.elementwise = true;
  registerOp(def);
});

}  // namespace nodegrad
