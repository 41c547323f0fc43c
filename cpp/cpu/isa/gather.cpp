#include "cpu/isa/tables.h"
#include "cpu/isa/vector.h"

namespace nodegrad::NODEGRAD_ISA_NAMESPACE {
namespace {

void addRow(float* to, const float* from, int64_t n) {
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) store(to + i, load(to + i) + load(from + i));
  for (; i < n; ++i) to[i] += from[i];
}

}  // namespace

const GatherKernels gatherKernels = {addRow};

}  // namespace nodegrad::NODEGRAD_ISA_NAMESPACE
