#pragma once
#include "cpu/isa/operands.h"

// Pairs of bfloat16 in words of 32 bits, the first of a pair in the lower half, and their dot product: by
// AVX512-BF16's instruction where this is compiled for it, else by two multiplications.
namespace nodegrad::NODEGRAD_ISA_NAMESPACE {
namespace {

typedef uint32_t LooseWords __attribute__((vector_size(kLanes * 4), aligned(2), may_alias));

inline Words loadPairs(const uint16_t* p) { return *reinterpret_cast<const LooseWords*>(p); }
inline void storePairs(uint16_t* p, Words v) { *reinterpret_cast<LooseWords*>(p) = v; }
// One pair in every word.
inline Words broadcastPair(const uint16_t* p) {
  uint32_t pair;
  __builtin_memcpy(&pair, p, sizeof pair);
  return Words{} + pair;
}

// Rounds: pair i is first[i], second[i].
inline Words pairsOf(Floats first, Floats second) {
#if defined(__AVX512BF16__)
  const __m512i joined = (__m512i)_mm512_maskz_cvtne2ps_pbh(0xffffffff, second, first);
  // Every word takes a number from the lower half and one from the upper half.
  const Words dealt = reinterpret_cast<Words>(joined);
  typedef uint16_t Halves __attribute__((vector_size(kLanes * 4)));
  const Halves by = {0, 16, 1, 17, 2,  18, 3,  19, 4,  20, 5,  21, 6,  22, 7,  23,
                     8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31};
  return reinterpret_cast<Words>(__builtin_shuffle(reinterpret_cast<Halves>(dealt), by));
#else
  return upperHalves(first) | upperHalves(second) << 16;
#endif
}

// sum[i] += both products of pair i of x with pair i of y, the second one first, as the instruction does.
inline __attribute__((always_inline)) void dot(Floats& sum, Words x, Words y) {
#if defined(__AVX512BF16__)
  asm("vdpbf16ps %2, %1, %0" : "+v"(sum) : "v"(x), "v"(y));
#else
  const auto upper = [](Words pairs) { return reinterpret_cast<Floats>(pairs & 0xffff0000); };
  const auto lower = [](Words pairs) { return reinterpret_cast<Floats>(pairs << 16); };
  sum = _mm512_fmadd_ps(lower(x), lower(y), _mm512_fmadd_ps(upper(x), upper(y), sum));
#endif
}

template <>
struct Operands<uint16_t> {
  static constexpr int kDepth = 2;
  using Vector = Words;
  static Vector vector(const uint16_t* p) { return loadPairs(p); }
  static Vector broadcast(const uint16_t* p) { return broadcastPair(p); }
  static inline __attribute__((always_inline)) void multiplyAdd(Floats& sum, Vector x, Vector y) {
    dot(sum, x, y);
  }
  static void storePair(uint16_t* p, Floats first, Floats second) { storePairs(p, pairsOf(first, second)); }
};

}  // namespace
}  // namespace nodegrad::NODEGRAD_ISA_NAMESPACE
