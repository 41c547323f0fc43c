#include "cpu/isa/bfloat16/dot.h"
#include "cpu/isa/bfloat16/tables.h"
#include "cpu/isa/rnn_kernels.h"

namespace nodegrad::NODEGRAD_ISA_NAMESPACE {
namespace {

struct PairsOfBfloat16 {
  using Number = uint16_t;
  using Vector = Words;
  static constexpr int kDepth = 2;

  static Words weights(const uint16_t* p) { return loadPairs(p); }
  static Words state(const uint16_t* p) { return broadcastPair(p); }
  static __attribute__((always_inline)) void multiplyAdd(Floats& sum, Words x, Words y) { dot(sum, x, y); }
  static void pack(const float* tile, int64_t rows, uint16_t* to, int64_t stride) {
    for (int64_t r = 0; r < rows; r += 2)
      storePairs(to + r * stride, pairsOf(load(tile + r * kLanes), load(tile + (r + 1) * kLanes)));
  }
};

}  // namespace

const RnnKernels<uint16_t> rnnKernelsBfloat16 = rnnKernelsFor<PairsOfBfloat16>();

}  // namespace nodegrad::NODEGRAD_ISA_NAMESPACE
