#pragma once
#include <string>
#include <type_traits>
#include <vector>

#include "core/dtype.h"
#include "cpu/isa/isa_kernels.h"

namespace nodegrad {

// The levels that this machine can run, lowest first: "base" (x86-64-v2), "avx2" (v3), "avx512" (v4), "amx"
// (that and products of tiles of bfloat16).
std::vector<std::string> isaLevels();

// The kernels of the level in use: the machine's highest, or the one of the settings. Fails with ARGUMENT
// where the machine has none of that name. AMX has those of AVX-512.
const IsaKernels& isaKernels();

// The kernels on bfloat16: with the processor's instructions for it unless the settings say else. Only where
// cpuHasBfloat16().
const Bfloat16Kernels& bfloat16Kernels();

// Calls body with a number of the type that a dtype has in memory: float, or uint16_t for the bits of
// bfloat16.
template <class Body>
decltype(auto) withFloatType(DType dtype, Body&& body) {
  return dtype == DType::BF16 ? body(uint16_t{}) : body(float{});
}

// The tables of the level that multiplies numbers of such a type.
template <class T>
const auto& levelFor() {
  if constexpr (std::is_same_v<T, float>)
    return isaKernels();
  else
    return bfloat16Kernels();
}

// The table for numbers of such a type.
template <class T, template <class> class Kernels>
const Kernels<T>& kernelsFor(const ByType<Kernels>& tables) {
  if constexpr (std::is_same_v<T, float>)
    return *tables.floats;
  else
    return *tables.bfloat16;
}

}  // namespace nodegrad
