#include "cpu/isa/winograd.h"

#include "cpu/isa/tables.h"
#if defined(__AVX2__)
#include "cpu/isa/winograd_kernels.h"
#endif

namespace nodegrad::NODEGRAD_ISA_NAMESPACE {

#if defined(__AVX2__)
namespace {

template <>
struct Factors<float> {
  static constexpr int kDepth = 1;  // numbers of a sum that lie side by side
  using Vector = Floats;
  static Vector vector(const float* p) { return load(p); }
  // Without the addition that all(x) costs where -0 has to be kept.
  static Vector broadcast(const float* p) { return *p - Floats{}; }
  // sum += x · y. The compiler would fold a load that several of these share into each of them, and saturate
  // the load ports.
  static inline __attribute__((always_inline)) void multiplyAdd(Floats& sum, Vector x, Vector y) {
    asm("vfmadd231ps %2, %1, %0" : "+v"(sum) : "v"(x), "v"(y));
  }
};

}  // namespace

const WinogradKernels winogradKernels = winogradKernelsFor<float>();
#else
const WinogradKernels winogradKernels = {};
#endif

}  // namespace nodegrad::NODEGRAD_ISA_NAMESPACE
