#pragma once
#include "cpu/isa/vector.h"

// How numbers T, float or the bits of bfloat16, are multiplied and summed up in floats; a sum takes kDepth of
// them at once, which lie side by side. cpu/isa/bfloat16_dot.h has those of bfloat16.
namespace nodegrad::NODEGRAD_ISA_NAMESPACE {
namespace {

template <class T>
struct Operands;

template <>
struct Operands<float> {
  static constexpr int kDepth = 1;
  using Vector = Floats;
  static Vector vector(const float* p) { return load(p); }
  // Without the addition that all(x) costs where -0 has to be kept.
  static Vector broadcast(const float* p) { return *p - Floats{}; }
  // sum += x · y. The compiler would fold a load that several of these share into each of them, and saturate
  // the load ports.
  static inline __attribute__((always_inline)) void multiplyAdd(Floats& sum, Vector x, Vector y) {
#if defined(__AVX2__)
    asm("vfmadd231ps %2, %1, %0" : "+v"(sum) : "v"(x), "v"(y));
#else
    sum += x * y;
#endif
  }
};

}  // namespace
}  // namespace nodegrad::NODEGRAD_ISA_NAMESPACE
