#pragma once
#include <immintrin.h>

#include <cstddef>
#include <cstdint>

// Vectors as wide as the level of this compilation, in GCC's extension. Everything is static or has a
// namespace without a name: no symbol of a newer level may stand in for one of an older.
namespace nodegrad::NODEGRAD_ISA_NAMESPACE {
namespace {

#if defined(__AVX512F__)
constexpr int kLanes = 16;
#elif defined(__AVX2__)
constexpr int kLanes = 8;
#else
constexpr int kLanes = 4;
#endif

typedef float Floats __attribute__((vector_size(kLanes * 4)));
typedef int32_t Ints __attribute__((vector_size(kLanes * 4)));
typedef uint32_t Words __attribute__((vector_size(kLanes * 4)));
typedef double Doubles __attribute__((vector_size(kLanes * 4)));  // half as many
typedef int64_t Longs __attribute__((vector_size(kLanes * 4)));
typedef uint64_t Counters __attribute__((vector_size(kLanes * 4)));
typedef float HalfFloats __attribute__((vector_size(kLanes * 2)));

typedef float LooseFloats __attribute__((vector_size(kLanes * 4), aligned(4), may_alias));
typedef int32_t LooseInts __attribute__((vector_size(kLanes * 4), aligned(4), may_alias));
typedef uint64_t LooseCounters __attribute__((vector_size(kLanes * 4), aligned(8), may_alias));

inline Floats load(const float* p) { return *reinterpret_cast<const LooseFloats*>(p); }
inline Ints load(const int32_t* p) { return *reinterpret_cast<const LooseInts*>(p); }
inline Counters load(const uint64_t* p) { return *reinterpret_cast<const LooseCounters*>(p); }
inline void store(float* p, Floats v) { *reinterpret_cast<LooseFloats*>(p) = v; }
inline void store(int32_t* p, Ints v) { *reinterpret_cast<LooseInts*>(p) = v; }

// Parts of vectors, for what is left at an end.
inline Floats loadPart(const float* p, int64_t n, Floats rest) {
  __builtin_memcpy(&rest, p, n * sizeof(float));
  return rest;
}
inline void storePart(float* p, Floats v, int64_t n) { __builtin_memcpy(p, &v, n * sizeof(float)); }

inline Floats all(float x) { return Floats{} + x; }
inline Ints all(int32_t x) { return Ints{} + x; }

inline Ints bits(Floats v) { return reinterpret_cast<Ints>(v); }
inline Floats asFloats(Ints v) { return reinterpret_cast<Floats>(v); }

inline Floats toFloats(Ints v) { return __builtin_convertvector(v, Floats); }
inline Ints truncate(Floats v) { return __builtin_convertvector(v, Ints); }

#if defined(__AVX512F__)
// The zero-masked forms: GCC 12 warns about its own header in the others.
inline Floats floorOf(Floats v) {
  return _mm512_maskz_roundscale_ps(0xffff, v, _MM_FROUND_TO_NEG_INF | _MM_FROUND_NO_EXC);
}
inline Floats sqrtOf(Floats v) { return _mm512_maskz_sqrt_ps(0xffff, v); }
inline Counters wideProduct(Counters a, Counters b) {
  return reinterpret_cast<Counters>(
      _mm512_maskz_mul_epu32(0xff, reinterpret_cast<__m512i>(a), reinterpret_cast<__m512i>(b)));
}
#elif defined(__AVX2__)
inline Floats floorOf(Floats v) { return _mm256_floor_ps(v); }
inline Floats sqrtOf(Floats v) { return _mm256_sqrt_ps(v); }
inline Counters wideProduct(Counters a, Counters b) {
  return reinterpret_cast<Counters>(
      _mm256_mul_epu32(reinterpret_cast<__m256i>(a), reinterpret_cast<__m256i>(b)));
}
#else
inline Floats floorOf(Floats v) { return _mm_floor_ps(v); }
inline Floats sqrtOf(Floats v) { return _mm_sqrt_ps(v); }
inline Counters wideProduct(Counters a, Counters b) {
  return reinterpret_cast<Counters>(
      _mm_mul_epu32(reinterpret_cast<__m128i>(a), reinterpret_cast<__m128i>(b)));
}
#endif

inline Floats absolute(Floats v) { return asFloats(bits(v) & 0x7fffffff); }
inline Floats withSign(Floats magnitude, Floats sign) {
  return asFloats((bits(magnitude) & 0x7fffffff) | (bits(sign) & static_cast<int32_t>(0x80000000)));
}
// NaN where either is NaN.
inline Floats larger(Floats a, Floats b) { return a != a ? a : (a > b ? a : b); }
inline Floats smaller(Floats a, Floats b) { return a != a ? a : (a < b ? a : b); }

inline Floats join(HalfFloats low, HalfFloats high) {
  Floats both;
  __builtin_memcpy(&both, &low, sizeof low);
  __builtin_memcpy(reinterpret_cast<char*>(&both) + sizeof low, &high, sizeof high);
  return both;
}
inline HalfFloats half(Floats v, int which) {
  HalfFloats part;
  __builtin_memcpy(&part, reinterpret_cast<const char*>(&v) + which * sizeof part, sizeof part);
  return part;
}

}  // namespace
}  // namespace nodegrad::NODEGRAD_ISA_NAMESPACE
