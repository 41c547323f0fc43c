#pragma once
#include <memory>
#include <string>
#include <vector>

#include "core/attrs.h"
#include "core/buffer.h"
#include "core/layout.h"
#include "core/shape.h"

namespace nodegrad {

// One instruction of a fused element-wise chain: register = op(registers). Registers 0 … inputs-1 are the
// chain's inputs, step i writes register inputs + i. The op's name and attributes are those of the registry
// (element-wise ops, cast and dropout). A bool register counts as 0 or 1 within the chain, an integer one as
// its number.
struct ElementwiseStep {
  std::string op;
  std::vector<int> args;
  Attrs attrs;
  DType dtype;  // of the result
};

struct ElementwiseProgram {
  int inputs = 0;
  std::vector<ElementwiseStep> steps;
  std::vector<int> outputs;  // the registers that are stored, each in the chain's full shape
};

// What a kernel is made for: one node of a plan with static types and chosen layouts.
struct KernelSpec {
  std::string op;
  Attrs attrs;
  std::vector<TensorType> inputs, outputs;
  std::vector<LayoutPtr> inputLayouts, outputLayouts;
  std::shared_ptr<const ElementwiseProgram> program;  // of fusedElementwise
  std::vector<bool> steady = {};  // inputs with the same numbers in every step; empty: none
  DType compute = DType::F32;     // BF16: the plan will ask for what may be bfloat16 (precisions)

  bool isSteady(size_t input) const { return input < steady.size() && steady[input]; }
};

// A compiled node. run is called by one thread at a time and may use the backend's team of threads.
class Kernel {
 public:
  virtual ~Kernel() = default;
  virtual void run(void* const* inputs, void* const* outputs, void* scratch) = 0;
  virtual size_t scratchBytes() const { return 0; }
  // What does the work, for the printed plan: "jit:avx512_core", "own:avx2".
  virtual std::string implementation() const = 0;
};

// What a float32 input or output of a node may be in memory.
enum class Precision : uint8_t {
  Float32,
  Either,
  BFloat16,  // it is worth a conversion
};

struct PrecisionChoice {
  std::vector<Precision> inputs, outputs;
  bool alike = false;  // whether all that may be either have to be the same
};

struct LayoutChoice {
  std::vector<LayoutPtr> inputs, outputs;
};

// Sizes that passes go by, since they depend on a device's caches. The values here are the CPU's.
struct Habits {
  size_t alignment = 64;            // of every value in the arena, in bytes: a cache line
  size_t longestChain = 48;         // steps of a fused chain: its registers stay in the first-level cache
  size_t smallUpdate = 64 << 10;    // bytes of a weight whose update is joined with those of others
  size_t waitingUpdates = 1 << 20;  // bytes of gradients that may wait for the last of joined updates
};

// All that the plan asks of a device.
class Backend {
 public:
  virtual ~Backend() = default;
  virtual std::string name() const = 0;
  virtual Habits habits() const { return {}; }
  // Whether the device computes on bfloat16 faster than on float32.
  virtual bool hasBfloat16() const = 0;
  // What the node's inputs and outputs may be in memory. Sums, statistics and losses are float32 always.
  virtual PrecisionChoice precisions(const KernelSpec& spec) const = 0;
  // The layouts in which the node runs best, given those that its inputs have now (spec.inputLayouts; a
  // parameter whose layout is still open has flexible[i] set and may be given any). Where a chosen input
  // layout differs, the plan puts a reorder before it.
  virtual LayoutChoice layouts(const KernelSpec& spec, const std::vector<bool>& flexible) = 0;
  // Compiles a node. Fails with DEVICE, naming the op, where it cannot.
  virtual std::unique_ptr<Kernel> kernel(const KernelSpec& spec) = 0;
  // Whether kernel can make a node that the plan would put in the place of others (cpp/spec), or one without
  // its last outputs, whatever the layouts that its inputs have now. The plan asks before it does so.
  virtual bool supports(const KernelSpec& spec) const = 0;
  // Whether output o of the node may use the memory of input i (same bytes, element by element).
  virtual bool inPlace(const KernelSpec& spec, size_t output, size_t input) const = 0;
  // Copies between a layout and row-major memory (layout null: a plain copy).
  virtual void toRowMajor(const TensorType& type, const LayoutPtr& layout, const void* from, void* to) = 0;
  virtual void fromRowMajor(const TensorType& type, const LayoutPtr& layout, const void* from, void* to) = 0;
  // Called on the engine's thread before its first work: sets up the team and gives its size, which is less
  // than wanted where the system refuses threads.
  virtual int enter(int threads) = 0;
};

}  // namespace nodegrad
