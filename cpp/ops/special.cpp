#include <cmath>
#include <limits>

#include "ops/check.h"
#include "ops/expr.h"

namespace nodegrad {

namespace {

// Whether an integer dtype can hold the value.
bool holds(DType dtype, double value) {
  if (dtype == DType::F32) return true;
  if (!(std::floor(value) == value)) return false;
  if (dtype == DType::Bool) return value == 0 || value == 1;
  if (dtype == DType::U8) return value >= 0 && value <= 255;
  return value >= std::numeric_limits<int32_t>::min() && value <= std::numeric_limits<int32_t>::max();
}

std::vector<TensorType> inferConstant(const InferContext& context) {
  const DType dtype = dtypeFromName(context.attrs.text("dtype"));
  const double value = context.attrs.number("value");
  if (!holds(dtype, value))
    fail(ErrorCode::Attribute, "[constant] expected a 'value' that ", name(dtype), " can hold, received ",
         value);
  return {{dtype, shapeAttribute(context, 0)}};
}

std::vector<TensorType> inferSame(const InferContext& context) { return {context.inputs[0]}; }

Expr firstInput(const Exprs& x, const TensorType&, const Attrs&) { return x[0]; }

// The graph adds these itself: they need a type, which is no attribute.
OpDef madeByGraph(const char* name) {
  OpDef def;
  def.name = name;
  def.infer = [](const InferContext& context) -> std::vector<TensorType> {
    fail(ErrorCode::Argument, "[", context.op,
         "] expected to be made by the graph's own call, received a call by name");
  };
  def.differentiable = false;
  return def;
}

}  // namespace

const OpFamily family([] {
  registerOp(madeByGraph("input"));
  registerOp(madeByGraph("parameter"));

  OpDef constant;
  constant.name = "constant";
  constant.attrs = {{"value", AttrKind::Number},
                    {"shape", AttrKind::Integers, Dims{}},
                    {"dtype", AttrKind::Text, std::string("float32")}};
  constant.infer = inferConstant;
  constant.differentiable = false;
  registerOp(constant);

  OpDef identity;
  identity.name = "identity";
  identity.minInputs = identity.maxInputs = 1;
  identity.infer = inferSame;
  identity.gradient = rule([](const Rule& r) -> Exprs { return {r.dy()}; });
  identity.elementwise = true;
  identity.lower = lowering(firstInput);
  registerOp(identity);

  // The first input, as something else than it until a plan is made, and known after the others.
  OpDef barrier;
  barrier.name = "barrier";
  barrier.minInputs = barrier.maxInputs = 2;
  barrier.infer = inferSame;
  barrier.gradient = [](const GradientContext& context) {
    return std::vector<Value>{context.gradients[0], kNone};
  };
  registerOp(barrier);

  OpDef stopGradient;
  stopGradient.name = "stopGradient";
  stopGradient.minInputs = stopGradient.maxInputs = 1;
  stopGradient.infer = inferSame;
  stopGradient.differentiable = false;
  stopGradient.elementwise = true;
  stopGradient.lower = lowering(firstInput);
  registerOp(stopGradient);
});

}  // namespace nodegrad
