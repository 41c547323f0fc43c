#pragma once
#include "cpu/isa/vector.h"

namespace nodegrad::NODEGRAD_ISA_NAMESPACE {
namespace {

// 32-bit words of kLanes / 2 consecutive counters, in the order of the elements: the first half of the
// counters' words, then the rest.
struct RandomWords {
  Words first, second;
};

// Philox4x32-10 with each word in the low half of a 64-bit lane, as the multiplication reads it; what is
// in the high halves does not matter until the end. block holds index / 4.
inline RandomWords philox(Counters block, uint32_t step, uint32_t attempt, uint32_t key0, uint32_t key1) {
  Counters a = block, b = Counters{} + step, c = block >> 32, d = Counters{} + attempt;
  for (int round = 0; round < 10; ++round) {
    const Counters p = wideProduct(a, Counters{} + 0xD2511F53u), q = wideProduct(c, Counters{} + 0xCD9E8D57u);
    a = (q >> 32) ^ b ^ (Counters{} + key0);
    b = q;
    c = (p >> 32) ^ d ^ (Counters{} + key1);
    d = p;
    key0 += 0x9E3779B9;
    key1 += 0xBB67AE85;
  }
  const Counters ab = (a & 0xffffffff) | (b << 32), cd = (c & 0xffffffff) | (d << 32);
#if defined(__AVX512F__)
  const Counters low = __builtin_shuffle(ab, cd, Counters{0, 8, 1, 9, 2, 10, 3, 11});
  const Counters high = __builtin_shuffle(ab, cd, Counters{4, 12, 5, 13, 6, 14, 7, 15});
#elif defined(__AVX2__)
  const Counters low = __builtin_shuffle(ab, cd, Counters{0, 4, 1, 5});
  const Counters high = __builtin_shuffle(ab, cd, Counters{2, 6, 3, 7});
#else
  const Counters low = __builtin_shuffle(ab, cd, Counters{0, 2});
  const Counters high = __builtin_shuffle(ab, cd, Counters{1, 3});
#endif
  return {reinterpret_cast<Words>(low), reinterpret_cast<Words>(high)};
}

// [0, 1) in steps of 2^-24.
inline Floats uniformOf(Words words) { return toFloats(reinterpret_cast<Ints>(words >> 8)) * 0x1p-24f; }

}  // namespace
}  // namespace nodegrad::NODEGRAD_ISA_NAMESPACE
