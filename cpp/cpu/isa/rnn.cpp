#include "cpu/isa/rnn_kernels.h"
#include "cpu/isa/tables.h"

namespace nodegrad::NODEGRAD_ISA_NAMESPACE {
namespace {

struct SingleFloats {
  using Number = float;
  using Vector = Floats;
  static constexpr int kDepth = 1;

  static Floats weights(const float* p) { return load(p); }
  // Without the addition that all(x) costs where -0 has to be kept.
  static Floats state(const float* p) { return *p - Floats{}; }
  // sum += x · y. The compiler would fold a load that several of these share into each of them, and saturate
  // the load ports.
  static __attribute__((always_inline)) void multiplyAdd(Floats& sum, Floats x, Floats y) {
#if defined(__AVX2__)
    asm("vfmadd231ps %2, %1, %0" : "+v"(sum) : "v"(x), "v"(y));
#else
    sum += x * y;
#endif
  }
  static void pack(const float* tile, int64_t rows, float* to, int64_t stride) {
    for (int64_t r = 0; r < rows; ++r) store(to + r * stride, load(tile + r * kLanes));
  }
};

}  // namespace

const RnnKernels<float> rnnKernels = rnnKernelsFor<SingleFloats>();

}  // namespace nodegrad::NODEGRAD_ISA_NAMESPACE
