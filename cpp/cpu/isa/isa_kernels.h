#pragma once
#include <cstddef>
#include <cstdint>

// The inner loops that are compiled once per instruction set, as tables of functions. Only declarations and
// plain data here: an inline function of a shared header would be compiled for every level, and the linker
// keeps one of them for all.
namespace nodegrad {

// One step of an element-wise chain on a tile of n elements of 4 bytes each. It may touch up to kTilePadding
// - 1 elements past n, and out may be one of the arguments.
using StepFunction = void (*)(void* out, const void* const* args, const float* params, int64_t n);
constexpr int64_t kTilePadding = 16;

enum class StepKind : uint8_t {
  Float,
  Integer
};  // what the arguments hold; a bool or u8 is a float in a chain

struct StepRow {
  const char* op;  // of the registry; a cast carries the result's dtype: "cast:int32"
  StepKind kind;
  StepFunction run;
  const char* attr;  // whose number becomes params[0], or null
};

struct ElementwiseKernels {
  const StepRow* rows;
  size_t count;
  // Between the memory of a bool or u8 tensor and the registers of a chain. They touch n elements exactly.
  void (*floatsFromBytes)(float* out, const uint8_t* in, int64_t n);
  void (*bytesFromFloats)(uint8_t* out, const float* in, int64_t n);
};

// Fill out[0 … n) with the numbers of the row-major indices start …, by the convention of core/philox.h.
struct RandomKey {
  uint32_t seed, salt, step;
};
struct RandomKernels {
  void (*uniform)(float* out, int64_t start, int64_t n, RandomKey key, float low, float high);
  void (*normal)(float* out, int64_t start, int64_t n, RandomKey key, float mean, float deviation);
  void (*truncatedNormal)(float* out, int64_t start, int64_t n, RandomKey key, float mean, float deviation);
};

struct IsaKernels {
  const char* name;
  const ElementwiseKernels* elementwise;
  const RandomKernels* random;
};

namespace isa_base {
const IsaKernels& kernels();
}
namespace isa_avx2 {
const IsaKernels& kernels();
}
namespace isa_avx512 {
const IsaKernels& kernels();
}

}  // namespace nodegrad
