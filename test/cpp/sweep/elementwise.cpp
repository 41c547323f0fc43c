// Element-wise ops, alone and in chains, and random numbers.
#include <algorithm>
#include <cmath>
#include <map>

#include "cpu/isa.h"
#include "graph/op.h"
#include "support/settings.h"
#include "sweep/family.h"

namespace nodegrad::sweep {

namespace {

using reference::apply;

bool isOfIntegers(const std::string& op) {
  return op.rfind("bitwise", 0) == 0 || op == "leftShift" || op == "rightShift" || op == "gcd";
}

struct Domain {
  double low, high;
  Attrs attrs = {};
};

Domain domainOf(Random& random, const std::string& op) {
  if (isOfIntegers(op)) return {1, 9};
  const reference::FloatOp known = reference::floatOp(op);
  Domain domain{known.low, known.high};
  if (op == "gelu") domain.attrs = {{"approximate", random.chance(0.5)}};
  if (op == "elu") domain.attrs = {{"alpha", 0.7}};
  if (op == "leakyRelu") domain.attrs = {{"negativeSlope", 0.3}};
  if (op == "dropout")
    domain.attrs = {{"rate", random.pick(std::vector<double>{0.0, 0.25, 0.5})},
                    {"salt", random.integer(0, 9)}};
  return domain;
}

bool isComparison(const std::string& op) {
  for (const char* name : {"equal", "notEqual", "less", "lessEqual", "greater", "greaterEqual"})
    if (op == name) return true;
  return false;
}
bool isLogical(const std::string& op) { return op.rfind("logical", 0) == 0; }

// A shape that numpy spreads to the full one.
Dims drawNarrower(Random& random, const Dims& full) {
  Dims shape = full;
  if (random.chance(0.4)) return shape;
  for (int64_t& size : shape)
    if (random.chance(0.5)) size = 1;
  if (random.chance(0.5))
    shape.erase(shape.begin(), shape.begin() + random.integer(0, static_cast<int64_t>(shape.size())));
  return shape;
}

void layInputs(Random& random, Call& call) {
  const LayoutPtr same = drawImageLayout(random, {DType::F32, call.outputs[0].shape});
  for (const Array& input : call.inputs) {
    const bool full = input.shape() == call.outputs[0].shape && input.type.dtype == DType::F32;
    call.inputLayouts.push_back(!full                ? nullptr
                                : random.chance(0.7) ? same
                                                     : drawImageLayout(random, input.type));
  }
}

Array key(Random& random) {
  return testing::array(
      {2}, {static_cast<double>(random.integer(0, 99)), static_cast<double>(random.integer(0, 99))},
      DType::I32);
}

Call single(Random& random, const std::string& op) {
  const Dims full = drawShape(random, static_cast<size_t>(random.integer(0, 5)), 3000);
  const Domain domain = domainOf(random, op);
  const OpDef& def = findOp(op);
  const bool integers =
      isOfIntegers(op) ||
      ((op == "add" || op == "subtract" || op == "multiply" || op == "negative" || op == "abs" ||
        op == "sign" || op == "square" || op == "maximum" || op == "minimum" || op == "identity" ||
        op == "where" || op == "fmod" || op == "floorDivide" || isComparison(op)) &&
       random.chance(0.2));
  const DType dtype = integers ? DType::I32 : isLogical(op) ? DType::Bool : DType::F32;
  const double scale = integers ? 25 : 1;
  const auto full_ = static_cast<size_t>(op == "dropout" ? 1 : def.minInputs);
  std::vector<Array> inputs;
  Attrs attrs = domain.attrs;
  for (size_t i = 0; i < full_; ++i) {
    const Dims shape = i == 0 || op == "sigmoidCrossEntropy" ? full : drawNarrower(random, full);
    const bool condition = op == "where" && i == 0;
    double low = domain.low, high = domain.high;
    if (i == 1 && op == "power") low = -4, high = 4;
    Array made = drawNumbers(random, {condition ? DType::Bool : dtype, shape}, low * scale, high * scale);
    if (i == 1 && (isComparison(op) || op == "maximum" || op == "minimum") && shape == full &&
        random.chance(0.5))
      for (size_t k = 0; k < made.data.size(); k += 2) made.data[k] = inputs[0].data[k];  // ties
    if (made.type.dtype == DType::F32 && random.chance(0.1)) poison(random, made);
    inputs.push_back(std::move(made));
  }
  if (op == "dropout") inputs.push_back(key(random));
  if (op == "cast") {
    const std::vector<std::string> all = {"float32", "int32", "bool", "uint8"};
    inputs[0] = drawNumbers(
        random, {random.pick(std::vector<DType>{DType::F32, DType::I32, DType::Bool, DType::U8}), full}, 0,
        200);
    attrs.set("dtype", random.pick(all));
  }
  if (full_ == 2 && random.chance(0.5) && op != "power" && op != "divide" && op != "sigmoidCrossEntropy")
    std::swap(inputs[0], inputs[1]);
  Call call = regularCall(op, std::move(inputs), attrs);
  layInputs(random, call);
  return call;
}

// Registers of a chain, all of the full shape, and how far off each may be.
struct Register {
  Array array;
  std::vector<double> bound;
};

// The own error of an op: those that round once, and those that approximate, as in
// elementwise_kernel_test.cpp and vector_math_kernel_test.cpp.
void addOwnError(const std::string& op, Register& result) {
  static const std::vector<std::string> exact = {
      "negative", "abs",          "sign", "relu",     "floor",      "maximum",    "minimum",  "where",
      "identity", "stopGradient", "cast", "constant", "logicalNot", "logicalAnd", "logicalOr"};
  if (std::find(exact.begin(), exact.end(), op) != exact.end() || isComparison(op)) return;
  const bool once =
      op == "add" || op == "subtract" || op == "multiply" || op == "divide" || op == "square" || op == "sqrt";
  for (size_t i = 0; i < result.bound.size(); ++i) {
    const double size = std::abs(result.array.data[i]);
    if (std::isfinite(size)) result.bound[i] += once ? 2 * kFloat * size : 3e-6 * size + 4e-7;
  }
}

// op on registers: its value, and how far the errors of its arguments may lead.
Register step(const std::string& op, const std::vector<const Register*>& args, const Attrs& attrs) {
  std::vector<Array> exact;
  for (const Register* arg : args) exact.push_back(arg->array);
  Register result{apply(op, exact, attrs)[0], {}};
  result.bound.assign(result.array.data.size(), 0);
  for (size_t a = 0; a < args.size(); ++a) {
    const std::vector<double>& bound = args[a]->bound;
    if (std::all_of(bound.begin(), bound.end(), [](double b) { return b == 0; })) continue;
    for (double sign : {-1.0, 1.0}) {
      std::vector<Array> moved = exact;
      for (size_t i = 0; i < bound.size(); ++i) moved[a].data[i] += sign * bound[i];
      const std::vector<double> there = apply(op, moved, attrs)[0].data;
      std::vector<double> apart(there.size());
      for (size_t i = 0; i < there.size(); ++i) {
        const double here = result.array.data[i];
        const bool same = there[i] == here || (std::isnan(there[i]) && std::isnan(here));
        apart[i] = same ? 0 : std::abs(there[i] - here);
        if (std::isnan(apart[i])) apart[i] = kUnbound;
      }
      if (sign < 0)
        for (size_t i = 0; i < apart.size(); ++i) result.bound[i] += apart[i];
      else
        for (size_t i = 0; i < apart.size(); ++i) result.bound[i] += std::max(0.0, apart[i]);
    }
  }
  addOwnError(op, result);
  // Numbers that may be equal need not be so at the ends of what they may be.
  if (isComparison(op))
    for (size_t i = 0; i < result.bound.size(); ++i) {
      const double reach = args[0]->bound[i] + args[1]->bound[i];
      if (reach > 0 && std::abs(exact[0].data[i] - exact[1].data[i]) <= reach) result.bound[i] = 1;
    }
  // What float32 does not hold may be infinite or not.
  for (size_t i = 0; i < result.bound.size(); ++i)
    if (std::isfinite(result.array.data[i]) && std::abs(result.array.data[i]) > 1e37)
      result.bound[i] = kUnbound;
  return result;
}

Array spread(const Array& array, const Dims& full) {
  const Array floats = asFloats(array);
  return floats.shape() == full ? floats : apply("broadcastTo", {floats}, {{"shape", full}})[0];
}

Register given(Array array) {
  std::vector<double> none(array.data.size(), 0);
  return {std::move(array), std::move(none)};
}

std::string checkSingle(const Call& call, const std::vector<Array>& outputs, const std::string&) {
  std::vector<Register> args;
  for (const Array& input : call.inputs) args.push_back(given(asFloats(input)));
  std::vector<const Register*> pointers;
  for (const Register& arg : args) pointers.push_back(&arg);
  Register result = step(call.op, pointers, call.attrs);
  return compare(outputs[0], {result.array.data, result.bound}, 0);
}

Call chain(Random& random, const std::string& op) {
  const Dims full =
      drawShape(random, static_cast<size_t>(random.integer(1, 4)), random.chance(0.1) ? 40000 : 3000);
  auto program = std::make_shared<ElementwiseProgram>();
  Call call{op, {}, {}, {}};
  std::vector<int> floats, bools;
  std::vector<DType> types;
  program->inputs = static_cast<int>(random.integer(1, 4));
  const bool keyed = random.chance(0.15);
  for (int i = 0; i < program->inputs; ++i) {
    const Dims shape = i == 0 ? full : drawNarrower(random, full);
    const DType dtype = i > 0 && random.chance(0.2) ? DType::Bool : DType::F32;
    (dtype == DType::F32 ? floats : bools).push_back(i);
    call.inputs.push_back(
        drawNumbers(random, {dtype, shape}, dtype == DType::Bool ? 0 : -2, dtype == DType::Bool ? 1 : 2));
  }
  if (random.chance(0.1)) poison(random, call.inputs[0]);
  const int keyAt = program->inputs;
  if (keyed) {
    call.inputs.push_back(key(random));
    ++program->inputs;
  }
  const auto add = [&](const std::string& name, std::vector<int> args, DType dtype, Attrs attrs = {}) {
    program->steps.push_back({name, std::move(args), std::move(attrs), dtype});
    const int made = program->inputs + static_cast<int>(program->steps.size()) - 1;
    (dtype == DType::Bool ? bools : floats).push_back(made);
    return made;
  };
  static const std::vector<std::string> unary = {"negative", "abs",  "sign",      "square",  "relu",
                                                 "sigmoid",  "tanh", "softplus",  "erf",     "floor",
                                                 "gelu",     "elu",  "leakyRelu", "identity"};
  static const std::vector<std::string> binary = {"add", "subtract", "multiply", "maximum", "minimum"};
  for (int64_t left = random.integer(1, 8); left > 0; --left) {
    const int64_t kind = random.integer(0, 9);
    const int x = random.pick(floats);
    if (kind < 4) {
      const std::string name = random.pick(unary);
      add(name, {x}, DType::F32, domainOf(random, name).attrs);
    } else if (kind < 7) {
      add(random.pick(binary), {x, random.pick(floats)}, DType::F32);
    } else if (kind == 7) {
      add(random.pick(std::vector<std::string>{"greater", "less", "greaterEqual", "equal"}),
          {x, random.pick(floats)}, DType::Bool);
    } else if (kind == 8 && !bools.empty()) {
      add("where", {random.pick(bools), x, random.pick(floats)}, DType::F32);
    } else if (keyed) {
      add("dropout", {x, keyAt}, DType::F32, domainOf(random, "dropout").attrs);
    } else {
      add("constant", {}, DType::F32, {{"value", random.pick(std::vector<double>{0, 1, -0.5, 3})}});
    }
  }
  // A chain reads all of its inputs.
  if (keyed) add("dropout", {random.pick(floats), keyAt}, DType::F32, domainOf(random, "dropout").attrs);
  const int last = program->inputs + static_cast<int>(program->steps.size()) - 1;
  program->outputs = {last};
  while (random.chance(0.35))
    program->outputs.push_back(
        static_cast<int>(random.integer(random.chance(0.1) ? 0 : program->inputs, last)));
  for (int& reg : program->outputs) {
    if (reg < program->inputs && (call.inputs[static_cast<size_t>(reg)].shape() != full)) reg = last;
    const bool isBool = std::find(bools.begin(), bools.end(), reg) != bools.end();
    call.outputs.push_back({isBool ? DType::Bool : DType::F32, full});
  }
  call.program = program;
  layInputs(random, call);
  return call;
}

std::string checkChain(const Call& call, const std::vector<Array>& outputs, const std::string&) {
  const Dims& full = call.outputs[0].shape;
  std::vector<Register> registers;
  for (const Array& input : call.inputs)
    registers.push_back(given(input.type.dtype == DType::I32 ? input : spread(input, full)));
  for (const ElementwiseStep& s : call.program->steps) {
    Register result;
    if (s.op == "constant") {
      result = given(
          {{s.dtype, full}, std::vector<double>(static_cast<size_t>(count(full)), s.attrs.number("value"))});
    } else {
      std::vector<const Register*> args;
      for (int reg : s.args) args.push_back(&registers[static_cast<size_t>(reg)]);
      result = step(s.op, args, s.attrs);
    }
    registers.push_back(std::move(result));
  }
  for (size_t o = 0; o < outputs.size(); ++o) {
    const Register& result = registers[static_cast<size_t>(call.program->outputs[o])];
    const std::string wrong = compare(outputs[o], {result.array.data, result.bound}, o);
    if (!wrong.empty()) return wrong;
  }
  return "";
}

Call numbers(Random& random, const std::string& op) {
  const Dims shape = drawShape(random, static_cast<size_t>(random.integer(0, 3)), 30000);
  const bool uniform = op == "randomUniform";
  return regularCall(op, {key(random)},
                     {{"shape", shape},
                      {"salt", random.integer(0, 99)},
                      {uniform ? "minval" : "mean", random.real(-2, 0)},
                      {uniform ? "maxval" : "stddev", random.real(0.5, 3)}});
}

// The uniform ones by the definition. Normal ones as the lowest level has them, within what logarithm, root
// and cosine may differ by; truncated ones within two deviations.
std::string checkNumbers(const Call& call, const std::vector<Array>& outputs, const std::string&) {
  if (call.op == "randomUniform")
    return compare(outputs[0], nearly(apply(call.op, call.inputs, call.attrs)[0].data, 1e-6, 1e-6), 0);
  const std::string level = isaKernels().name;
  testing::useIsa(isaLevels().front());
  const auto kernel = testing::cpuBackend().kernel(call.spec());
  testing::useIsa(level);
  const Array base = testing::runKernel(*kernel, call).outputs[0];
  const double stddev = call.attrs.number("stddev"), mean = call.attrs.number("mean");
  for (double v : outputs[0].data)
    if (call.op == "truncatedNormal" && !(std::abs(v - mean) <= 2 * stddev * (1 + 1e-6)))
      return "a number beyond two deviations: " + std::to_string(v);
  return compare(outputs[0], nearly(base.data, 1e-5, 1e-5 * stddev), 0);
}

}  // namespace

std::vector<Family> elementwiseFamilies() {
  std::vector<std::string> ops;
  for (const std::string& op : opNames())
    if (findOp(op).elementwise || op == "cast" || op == "dropout" || op == "identity" || op == "stopGradient")
      ops.push_back(op);
  return {{ops, single, checkSingle},
          {{"fusedElementwise"}, chain, checkChain},
          {{"randomUniform", "randomNormal", "truncatedNormal"}, numbers, checkNumbers}};
}

}  // namespace nodegrad::sweep
