#pragma once
#include <memory>
#include <string>
#include <vector>

#include "core/storage.h"
#include "plan/ir.h"
#include "plan/loop.h"
#include "plan/prologue.h"

namespace nodegrad::plan {

// A computation for one set of shapes, compiled: kernels in order, with their memory. Used by the engine's
// thread alone.
class Plan {
 public:
  // Runs the passes on the specialized computation and compiles its kernels. compute: F32, or BF16 for
  // activations in bfloat16.
  Plan(Ir ir, Backend& backend, DType compute = DType::F32);

  size_t arenaBytes() const { return map_.arenaBytes; }
  // How many run in each step.
  size_t kernels() const { return steps_.size(); }
  // Types of the fetches.
  std::vector<TensorType> fetchTypes() const;
  // One step. arena: at least arenaBytes, aligned to a cache line. feeds: row-major. fetches: room for each,
  // row-major.
  void run(std::byte* arena, const std::vector<const void*>& feeds, const std::vector<void*>& fetches);
  // The plan in words: op, implementation, layout, bytes, and times if timing is on and it has run.
  std::string describe() const;
  void setTiming(bool on) { timing_ = on; }

 private:
  struct Step {
    std::unique_ptr<Kernel> kernel;
    size_t firstPointer = 0, inputs = 0;
    int node = 0;
    size_t scratch = 0;
    double bestMs = 0, totalMs = 0;
  };
  // A pointer that changes between runs.
  struct Patch {
    size_t pointer;
    Slot slot;
  };

  // A kernel for each node; null: none needed.
  using Kernels = std::vector<std::unique_ptr<Kernel>>;

  // Runs the passes. fuse: with those that make one node of several.
  Kernels optimize(bool fuse, DType compute);
  void compile(Kernels kernels);
  void bind(const IrNode& node, Step& step);
  void* address(const Slot& slot, std::byte* arena, const std::vector<const void*>& feeds,
                const std::vector<void*>& fetches) const;
  void layOutParameters();

  Ir ir_;
  LoopBackend backend_;
  std::string remark_;  // why there are no fusions; empty: there are
  MemoryMap map_;
  std::vector<Step> steps_;
  std::vector<void*> pointers_;
  std::vector<Patch> arenaPatches_, runPatches_;
  Prologue prologue_;
  std::byte* arena_ = nullptr;
  bool timing_ = false;
  int64_t runs_ = 0;
};

}  // namespace nodegrad::plan
