#pragma once
#include <cstddef>
#include <cstdint>

// The inner loops of element-wise chains, random numbers and ReLU.
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
  // The same for bfloat16, whose bits these are; rounded to nearest, ties to even.
  void (*floatsFromBfloat16)(float* out, const uint16_t* in, int64_t n);
  void (*bfloat16FromFloats)(uint16_t* out, const float* in, int64_t n);
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

// No sum of products of numbers below it, as many as fit into memory, comes close to float32's largest.
constexpr float kModerate = 1e15f;

template <class T>
struct ReluKernels {
  void (*relu)(T* y, int64_t n);  // in place; NaN stays NaN
  // Whether all are at most kModerate away from 0.
  bool (*isModerate)(const T* x, int64_t n);
};

}  // namespace nodegrad
