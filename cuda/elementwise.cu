#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "device/bfloat16.h"
#include "device/chain.h"
#include "device/refusal.h"
#include "kernel_table.h"
#include "launch.h"
#include "shared_memory.h"

namespace nodegrad::cuda {

namespace {

struct StepName {
  Step step;
  const char* op;
  bool integer;
  const char* attribute;
};

constexpr StepName kSteps[] = {
#define NODEGRAD_ROW(id, name, kind, attribute, expression) \
  {k_##id, name, std::is_same_v<kind, Integer>, attribute},
    NODEGRAD_STEPS(NODEGRAD_ROW)
#undef NODEGRAD_ROW
};

// --- On the device.

__device__ inline Word loadWord(const void* memory, DType dtype, int64_t at) {
  switch (dtype) {
    case DType::U8:
    case DType::Bool: return word(static_cast<float>(static_cast<const uint8_t*>(memory)[at]));
    case DType::BF16: return word(read(static_cast<const uint16_t*>(memory)[at]));
    default: return static_cast<const Word*>(memory)[at];
  }
}

__device__ inline void storeWord(void* memory, DType dtype, int64_t at, Word bits) {
  switch (dtype) {
    case DType::U8:
    case DType::Bool:
      static_cast<uint8_t*>(memory)[at] = static_cast<uint8_t>(static_cast<int32_t>(Float::of(bits)));
      break;
    case DType::BF16: write(static_cast<uint16_t*>(memory) + at, Float::of(bits)); break;
    default: static_cast<Word*>(memory)[at] = bits;
  }
}

template <class Index>
__device__ inline int64_t placeOf(const ChainInput& input, Index index) {
  return input.direct ? static_cast<int64_t>(index) : placeOf(input.memory, index);
}

__device__ inline Word runStep(const Instruction& step, const Word (&bits)[3]) {
  [[maybe_unused]] const float p = step.parameter;
  switch (step.step) {
#define NODEGRAD_CASE(id, name, kind, attribute, expression)                                               \
  case k_##id: {                                                                                           \
    [[maybe_unused]] const kind::Type x = kind::of(bits[0]), y = kind::of(bits[1]), z = kind::of(bits[2]); \
    return word(expression);                                                                               \
  }
    NODEGRAD_STEPS(NODEGRAD_CASE)
#undef NODEGRAD_CASE
    default: return 0;
  }
}

__device__ inline Word drop(const Instruction& step, Word x, const void* key, uint64_t index) {
  const auto* words = static_cast<const uint32_t*>(key);
  const float rate = step.parameter;
  const bool kept = uniformAt({words[0], step.salt, words[1]}, index) >= rate;
  return kept ? word(Float::of(x) * (1.0f / (1.0f - rate))) : word(0.0f);
}

// An element a thread at a time. Registers are in shared memory, where an index that is known only when the
// kernel runs costs no more than another.
template <class Index>
__global__ void interpret(DeviceChain chain, ChainMemory memory, const Refusal* refusal) {
  if (isRefused(refusal)) return;
  Word* registers = sharedMemory<Word>() + threadIdx.x;
  const unsigned stride = blockDim.x;
  const auto count = static_cast<Index>(chain.elements);
  for (Index i = firstIndex<Index>(); i < count; i += indexStep<Index>()) {
    for (int k = 0; k < chain.instructionCount; ++k) {
      const Instruction step = chain.instructions[k];
      Word& result = registers[step.out * stride];
      if (step.step == kLoad) {
        const ChainInput& input = chain.inputs[step.arguments[0]];
        result = loadWord(memory.at[step.arguments[0]], input.dtype, placeOf(input, i));
      } else if (step.step == kConstant) {
        result = word(step.parameter);
      } else if (step.step == kDropout) {
        result = drop(step, registers[step.arguments[0] * stride], memory.at[step.arguments[1]], i);
      } else {
        const Word bits[3] = {registers[step.arguments[0] * stride], registers[step.arguments[1] * stride],
                              registers[step.arguments[2] * stride]};
        result = runStep(step, bits);
      }
    }
    // After all inputs are read: an output may be written over one.
    for (int o = 0; o < chain.outputCount; ++o) {
      const ChainOutput& output = chain.outputs[o];
      storeWord(const_cast<void*>(memory.at[chain.inputCount + o]), output.dtype, static_cast<int64_t>(i),
                registers[output.slot * stride]);
    }
  }
}

// --- On the host.

// One op alone is a chain of one step; a reorder, which changes the dtype here, is one without.
ElementwiseProgram programOf(const KernelSpec& spec) {
  if (spec.program) return *spec.program;
  ElementwiseProgram program;
  program.inputs = static_cast<int>(spec.inputs.size());
  ElementwiseStep step{spec.op, {}, spec.attrs, spec.outputs[0].dtype};
  for (int i = 0; i < program.inputs; ++i) step.args.push_back(i);
  if (spec.op == "reorder") step.op = "identity";
  program.steps = {step};
  program.outputs = {program.inputs};
  return program;
}

float numberOf(const Attrs& attrs, const char* name) {
  for (const auto& [key, value] : attrs) {
    if (key != name) continue;
    if (const auto* number = std::get_if<double>(&value)) return static_cast<float>(*number);
    if (const auto* boolean = std::get_if<bool>(&value)) return *boolean ? 1.0f : 0.0f;
    if (const auto* integer = std::get_if<int64_t>(&value)) return static_cast<float>(*integer);
  }
  fail(ErrorCode::Internal, "attribute '", name, "' is missing");
}

float constantBits(double value, DType dtype) {
  if (dtype != DType::I32) return static_cast<float>(value);
  const auto whole = static_cast<int32_t>(value);
  float bits;
  std::memcpy(&bits, &whole, sizeof bits);
  return bits;
}

// Whether a cast changes nothing in a register.
bool sameInRegister(DType from, DType to) {
  const bool floats = from != DType::I32 && (to == DType::F32 || to == DType::BF16);
  return from == to || floats || (from == DType::Bool && to == DType::U8);
}

// Turns a program into instructions on as few slots as are live at once.
class ChainCompiler {
 public:
  explicit ChainCompiler(const KernelSpec& spec) : program_(programOf(spec)) {
    const auto registers = static_cast<size_t>(program_.inputs) + program_.steps.size();
    slots_.assign(registers, -1);
    lastRead_.assign(registers, -1);
    for (const TensorType& type : spec.inputs) dtypes_.push_back(type.dtype);
    for (const ElementwiseStep& step : program_.steps) dtypes_.push_back(step.dtype);
    same_.resize(registers);
    for (size_t r = 0; r < registers; ++r) same_[r] = static_cast<int>(r);
    for (size_t s = 0; s < program_.steps.size(); ++s) noteReads(s);
    for (const int output : program_.outputs)
      lastRead_[root(output)] = static_cast<int>(program_.steps.size());
    for (size_t s = 0; s < program_.steps.size(); ++s) compile(s);
    for (size_t o = 0; o < program_.outputs.size(); ++o)
      outputs.push_back({slotOf(program_.outputs[o]), spec.outputs[o].dtype});
  }

  std::vector<Instruction> instructions;
  std::vector<ChainOutput> outputs;
  int slotCount = 0;

 private:
  int root(int reg) const { return same_[static_cast<size_t>(reg)]; }

  bool copies(const ElementwiseStep& step) const {
    return step.op == "identity" || step.op == "stopGradient" ||
           (step.op == "cast" &&
            sameInRegister(dtypes_[static_cast<size_t>(root(step.args[0]))], step.dtype));
  }

  void noteReads(size_t s) {
    const ElementwiseStep& step = program_.steps[s];
    const auto result = static_cast<size_t>(program_.inputs) + s;
    if (copies(step)) {
      same_[result] = root(step.args[0]);
      return;
    }
    for (const int arg : readsOf(step)) lastRead_[static_cast<size_t>(root(arg))] = static_cast<int>(s);
  }

  // A dropout's key is read from memory.
  static std::vector<int> readsOf(const ElementwiseStep& step) {
    return step.op == "dropout" ? std::vector<int>{step.args[0]} : step.args;
  }

  void compile(size_t s) {
    const ElementwiseStep& step = program_.steps[s];
    const auto result = static_cast<size_t>(program_.inputs) + s;
    if (copies(step)) return;
    Instruction made{};
    size_t at = 0;
    for (const int arg : readsOf(step)) made.arguments[at++] = slotOf(arg);
    if (step.op == "constant") {
      made.step = kConstant;
      made.parameter = constantBits(step.attrs.number("value"), step.dtype);
    } else if (step.op == "dropout") {
      made.step = kDropout;
      made.arguments[1] = static_cast<uint16_t>(step.args[1]);
      made.parameter = numberOf(step.attrs, "rate");
      made.salt = static_cast<uint32_t>(step.attrs.integer("salt"));
    } else {
      const StepName& row = findStep(step);
      made.step = row.step;
      if (row.attribute) made.parameter = numberOf(step.attrs, row.attribute);
    }
    // The result may use the slot of an argument that is read for the last time.
    for (size_t r = 0; r < slots_.size(); ++r)
      if (slots_[r] >= 0 && lastRead_[r] == static_cast<int>(s)) spare_.push_back(slots_[r]);
    made.out = take(result);
    instructions.push_back(made);
  }

  const StepName& findStep(const ElementwiseStep& step) const {
    const DType from = dtypes_[static_cast<size_t>(root(step.args[0]))];
    const std::string op = step.op == "cast" ? std::string("cast:") + name(step.dtype) : step.op;
    // A condition is a float whatever it chooses.
    const bool integer = step.op != "where" && from == DType::I32;
    for (const StepName& row : kSteps)
      if (op == row.op && integer == row.integer) return row;
    fail(ErrorCode::Device, "[", step.op, "] has no kernel for the GPU for ", name(from));
  }

  // The slot of a register; an input is loaded when it is first read.
  uint16_t slotOf(int reg) {
    const auto own = static_cast<size_t>(root(reg));
    if (slots_[own] >= 0) return static_cast<uint16_t>(slots_[own]);
    Instruction load{};
    load.step = kLoad;
    load.arguments[0] = static_cast<uint16_t>(own);
    load.out = take(own);
    instructions.push_back(load);
    return load.out;
  }

  uint16_t take(size_t reg) {
    if (spare_.empty()) {
      slots_[reg] = slotCount++;
    } else {
      slots_[reg] = spare_.back();
      spare_.pop_back();
    }
    return static_cast<uint16_t>(slots_[reg]);
  }

  ElementwiseProgram program_;
  std::vector<DType> dtypes_;                  // of registers
  std::vector<int> same_;                      // the register that holds the same
  std::vector<int> slots_, lastRead_, spare_;  // by register, but spare_
};

class ElementwiseKernel : public OwnKernel {
 public:
  ElementwiseKernel(const KernelSpec& spec, const QueuePtr& queue) : OwnKernel(queue) {
    const ChainCompiler compiled(spec);
    const TensorType& full = spec.outputs[0];
    std::vector<ChainInput> inputs;
    for (const TensorType& type : spec.inputs) {
      ChainInput input{type.dtype, type.shape == full.shape, {}};
      // The key of a dropout has another shape, and no register.
      if (!input.direct && fits(type.shape, full.shape))
        input.memory = merged(full.shape, broadcastStrides(type.shape, full.shape));
      inputs.push_back(input);
    }
    if (inputs.size() + compiled.outputs.size() > ChainMemory::kMost)
      fail(ErrorCode::Internal, "a chain has ", inputs.size() + compiled.outputs.size(), " operands");
    chain_.inputs = upload(inputs);
    chain_.instructions = upload(compiled.instructions);
    chain_.outputs = upload(compiled.outputs);
    chain_.inputCount = static_cast<int>(inputs.size());
    chain_.instructionCount = static_cast<int>(compiled.instructions.size());
    chain_.outputCount = static_cast<int>(compiled.outputs.size());
    chain_.elements = count(full.shape);
    const size_t registerBytes = static_cast<size_t>(compiled.slotCount) * sizeof(Word);
    while (registerBytes * static_cast<size_t>(size_.threads) > kSharedBytes) size_.threads /= 2;
    size_.sharedBytes = registerBytes * static_cast<size_t>(size_.threads);
    size_.blocks = blocksFor(chain_.elements, size_.threads);
  }

  void run(const void* const* inputs, void* const* outputs, void*) override {
    if (chain_.elements == 0) return;
    ChainMemory memory;
    std::copy_n(inputs, chain_.inputCount, memory.at);
    std::copy_n(outputs, chain_.outputCount, memory.at + chain_.inputCount);
    for (const auto& buffer : buffers_) queue_->keep(buffer);
    const bool small = chain_.elements < (int64_t{1} << 31);
    launch(stream(), size_, small ? interpret<uint32_t> : interpret<uint64_t>, chain_, memory,
           queue_->refusal());
  }

 private:
  static bool fits(const Dims& operand, const Dims& full) {
    if (operand.size() > full.size()) return false;
    for (size_t d = 0; d < operand.size(); ++d) {
      const int64_t along = full[full.size() - operand.size() + d];
      if (operand[d] != 1 && operand[d] != along) return false;
    }
    return true;
  }

  template <class T>
  const T* upload(const std::vector<T>& values) {
    const size_t bytes = values.size() * sizeof(T);
    auto buffer = std::make_shared<DeviceBuffer>(queue_, bytes, nullptr);
    if (bytes)
      check(cudaMemcpyAsync(buffer->data(), values.data(), bytes, cudaMemcpyHostToDevice,
                            queue_->mainStream()));
    buffers_.push_back(buffer);
    return static_cast<const T*>(buffer->data());
  }

  DeviceChain chain_{};
  LaunchSize size_{1};
  std::vector<std::shared_ptr<DeviceBuffer>> buffers_;
};

bool isKey(const ElementwiseProgram& program, int input) {
  return std::any_of(program.steps.begin(), program.steps.end(), [&](const ElementwiseStep& step) {
    return step.op == "dropout" && step.args[1] == input;
  });
}

// Element by element, and so by one thread.
bool elementwiseInPlace(const KernelSpec& spec, size_t output, size_t input) {
  return spec.inputs[input].shape == spec.outputs[output].shape &&
         sizeOf(spec.inputs[input].dtype) == sizeOf(spec.outputs[output].dtype) &&
         !isKey(programOf(spec), static_cast<int>(input));
}

PrecisionChoice elementwisePrecisions(const KernelSpec& spec) {
  PrecisionChoice choice = anyPrecision(spec);
  const ElementwiseProgram program = programOf(spec);
  for (int i = 0; i < program.inputs; ++i)
    if (isKey(program, i)) choice.inputs[static_cast<size_t>(i)] = Precision::Float32;
  return choice;
}

}  // namespace

void addElementwise(KernelTable& table) {
  const CudaOp op{makeKernel<ElementwiseKernel>, elementwiseInPlace, nullptr, elementwisePrecisions};
  for (const StepName& row : kSteps) {
    const std::string name = row.op;
    table[name.substr(0, name.find(':'))] = op;
  }
  for (const char* name : {"identity", "stopGradient", "dropout", "fusedElementwise", "reorder"})
    table[name] = op;
}

}  // namespace nodegrad::cuda
