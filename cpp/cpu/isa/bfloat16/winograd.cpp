#include "cpu/isa/bfloat16/dot.h"
#include "cpu/isa/bfloat16/tables.h"
#include "cpu/isa/winograd_kernels.h"

namespace nodegrad::NODEGRAD_ISA_NAMESPACE {

namespace {

template <>
struct Factors<uint16_t> {
  static constexpr int kDepth = 2;  // numbers of a sum that lie side by side
  using Vector = Words;
  static Vector vector(const uint16_t* p) { return loadPairs(p); }
  static Vector broadcast(const uint16_t* p) { return broadcastPair(p); }
  static inline __attribute__((always_inline)) void multiplyAdd(Floats& sum, Vector x, Vector y) {
    dot(sum, x, y);
  }
  static void storePair(uint16_t* p, Floats first, Floats second) { storePairs(p, pairsOf(first, second)); }
};

}  // namespace

const WinogradKernels winogradKernelsBfloat16 = winogradKernelsFor<uint16_t>();

}  // namespace nodegrad::NODEGRAD_ISA_NAMESPACE
