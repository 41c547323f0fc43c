#pragma once
#include "../operand.h"
#include "core/dtype.h"
#include "philox.h"
#include "steps.h"

// A chain of element-wise steps as the interpreter on the GPU takes it.
namespace nodegrad::cuda {

enum Step : uint16_t {
  kLoad,      // from: which input
  kConstant,  // parameter: the bits
  kDropout,   // arguments: a register, and the input that holds {seed, step}
#define NODEGRAD_ENUMERATOR(id, name, kind, attribute, expression) k_##id,
  NODEGRAD_STEPS(NODEGRAD_ENUMERATOR)
#undef NODEGRAD_ENUMERATOR
};

struct Instruction {
  uint16_t step;
  uint16_t out, arguments[3];  // slots
  float parameter;
  uint32_t salt;  // of dropout
};

struct ChainInput {
  DType dtype;
  bool direct;  // element by element
  Strided memory;
};
struct ChainOutput {
  uint16_t slot;
  DType dtype;
};

// Addresses are the device's.
struct DeviceChain {
  const ChainInput* inputs;
  const Instruction* instructions;
  const ChainOutput* outputs;
  int inputCount, instructionCount, outputCount;
  int64_t elements;
};

// The operands of a run, inputs first. They are a kernel's parameter, which has 4 KiB at least.
struct ChainMemory {
  static constexpr int kMost = 256;
  const void* at[kMost];
};

}  // namespace nodegrad::cuda
