#include "cpu/elementwise/chain.h"

#include <algorithm>
#include <cstring>

#include "cpu/elementwise/kernels.h"
#include "cpu/isa.h"

namespace nodegrad {
namespace {

const StepRow* findRow(const std::string& op, StepKind kind) {
  const ElementwiseKernels& kernels = *isaKernels().elementwise;
  for (size_t i = 0; i < kernels.count; ++i) {
    if (op == kernels.rows[i].op && kind == kernels.rows[i].kind) return &kernels.rows[i];
  }
  return nullptr;
}

// Whether a cast changes nothing in a register.
bool sameInRegister(DType from, DType to) {
  return from == to || (to == DType::F32 && from != DType::I32) || (from == DType::Bool && to == DType::U8);
}

float numberOf(const Attrs& attrs, const char* name) {
  if (!name) return 0;
  for (auto& [key, value] : attrs) {
    if (key != name) continue;
    if (auto* number = std::get_if<double>(&value)) return static_cast<float>(*number);
    if (auto* boolean = std::get_if<bool>(&value)) return *boolean;
    if (auto* integer = std::get_if<int64_t>(&value)) return static_cast<float>(*integer);
  }
  fail(ErrorCode::Internal, "attribute '", name, "' is missing");
}

float constantBits(double value, DType dtype) {
  if (stepKind(dtype) == StepKind::Float) return static_cast<float>(value);
  const int32_t whole = static_cast<int32_t>(value);
  float bits;
  std::memcpy(&bits, &whole, sizeof bits);
  return bits;
}

// Gives slots to registers in the order of the calls; one that is not read again gives its slot back. The
// slots of inputs are filled before the first call.
void assignSlots(Chain& chain) {
  std::vector<int> spare;
  const auto take = [&](Chain::Register& reg) {
    if (spare.empty()) {
      reg.slot = chain.slots++;
    } else {
      reg.slot = spare.back();
      spare.pop_back();
    }
  };
  for (auto& reg : chain.registers) {
    if (reg.written < 0 && !reg.isConstant) take(reg);
  }
  for (size_t c = 0; c < chain.calls.size(); ++c) {
    // The result may use the slot of an argument that is read for the last time.
    for (auto& reg : chain.registers) {
      if (reg.slot >= 0 && reg.lastRead == static_cast<int>(c)) spare.push_back(reg.slot);
    }
    take(chain.registers[chain.calls[c].out]);
  }
}

// A register holds a bfloat16 as the float that it is.
DType inRegister(DType dtype) { return dtype == DType::BF16 ? DType::F32 : dtype; }

}  // namespace

StepKind stepKind(DType dtype) { return dtype == DType::I32 ? StepKind::Integer : StepKind::Float; }

Chain compileChain(const ElementwiseProgram& program, const std::vector<TensorType>& inputs) {
  Chain chain;
  chain.inputs = program.inputs;
  for (const TensorType& type : inputs) {
    chain.registers.emplace_back();
    chain.registers.back().dtype = inRegister(type.dtype);
  }
  // Of each register of the program, the chain's register.
  std::vector<int> joined;
  for (int i = 0; i < program.inputs; ++i) joined.push_back(i);

  for (const ElementwiseStep& step : program.steps) {
    std::vector<int> args;
    for (int arg : step.args) args.push_back(joined[arg]);
    const DType to = inRegister(step.dtype);
    const DType from = args.empty() ? to : chain.registers[args[0]].dtype;
    const bool copies = step.op == "identity" || step.op == "stopGradient";
    if (copies || (step.op == "cast" && sameInRegister(from, to))) {
      joined.push_back(args[0]);
      continue;
    }
    joined.push_back(static_cast<int>(chain.registers.size()));
    chain.registers.emplace_back();
    Chain::Register& result = chain.registers.back();
    result.dtype = to;
    if (step.op == "constant") {
      result.isConstant = true;
      result.constant = constantBits(step.attrs.number("value"), to);
      continue;
    }
    // The kind of where is that of what it moves; a condition is a float.
    const StepKind kind = stepKind(step.op == "where" ? chain.registers[args[1]].dtype : from);
    const std::string op = step.op == "cast" ? std::string("cast:") + name(to) : step.op;
    const StepRow* row = findRow(op, kind);
    if (!row) fail(ErrorCode::Device, "[", step.op, "] has no CPU kernel for ", name(from));
    ChainCall call{row->run, joined.back(), args, numberOf(step.attrs, row->attr)};
    if (step.op == "dropout") {
      call.dropout = static_cast<int>(chain.dropouts.size());
      chain.dropouts.push_back({args[1], static_cast<uint32_t>(step.attrs.integer("salt"))});
      call.args.resize(1);
    }
    result.written = static_cast<int>(chain.calls.size());
    for (int arg : call.args) chain.registers[arg].lastRead = result.written;
    chain.calls.push_back(std::move(call));
  }
  for (int output : program.outputs) {
    chain.outputs.push_back(joined[output]);
    chain.registers[joined[output]].lastRead = static_cast<int>(chain.calls.size());
  }
  assignSlots(chain);
  return chain;
}

}  // namespace nodegrad
