#pragma once
#include <cuda_runtime.h>

#include <cstdint>

namespace nodegrad::cuda {

// The numbers of core/philox.h, bit for bit; tests compare them.
struct PhiloxKey {
  uint32_t seed, salt, step;
};
struct PhiloxWords {
  uint32_t at[4];
};

// The words of the four elements 4 · block and following.
__device__ inline PhiloxWords philoxBlock(PhiloxKey key, uint64_t block, uint32_t attempt) {
  uint32_t c0 = static_cast<uint32_t>(block), c1 = key.step, c2 = static_cast<uint32_t>(block >> 32),
           c3 = attempt;
  uint32_t k0 = key.seed, k1 = key.salt;
  for (int round = 0; round < 10; ++round) {
    const uint64_t a = uint64_t{0xD2511F53} * c0, b = uint64_t{0xCD9E8D57} * c2;
    c0 = static_cast<uint32_t>(b >> 32) ^ c1 ^ k0;
    c1 = static_cast<uint32_t>(b);
    c2 = static_cast<uint32_t>(a >> 32) ^ c3 ^ k1;
    c3 = static_cast<uint32_t>(a);
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
  return {{c0, c1, c2, c3}};
}

// [0, 1) in steps of 2^-24.
__device__ inline float philoxUniform(uint32_t bits) { return static_cast<float>(bits >> 8) * 0x1p-24f; }

// The uniform number of the element with this row-major index.
__device__ inline float uniformAt(PhiloxKey key, uint64_t index) {
  return philoxUniform(philoxBlock(key, index / 4, 0).at[index % 4]);
}

}  // namespace nodegrad::cuda
