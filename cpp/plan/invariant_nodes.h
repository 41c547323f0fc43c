#pragma once
#include <map>
#include <memory>
#include <vector>

#include "plan/ir.h"

namespace nodegrad::plan {

// What a plan computes outside of its steps: the results of invariant nodes (Ir), made before the first step
// and again once a parameter that they depend on has new numbers.
class InvariantNodes {
 public:
  // Takes the kernel of an invariant node, in the order of the plan.
  void add(const Ir& ir, const MemoryMap& map, NodeId n, std::unique_ptr<Kernel> kernel);
  // Brings everything up to date on the device. Waits for it where there was something to do, and fails with
  // what it refused.
  void refresh(const Ir& ir, Backend& backend);
  // The memory of an invariant value that steps read; after refresh.
  void* data(ValueId value) const { return buffers_.at(value)->data(); }
  size_t size() const { return steps_.size(); }

 private:
  struct Input {
    ValueId value;  // invariant; none: a parameter
    size_t parameter;
    uint64_t seen;  // the version of the parameter's numbers that was used last
  };
  struct Step {
    NodeId node;
    std::unique_ptr<Kernel> kernel;
    std::vector<Input> inputs;
    std::vector<ValueId> outputs;
    bool kept;  // whether steps read an output, not other invariant nodes alone
    bool made = false;
    bool due = false;  // in this refresh
  };

  bool isOutdated(const Ir& ir, const Step& step) const;
  void run(const Ir& ir, Backend& backend, Step& step);

  std::vector<Step> steps_;
  std::map<ValueId, size_t> makers_;  // the step of each value
  std::map<ValueId, std::shared_ptr<Buffer>> buffers_;
};

}  // namespace nodegrad::plan
