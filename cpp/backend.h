#pragma once
#include <functional>
#include <future>
#include <memory>
#include <string>
#include <vector>

#include "core/attrs.h"
#include "core/buffer.h"
#include "core/layout.h"
#include "core/reservation.h"
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
  std::vector<bool> invariant = {};  // inputs with the same numbers in every step; empty: none
  // BFloat16: the plan will ask for what may be bfloat16 (precisions). A backend without TF32 takes
  // TensorFloat32 as Float32.
  Compute compute = Compute::Float32;

  bool isInvariant(size_t input) const { return input < invariant.size() && invariant[input]; }
};

// A compiled node.
class Kernel {
 public:
  virtual ~Kernel() = default;
  // Queues it. Numbers that it refuses (an index out of range) are told by whenDone, or by an exception where
  // the queue is always empty.
  virtual void run(const void* const* inputs, void* const* outputs, void* scratch) = 0;
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
  bool sameDtype = false;  // whether all that may be either have to be the same
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
  // A result that is computed once before the first step, and kept, has at most mostGrowth times the bytes of
  // what it is made from, and smallResult more: a larger one costs more memory than it saves work.
  size_t mostGrowth = 8, smallResult = 64 << 10;
};

// What was queued once, to be queued again as a whole, with the same addresses.
class Recording {
 public:
  virtual ~Recording() = default;
  virtual void run() = 0;
};

// The device's time.
class Clock {
 public:
  virtual ~Clock() = default;
  // Queues a look at the time.
  virtual void lap() = 0;
  // The milliseconds from each lap since the last call to the next one. Waits for them.
  virtual std::vector<double> milliseconds() = 0;
};

// All that the plan asks of a device: kernels, and a queue with its own memory. One thread at a time calls
// it. What the calls below "the queue" ask for is done in their order, possibly later: then what they refer
// to (kernels, recordings, buffers) may go before, and the backend keeps it as long as the queue needs it.
class Backend {
 public:
  virtual ~Backend() = default;
  virtual std::string name() const = 0;
  // The instruction set or generation that own kernels are made for: "avx512".
  virtual std::string architecture() const = 0;
  virtual Habits habits() const { return {}; }
  // Whether the device computes on bfloat16 faster than on float32.
  virtual bool hasBfloat16() const = 0;
  // What the node's inputs and outputs may be in memory. Sums, statistics and losses are float32 always.
  virtual PrecisionChoice precisions(const KernelSpec& spec) const = 0;
  // The layouts in which the node runs best, given those that its inputs have now (spec.inputLayouts; a
  // parameter whose layout is still open has undecided[i] set and may be given any). Where a chosen input
  // layout differs, the plan puts a reorder before it.
  virtual LayoutChoice layouts(const KernelSpec& spec, const std::vector<bool>& undecided) = 0;
  // Compiles a node. Fails with DEVICE, naming the op, where it cannot.
  virtual std::unique_ptr<Kernel> kernel(const KernelSpec& spec) = 0;
  // Whether kernel can make a node that the plan would put in the place of others (cpp/spec), or one without
  // its last outputs, whatever the layouts that its inputs have now. The plan asks before it does so.
  virtual bool supports(const KernelSpec& spec) const = 0;
  // Whether output o of the node may use the memory of input i (same bytes, element by element).
  virtual bool inPlace(const KernelSpec& spec, size_t output, size_t input) const = 0;

  // Memory. Whether kernels work in the host's memory: then its buffers are as good as own ones.
  virtual bool onHost() const { return false; }
  virtual bool holds(const Buffer& buffer) const {
    return buffer.owner() == this || (!buffer.owner() && onHost());
  }
  // Fails with OUT_OF_MEMORY. The memory is given back in the order of the queue.
  virtual std::shared_ptr<Buffer> allocate(size_t bytes) = 0;
  // Memory that is wanted at once and used in every step from now on.
  virtual std::shared_ptr<Buffer> allocateArena(size_t bytes) { return allocate(bytes); }
  // How many bytes of arrays that batches are cut from may move into its memory and stay there.
  virtual size_t residentBytes() const { return 0; }
  // Keeps room for what will be allocated later. Fails with OUT_OF_MEMORY.
  virtual Reservation reserve(size_t) { return {}; }

  // The queue. Addresses are the device's, but for `host`.
  virtual void copy(const void* from, void* to, size_t bytes) = 0;
  // host is filled by the time of whenDone.
  virtual void toRowMajor(const TensorType& type, const LayoutPtr& layout, const void* from, void* host) = 0;
  // host may change as soon as this returns.
  virtual void fromRowMajor(const TensorType& type, const LayoutPtr& layout, const void* host, void* to) = 0;
  // Queues what body queues (kernels and copies), and gives it to be queued again; null: that brings nothing.
  virtual std::unique_ptr<Recording> record(const std::function<void()>& body) {
    body();
    return nullptr;
  }
  virtual std::unique_ptr<Clock> clock() = 0;
  // Calls done, on any thread, when all that was queued is over, with the first error since the last
  // whenDone: what a kernel refused, or the device reported. From that error until this point copy and the
  // kernels that may write over an input (inPlace) do nothing, so that parameters stay as they were; the
  // others go on. Calls come in the order of the queue.
  virtual void whenDone(std::function<void(std::exception_ptr error)> done) = 0;
  // Waits for that and throws the error.
  void finish() {
    const auto over = std::make_shared<std::promise<void>>();
    whenDone([over](const std::exception_ptr& error) {
      if (error)
        over->set_exception(error);
      else
        over->set_value();
    });
    over->get_future().get();
  }
  // The same at the end of the process, and ends the threads of the device's own: they would use what is
  // destroyed next. Only buffers may go after it.
  virtual void end() { finish(); }

  // Called on the engine's thread before its first work: sets up the team of threads that kernels share, if
  // there is one, and gives its size, which is less than wanted where the system refuses threads.
  virtual int enter(int threads) = 0;
};

}  // namespace nodegrad
