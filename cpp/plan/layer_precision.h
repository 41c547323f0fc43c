#pragma once
#include <map>
#include <string>

#include "plan/ir.h"

namespace nodegrad::plan {

// Layers that compute in another precision than the program. Their nodes have the attribute kPrecision.
class LayerPrecisions {
 public:
  // compute: what the program computes in. fuse: whether layers may do otherwise.
  LayerPrecisions(Ir& ir, const Backend& backend, Compute compute, bool fuse);

  // What the plan computes in: bfloat16 where a layer does.
  Compute compute() const { return compute_; }
  // Puts copies between nodes of different precisions, so that no pass makes one node of them.
  void separate();
  // Takes the copies out, and gives what the passes made the precision of what it was made of.
  void join();

 private:
  // Gives what the passes added the precision of what it reads or what reads it, up to the copies.
  void propagate();
  bool isOpen(const IrNode& node) const;
  std::string precisionNextTo(const IrNode& node) const;

  // Of the nodes on both sides of a copy.
  struct Sides {
    std::string maker, reader;
  };

  Ir& ir_;
  bool any_ = false;
  std::string ofProgram_;  // where it is not bfloat16 and a layer is
  Compute compute_;
  PerValue<std::string> precisions_;  // of the node that made each value
  std::map<ValueId, Sides> sides_;    // by the result of the copy
};

}  // namespace nodegrad::plan
