#include "cpu/isa/channel_loop.h"
#include "cpu/isa/tables.h"
#include "cpu/move/kernels.h"

namespace nodegrad::NODEGRAD_ISA_NAMESPACE {
namespace {

template <class T>
void addRow(float* to, const T* from, int64_t n) {
  forChannels(n, [&](auto kind, int64_t i) {
    using K = decltype(kind);
    K::write(to + i, K::read(to + i) + K::read(from + i));
  });
}

}  // namespace

const GatherKernels gatherKernels = {addRow<float>, addRow<uint16_t>};

}  // namespace nodegrad::NODEGRAD_ISA_NAMESPACE
