#pragma once
#include <cstdint>
#include <cstring>

#include "core/dtype.h"

namespace nodegrad {

// Whole numbers in the order of the numbers that they stand for: NaN after all others, −0 as 0.
inline uint32_t keyOf(float x) {
  if (x != x) return UINT32_MAX;
  x += 0.0f;  // −0 becomes 0
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  return bits >> 31 ? ~bits : bits | 0x80000000u;
}
inline uint32_t keyOf(BFloat16 x) { return keyOf(static_cast<float>(x)); }
inline uint32_t keyOf(int32_t x) { return static_cast<uint32_t>(x) ^ 0x80000000u; }
inline uint32_t keyOf(uint8_t x) { return x; }
inline uint32_t keyOf(Bool x) { return static_cast<uint32_t>(x); }

}  // namespace nodegrad
