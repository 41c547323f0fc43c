#pragma once
#include <string>
#include <vector>

#include "backend.h"
#include "cpu/elementwise/kernels.h"
#include "cpu/isa/isa_kernels.h"

namespace nodegrad {

// One call of a step's inner loop on registers.
struct ChainCall {
  StepFunction run;
  int out;
  std::vector<int> args;
  float param = 0;
  int dropout = -1;  // the index into Chain::dropouts, which stands for the arguments after the first
};

struct ChainDropout {
  int key;  // the input that holds {seed, step}
  uint32_t salt;
};

// A program made ready: inner loops looked up, registers that are the same joined, each given a slot of a
// tile's memory that later ones use again.
struct Chain {
  struct Register {
    DType dtype;
    int slot = -1;       // of the tile memory; -1: none needed
    float constant = 0;  // of a constant register, as a float or the bits of an integer
    bool isConstant = false;
    int written = -1;   // the call that makes it; -1: an input or a constant
    int lastRead = -1;  // the last call that reads it
  };
  std::vector<Register> registers;  // inputs first
  std::vector<ChainCall> calls;
  std::vector<ChainDropout> dropouts;
  std::vector<int> outputs;  // registers, after joining
  int inputs = 0;
  int slots = 0;
};

// What a dtype is in a chain's register: an integer, or a float that stands for a float, a byte or a bool.
StepKind stepKind(DType dtype);

// Fails with DEVICE, naming op and dtype, where there is no inner loop for a step.
Chain compileChain(const ElementwiseProgram& program, const std::vector<TensorType>& inputs);

}  // namespace nodegrad
