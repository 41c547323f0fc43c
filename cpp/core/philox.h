#pragma once
#include <array>
#include <cstdint>

namespace nodegrad {

// Philox4x32-10, the counter-based generator of Salmon et al., "Parallel random numbers: as easy as 1, 2, 3"
// (SC 2011). The scalar form; cpp/cpu/elementwise/philox_vector.h makes the same numbers several at a time.
using PhiloxCounter = std::array<uint32_t, 4>;
using PhiloxKey = std::array<uint32_t, 2>;

inline PhiloxCounter philox4x32(PhiloxCounter counter, PhiloxKey key) {
  for (int round = 0; round < 10; ++round) {
    const uint64_t a = uint64_t{0xD2511F53} * counter[0], b = uint64_t{0xCD9E8D57} * counter[2];
    counter = {static_cast<uint32_t>(b >> 32) ^ counter[1] ^ key[0], static_cast<uint32_t>(b),
               static_cast<uint32_t>(a >> 32) ^ counter[3] ^ key[1], static_cast<uint32_t>(a)};
    key = {key[0] + 0x9E3779B9, key[1] + 0xBB67AE85};
  }
  return counter;
}

// The 32 random bits of the element with this row-major index, by the engine's convention: key (seed, salt),
// counter (index / 4, step, the high half of index / 4, attempt), word index % 4. An attempt above 0 is a
// redraw.
inline uint32_t philoxBits(uint32_t seed, uint32_t salt, uint32_t step, uint64_t index,
                           uint32_t attempt = 0) {
  const uint64_t block = index / 4;
  return philox4x32({static_cast<uint32_t>(block), step, static_cast<uint32_t>(block >> 32), attempt},
                    {seed, salt})[index % 4];
}

// [0, 1) in steps of 2^-24.
inline float philoxUniform(uint32_t bits) { return static_cast<float>(bits >> 8) * 0x1p-24f; }

}  // namespace nodegrad
