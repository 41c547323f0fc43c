#pragma once
#include <memory>
#include <string>
#include <vector>

#include "core/storage.h"
#include "plan/invariant_nodes.h"
#include "plan/ir.h"
#include "plan/loop.h"

namespace nodegrad::plan {

// Row-major numbers that a run is fed. Arrays that the plan takes rows of (Ir) are read where they are, so
// that what was recorded holds as long as they stay there.
struct Feed {
  const void* data = nullptr;
  bool onHost = false;  // the host's address, not the device's
};

// A computation for one set of shapes, compiled: kernels in order, with their memory. Used by the engine's
// thread alone.
class Plan {
 public:
  // Runs the passes on the specialized computation and compiles its kernels. compute: BFloat16 for
  // activations in bfloat16.
  Plan(Ir ir, Backend& backend, Compute compute = Compute::Float32);

  size_t arenaBytes() const { return map_.arenaBytes; }
  // How many run in each step.
  size_t kernels() const { return steps_.size(); }
  // Types of the fetches.
  std::vector<TensorType> fetchTypes() const;
  const std::vector<StoragePtr>& parameters() const { return ir_.storages; }
  // Whether an op of it looks at its numbers and may refuse them.
  bool mayRefuse() const { return mayRefuse_; }
  // Queues one step. arena: at least arenaBytes of the device, aligned to a cache line. fetches: room for
  // each on the device, row-major; none where the results are not read and the device is not the host.
  void run(std::byte* arena, const std::vector<Feed>& feeds, const std::vector<void*>& fetches);
  // The plan in words: op, implementation, layout, bytes, and times if timing is on and it has run.
  std::string describe() const;
  void setTiming(bool on) { clock_ = on ? device_.clock() : nullptr; }

 private:
  struct Step {
    std::unique_ptr<Kernel> kernel;
    size_t firstPointer = 0, inputs = 0;
    NodeId node;
    size_t scratch = 0;
    double bestMs = 0, totalMs = 0;
  };
  // New numbers of a parameter that a step left elsewhere.
  struct Copy {
    size_t firstPointer, bytes;
  };
  // A pointer that changes between runs.
  struct Patch {
    size_t pointer;
    Slot slot;
  };

  // A kernel for each node; null: none needed.
  using Kernels = PerNode<std::unique_ptr<Kernel>>;

  // Runs the passes. fuse: with those that make one node of several.
  Kernels optimize(bool fuse, Compute compute);
  void compile(Kernels kernels);
  bool takesFedRows(const IrNode& node) const;
  void bind(const IrNode& node, Step& step);
  void bind(const Slot& slot);
  void* address(const Slot& slot, std::byte* arena, const std::vector<Feed>& feeds,
                const std::vector<void*>& fetches) const;
  void layOutParameters();
  void takeFeeds(const std::vector<Feed>& feeds);
  void giveFetches(const std::vector<void*>& fetches);
  void queueSteps();
  void measureSteps();

  Ir ir_;
  Backend& device_;
  LoopBackend backend_;  // which compiles
  std::string remark_;   // why there are no fusions; empty: there are
  MemoryMap map_;
  std::vector<Step> steps_;
  std::vector<Copy> copies_;
  std::vector<void*> pointers_;
  std::vector<Patch> arenaPatches_, runPatches_;
  InvariantNodes invariantNodes_;
  std::byte* arena_ = nullptr;
  // On a device with its own memory, addresses that stay from run to run; on the host there are none.
  std::vector<std::shared_ptr<Buffer>> ownFeeds_, ownFetches_;
  std::unique_ptr<Recording> recording_;
  bool mayRecord_ = true, mayRefuse_ = false;
  std::unique_ptr<Clock> clock_;  // null: no times
  int64_t runs_ = 0;
};

}  // namespace nodegrad::plan
