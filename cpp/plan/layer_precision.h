#pragma once
#include <string>

#include "plan/ir.h"

namespace nodegrad::plan {

// Layers that compute in another precision than the program. Their nodes have the attribute kPrecision.
class LayerPrecisions {
 public:
  // compute: what the program computes in. fuse: whether layers may do otherwise.
  LayerPrecisions(Ir& ir, const Backend& backend, DType compute, bool fuse);

  // What the plan computes in: bfloat16 where a layer does.
  DType compute() const { return compute_; }
  // Puts copies between nodes of different precisions, so that no pass makes one node of them.
  void separate();
  // Takes the copies out, and gives what the passes made the precision of what it was made of.
  void join();

 private:
  Ir& ir_;
  bool any_ = false;
  DType compute_;
  PerValue<std::string> precisions_;  // of the node that made each value
};

}  // namespace nodegrad::plan
