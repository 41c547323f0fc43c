#include <algorithm>
#include <set>

#include "core/align.h"
#include "cpu/elementwise/chain.h"
#include "cpu/elementwise/kernels.h"
#include "cpu/kernel_table.h"
#include "cpu/memory/strided_runs.h"
#include "cpu/own_kernel.h"

namespace nodegrad {
namespace {

constexpr int64_t kTile = 512;                 // elements: a dozen registers stay in the first-level cache
constexpr int64_t kLongestPeriod = 4 * kTile;  // that is repeated before a run
constexpr int64_t kLeastThreadWork =
    1 << 15;  // element-steps, below which another thread costs more than it helps

// A single op as a chain of one step.
std::shared_ptr<const ElementwiseProgram> programOf(const KernelSpec& spec) {
  if (spec.program) return spec.program;
  auto program = std::make_shared<ElementwiseProgram>();
  program->inputs = static_cast<int>(spec.inputs.size());
  // What is stored as bfloat16 is computed as float32.
  const DType dtype = spec.outputs[0].dtype;
  ElementwiseStep step{spec.op, {}, spec.attrs, dtype == DType::BF16 ? DType::F32 : dtype};
  for (int i = 0; i < program->inputs; ++i) step.args.push_back(i);
  program->steps.push_back(std::move(step));
  program->outputs = {program->inputs};
  return program;
}

bool isFloat(DType dtype) { return dtype == DType::F32 || dtype == DType::BF16; }

// Inputs that are read as the key of a dropout step, not element by element.
std::set<int> keysOf(const ElementwiseProgram& program) {
  std::set<int> keys;
  for (const ElementwiseStep& step : program.steps) {
    if (step.op == "dropout") keys.insert(step.args[1]);
  }
  return keys;
}

bool isPadded(const Geometry& g) { return g.padded != g.shape; }

// The only dimension that is not 1, or -1.
int vectorDim(const Dims& shape) {
  int found = -1;
  for (size_t d = 0; d < shape.size(); ++d) {
    if (shape[d] == 1) continue;
    if (found >= 0) return -1;
    found = static_cast<int>(d);
  }
  return found;
}

// Dropout numbers its elements in row-major order, four to a block: whether memory holds them in whole
// blocks.
bool wholeBlocks(const StridedRuns& memory) {
  if (memory.contiguous()) return true;
  for (size_t d = 0; d + 1 < memory.strides.size(); ++d) {
    if (memory.strides[d] % 4 != 0) return false;
  }
  return memory.strides.back() == 1 && memory.sizes.back() % 4 == 0;
}

// Whether a chain can run on memory of this geometry: its full operands element by element, the others where
// broadcasting tells.
bool canFollow(const KernelSpec& spec, const ElementwiseProgram& program, const Geometry& g) {
  const auto order = memoryOrder(g);
  if (!order) return false;
  const TensorType& full = spec.outputs[0];
  for (const TensorType& output : spec.outputs) {
    if (!isFloat(output.dtype)) return false;
  }
  // Padding has to stay zero, which is done for one block along one dimension.
  if (isPadded(g) && (g.blocks.size() != 1 || g.shape != full.shape)) return false;
  const std::set<int> keys = keysOf(program);
  if (!keys.empty() && !wholeBlocks(StridedRuns(*order, rowMajorStrides(g.shape)))) return false;
  for (int i = 0; i < program.inputs; ++i) {
    const TensorType& input = spec.inputs[i];
    if (keys.count(i) || count(input.shape) == 1) continue;
    if (input.shape == full.shape) {
      if (!isFloat(input.dtype)) return false;
      continue;
    }
    if (g.shape != full.shape) return false;
    if (!isPadded(g)) continue;
    const Dims strides = broadcastStrides(input.shape, full.shape);
    const int dim = g.blocks[0].first;
    if (strides[dim] != 0 && vectorDim(input.shape) < 0) return false;
  }
  return true;
}

// Follows the arrangement that most of the full-size inputs have.
LayoutChoice elementwiseLayouts(const KernelSpec& spec, const std::vector<bool>&) {
  LayoutChoice choice;
  choice.inputs.resize(spec.inputs.size());
  choice.outputs.resize(spec.outputs.size());
  const TensorType& full = spec.outputs[0];
  const auto isFull = [&](size_t i) { return spec.inputs[i].shape == full.shape; };
  LayoutPtr best;
  int most = 0;
  for (size_t i = 0; i < spec.inputs.size(); ++i) {
    if (!spec.inputLayouts[i] || !isFull(i)) continue;
    int votes = 0;
    for (size_t j = 0; j < spec.inputs.size(); ++j)
      votes += isFull(j) &&
               sameLayout(spec.inputLayouts[i], withDtype(spec.inputLayouts[j], spec.inputs[i].dtype));
    if (votes > most) {
      most = votes;
      best = spec.inputLayouts[i];
    }
  }
  const auto program = programOf(spec);
  if (!best || !canFollow(spec, *program, geometry(full, best))) return choice;
  const std::set<int> keys = keysOf(*program);
  for (size_t i = 0; i < spec.inputs.size(); ++i) {
    if (isFull(i) && !keys.count(static_cast<int>(i)))
      choice.inputs[i] = withDtype(best, spec.inputs[i].dtype);
  }
  for (size_t o = 0; o < spec.outputs.size(); ++o) choice.outputs[o] = withDtype(best, spec.outputs[o].dtype);
  return choice;
}

bool elementwiseInPlace(const KernelSpec& spec, size_t output, size_t input) {
  const auto program = programOf(spec);
  // A chain that hands an input on as it is would have to read it after it was overwritten.
  for (int reg : compileChain(*program, spec.inputs).outputs) {
    if (reg < program->inputs) return false;
  }
  if (keysOf(*program).count(static_cast<int>(input))) return false;
  return spec.inputs[input].shape == spec.outputs[output].shape &&
         sizeOf(spec.inputs[input].dtype) == sizeOf(spec.outputs[output].dtype) &&
         sameLayout(spec.inputLayouts[input], spec.outputLayouts[output]);
}

// Every operand by itself, as a chain computes in float32.
PrecisionChoice elementwisePrecisions(const KernelSpec& spec) {
  PrecisionChoice choice = anyPrecision(spec);
  for (int key : keysOf(*programOf(spec))) choice.inputs[key] = Precision::Float32;
  return choice;
}

// Runs a chain tile by tile over the memory of its full-size operands.
class ElementwiseKernel : public OwnKernel {
 public:
  explicit ElementwiseKernel(const KernelSpec& spec)
      : program_(programOf(spec)), chain_(compileChain(*program_, spec.inputs)) {
    const TensorType& full = spec.outputs[0];
    const Geometry g = geometry(full, spec.outputLayouts[0]);
    const auto order = memoryOrder(g);
    if (!order || (spec.outputLayouts[0] && !canFollow(spec, *program_, g))) {
      fail(ErrorCode::Device, "[", spec.op, "] cannot run in this layout");
    }
    elements_ = g.elements;
    for (const TensorType& output : spec.outputs) outputTypes_.push_back(output.dtype);
    if (isPadded(g)) notePadding(g);

    const std::set<int> keys = keysOf(*program_);
    for (int i = 0; i < chain_.inputs; ++i) {
      const TensorType& type = spec.inputs[i];
      if (keys.count(i)) {
        inputs_.push_back({Access::Key, type.dtype, StridedRuns(*order, Dims(g.shape.size(), 0)), 0, 0});
        continue;
      }
      const bool whole = type.shape == full.shape;
      Dims strides =
          g.shape == full.shape ? broadcastStrides(type.shape, full.shape) : Dims(g.shape.size(), 0);
      StridedRuns memory(*order, strides);
      Operand operand{Access::Runs, type.dtype, memory, 0, 0};
      if (whole) {
        operand.access = sizeOf(type.dtype) == 4 ? Access::Direct : Access::Widened;
      } else if (memory.single()) {
        operand.access = Access::Scalar;
        operand.shared = takeShared(kTile);
      } else if (memory.contiguous()) {  // the full shape but for leading ones
        operand.access = sizeOf(type.dtype) == 4 ? Access::Direct : Access::Widened;
      } else if (memory.period() > 0 && memory.period() <= kLongestPeriod && !isPadded(g)) {
        operand.access = Access::Periodic;
        operand.length = memory.period();
        operand.shared = takeShared(operand.length + kTile);
      } else if (isPadded(g) && strides[paddedDim_] != 0) {
        operand.access = Access::PaddedVector;
        operand.length = count(type.shape);
        operand.shared = takeShared(g.padded[paddedDim_]);
      }
      if (operand.access == Access::Runs || operand.access == Access::PaddedVector)
        operand.repeat = operand.memory.takeRepeat();
      inputs_.push_back(std::move(operand));
    }
    if (!chain_.dropouts.empty()) blocks_ = std::make_unique<StridedRuns>(*order, rowMajorStrides(g.shape));

    for (auto& reg : chain_.registers) {
      if (reg.isConstant) constants_.emplace_back(kTile, reg.constant);
    }
    keysAt_ = takeShared(static_cast<int64_t>(chain_.dropouts.size() * sizeof(RandomKey) / sizeof(float)));
    perThread_ = wholeLines(chain_.slots * kTile * sizeof(float)) + wholeLines(kTile / 4 * sizeof(uint64_t)) +
                 2 * wholeLines(chain_.registers.size() * sizeof(void*));
    int last = 0;
    for (int i = 0; i < chain_.inputs; ++i) {
      if (inputs_[i].access == Access::Direct) last = std::max(last, chain_.registers[i].lastRead);
    }
    // An output may be written over an input. A register goes straight to memory only where no input is read
    // after it.
    for (size_t o = 0; o < chain_.outputs.size(); ++o) {
      const auto& reg = chain_.registers[chain_.outputs[o]];
      const bool first = std::find(chain_.outputs.begin(), chain_.outputs.begin() + o, chain_.outputs[o]) ==
                         chain_.outputs.begin() + o;
      straight_.push_back(first && reg.written >= last && sizeOf(outputTypes_[o]) == 4);
    }
  }

  size_t scratchBytes() const override { return sharedBytes_ + perThread_ * threads_; }
  void run(const void* const* inputs, void* const* outputs, void* scratch) override {
    if (elements_ == 0) return;
    prepare(inputs, static_cast<char*>(scratch));
    const int64_t tiles = (elements_ + kTile - 1) / kTile;
    const int64_t work = kTile * static_cast<int64_t>(chain_.calls.size() + 1);
    parallelFor(threads_, tiles, std::max<int64_t>(1, kLeastThreadWork / work),
                [&](int64_t begin, int64_t end, int thread) {
                  char* own = static_cast<char*>(scratch) + sharedBytes_ + perThread_ * thread;
                  for (int64_t tile = begin; tile < end; ++tile) {
                    const int64_t start = tile * kTile;
                    runTile(inputs, outputs, static_cast<char*>(scratch), own, start,
                            std::min(kTile, elements_ - start));
                  }
                });
  }

 private:
  enum class Access {
    Key,           // the two words of a dropout's key
    Scalar,        // one number, repeated over a tile once a run
    Direct,        // memory itself
    Widened,       // memory of smaller elements
    Periodic,      // repeated once a run so that a tile may begin anywhere in it
    PaddedVector,  // along the padded dimension: widened with zeros once a run, then as Runs
    Runs,
  };
  struct Operand {
    Access access;
    DType dtype;
    StridedRuns memory;
    int64_t length;      // of a period or a vector
    size_t shared;       // the offset of its copy in the shared scratch memory
    int64_t repeat = 1;  // elements that a run of stride 0 repeats
  };

  size_t takeShared(int64_t floats) {
    const size_t at = sharedBytes_;
    sharedBytes_ += wholeLines((floats + kTilePadding) * sizeof(float));
    return at;
  }

  void notePadding(const Geometry& g) {
    paddedDim_ = g.blocks[0].first;
    block_ = g.blocks[0].second;
    blocksInside_ = g.strides[paddedDim_] /
                    block_;  // blocks of memory for one step of the padded dimension's block index
    blocksAlong_ = g.padded[paddedDim_] / block_;
    used_ = g.shape[paddedDim_] % block_;
  }

  // n elements of a tensor, as a register holds them. Elements of 4 bytes move as they are.
  void widen(void* to, const void* from, DType dtype, int64_t n) const {
    if (sizeOf(dtype) == 4) {
      std::memcpy(to, from, n * 4);
    } else if (dtype == DType::BF16) {
      isa_.elementwise->floatsFromBfloat16(static_cast<float*>(to), static_cast<const uint16_t*>(from), n);
    } else {
      isa_.elementwise->floatsFromBytes(static_cast<float*>(to), static_cast<const uint8_t*>(from), n);
    }
  }

  void prepare(const void* const* inputs, char* scratch) const {
    for (int i = 0; i < chain_.inputs; ++i) {
      const Operand& operand = inputs_[i];
      auto* shared = reinterpret_cast<float*>(scratch + operand.shared);
      if (operand.access == Access::Scalar) {
        widen(shared, inputs[i], operand.dtype, 1);
        std::fill_n(shared + 1, std::min(kTile, elements_ + kTilePadding) - 1, shared[0]);
      } else if (operand.access == Access::Periodic) {
        widen(shared, inputs[i], operand.dtype, operand.length);
        const int64_t most = std::min(operand.length + kTile, elements_ + kTilePadding);
        for (int64_t at = operand.length; at < most; at += operand.length) {
          std::memcpy(shared + at, shared, std::min(operand.length, most - at) * sizeof(float));
        }
      } else if (operand.access == Access::PaddedVector) {
        widen(shared, inputs[i], operand.dtype, operand.length);
        std::fill_n(shared + operand.length, blocksAlong_ * block_ - operand.length, 0.0f);
      }
    }
    for (size_t d = 0; d < chain_.dropouts.size(); ++d) {
      auto* words = static_cast<const uint32_t*>(inputs[chain_.dropouts[d].key]);
      reinterpret_cast<RandomKey*>(scratch + keysAt_)[d] = {words[0], chain_.dropouts[d].salt, words[1]};
    }
  }

  void readRuns(void* to, const Operand& operand, const void* from, int64_t start, int64_t n) const {
    auto* out = static_cast<float*>(to);
    const DType dtype = operand.access == Access::PaddedVector ? DType::F32 : operand.dtype;
    const auto readAs = [&](auto* typed) {
      operand.memory.forRuns(start, n, [&](int64_t done, int64_t offset, int64_t run, int64_t stride) {
        auto* p = typed + offset;
        float* q = out + done;
        if (stride == 0) {
          // A tile may begin within a repetition.
          const int64_t phase = done == 0 ? start % operand.repeat : 0;
          const int64_t first = std::min(operand.repeat, run), head = std::min(first, operand.repeat - phase);
          for (int64_t i = 0; i < head; ++i) q[i] = p[phase + i];
          for (int64_t i = head; i < first; ++i) q[i] = p[i - head];
          for (int64_t filled = first; filled < run; filled *= 2) {
            std::memcpy(q + filled, q, std::min(filled, run - filled) * sizeof(float));
          }
        } else if (stride == 1) {
          for (int64_t i = 0; i < run; ++i) q[i] = p[i];
        } else {
          for (int64_t i = 0; i < run; ++i) q[i] = p[i * stride];
        }
      });
    };
    if (sizeOf(dtype) == 4) {
      readAs(static_cast<const float*>(from));  // integers move as bits
    } else if (dtype == DType::BF16) {
      readAs(static_cast<const BFloat16*>(from));
    } else {
      readAs(static_cast<const uint8_t*>(from));
    }
  }

  void runTile(const void* const* inputs, void* const* outputs, char* scratch, char* own, int64_t start,
               int64_t n) const {
    auto* slots = reinterpret_cast<float*>(own);
    own += wholeLines(chain_.slots * kTile * sizeof(float));
    auto* blocks = reinterpret_cast<uint64_t*>(own);
    own += wholeLines(kTile / 4 * sizeof(uint64_t));
    // Where each register is read, and where it is written.
    auto** registers = reinterpret_cast<const void**>(own);
    auto** written = reinterpret_cast<float**>(own + wholeLines(chain_.registers.size() * sizeof(void*)));
    const bool even = n % kTilePadding == 0;  // inner loops stay within the tile

    size_t constant = 0;
    for (size_t r = 0; r < chain_.registers.size(); ++r) {
      const auto& reg = chain_.registers[r];
      written[r] = reg.isConstant ? nullptr : slots + reg.slot * kTile;
      registers[r] = reg.isConstant ? constants_[constant++].data() : written[r];
    }
    for (int i = 0; i < chain_.inputs; ++i) {
      const Operand& operand = inputs_[i];
      char* shared = scratch + operand.shared;
      const char* memory = static_cast<const char*>(inputs[i]);
      switch (operand.access) {
        case Access::Key: break;
        case Access::Scalar: registers[i] = shared; break;
        case Access::Periodic: registers[i] = shared + start % operand.length * sizeof(float); break;
        case Access::PaddedVector: readRuns(written[i], operand, shared, start, n); break;
        case Access::Runs: readRuns(written[i], operand, memory, start, n); break;
        case Access::Widened:
          widen(written[i], memory + start * static_cast<int64_t>(sizeOf(operand.dtype)), operand.dtype, n);
          break;
        case Access::Direct:
          if (even) {
            registers[i] = memory + start * 4;
          } else {
            std::memcpy(written[i], memory + start * 4, n * 4);
          }
      }
    }
    if (blocks_) {
      blocks_->forRuns(start, n, [&](int64_t done, int64_t index, int64_t run, int64_t) {
        for (int64_t i = 0; i < run; i += 4) blocks[(done + i) / 4] = static_cast<uint64_t>(index + i) / 4;
      });
    }
    for (size_t o = 0; o < chain_.outputs.size(); ++o) {
      const int r = chain_.outputs[o];
      if (straight_[o] && even) registers[r] = written[r] = static_cast<float*>(outputs[o]) + start;
    }
    for (const ChainCall& call : chain_.calls) {
      const void* args[3];
      for (size_t a = 0; a < call.args.size(); ++a) args[a] = registers[call.args[a]];
      if (call.dropout >= 0) {
        args[1] = blocks;
        args[2] = reinterpret_cast<RandomKey*>(scratch + keysAt_) + call.dropout;
      }
      call.run(written[call.out], args, &call.param, n);
    }
    for (size_t o = 0; o < chain_.outputs.size(); ++o) {
      const void* from = registers[chain_.outputs[o]];
      if (outputTypes_[o] == DType::BF16) {
        isa_.elementwise->bfloat16FromFloats(static_cast<uint16_t*>(outputs[o]) + start,
                                             static_cast<const float*>(from), n);
      } else if (sizeOf(outputTypes_[o]) == 1) {
        isa_.elementwise->bytesFromFloats(static_cast<uint8_t*>(outputs[o]) + start,
                                          static_cast<const float*>(from), n);
      } else if (float* to = static_cast<float*>(outputs[o]) + start; to != from) {
        std::memcpy(to, from, n * 4);
      }
      if (block_ > 0)
        clearPadding(static_cast<char*>(outputs[o]), static_cast<int64_t>(sizeOf(outputTypes_[o])), start, n);
    }
  }

  // A tile holds whole blocks: their sizes divide its own.
  void clearPadding(char* out, int64_t elementBytes, int64_t start, int64_t n) const {
    for (int64_t at = start; at < start + n; at += block_) {
      if (at / block_ / blocksInside_ % blocksAlong_ == blocksAlong_ - 1)
        std::memset(out + (at + used_) * elementBytes, 0, (block_ - used_) * elementBytes);
    }
  }

  std::shared_ptr<const ElementwiseProgram> program_;
  Chain chain_;
  int64_t elements_ = 0;
  std::vector<Operand> inputs_;
  std::vector<DType> outputTypes_;
  std::vector<bool> straight_;                 // outputs that the chain writes into memory without a copy
  std::vector<std::vector<float>> constants_;  // a tile of each, in the order of the registers
  std::unique_ptr<StridedRuns> blocks_;        // row-major index of each element, where dropout needs it
  size_t sharedBytes_ = 0, perThread_ = 0, keysAt_ = 0;
  int paddedDim_ = -1;
  int64_t block_ = 0, blocksInside_ = 0, blocksAlong_ = 0, used_ = 0;
};

}  // namespace

const KernelFamily family([](KernelTable& table) {
  const CpuOp op{.make = makeKernel<ElementwiseKernel>,
                 .layouts = elementwiseLayouts,
                 .inPlace = elementwiseInPlace,
                 .precisions = elementwisePrecisions};
  const ElementwiseKernels& kernels = *isaKernels().elementwise;
  for (size_t i = 0; i < kernels.count; ++i) {
    const std::string name = kernels.rows[i].op;
    table[name.substr(0, name.find(':'))] = op;
  }
  for (const char* name : {"identity", "stopGradient", "fusedElementwise"}) table[name] = op;
});

}  // namespace nodegrad
