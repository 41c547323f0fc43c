#pragma once
#include <immintrin.h>

#include <cstddef>
#include <cstdint>

// Before a loop over registers, whose count is a constant: they have no addresses.
#define NODEGRAD_UNROLL _Pragma("GCC unroll 16")

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

// Between integers and bytes. GCC's own conversions go element by element here.
inline Ints loadBytes(const uint8_t* p) {
#if defined(__AVX512F__)
  return reinterpret_cast<Ints>(
      _mm512_maskz_cvtepu8_epi32(0xffff, _mm_loadu_si128(reinterpret_cast<const __m128i*>(p))));
#elif defined(__AVX2__)
  return reinterpret_cast<Ints>(_mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p))));
#else
  int32_t four;
  __builtin_memcpy(&four, p, sizeof four);
  return reinterpret_cast<Ints>(_mm_cvtepu8_epi32(_mm_cvtsi32_si128(four)));
#endif
}
inline void storeBytes(uint8_t* p, Ints v) {
#if defined(__AVX512F__)
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p),
                   _mm512_maskz_cvtepi32_epi8(0xffff, reinterpret_cast<__m512i>(v)));
#elif defined(__AVX2__)
  const __m256i all = reinterpret_cast<__m256i>(v);
  const __m128i words = _mm_packus_epi32(_mm256_castsi256_si128(all), _mm256_extracti128_si256(all, 1));
  _mm_storel_epi64(reinterpret_cast<__m128i*>(p), _mm_packus_epi16(words, words));
#else
  const __m128i words = _mm_packus_epi32(reinterpret_cast<__m128i>(v), reinterpret_cast<__m128i>(v));
  const int32_t four = _mm_cvtsi128_si32(_mm_packus_epi16(words, words));
  __builtin_memcpy(p, &four, sizeof four);
#endif
}

// bfloat16 is the upper half of a float, rounded to nearest, ties to even; NaN stays NaN.
inline Words upperHalves(Floats v) {
  const Words word = reinterpret_cast<Words>(v);
  const Words rounded = v != v ? word | 0x400000 : word + 0x7fff + (word >> 16 & 1);
  return rounded >> 16;
}
inline Floats load(const uint16_t* p) {
#if defined(__AVX512F__)
  const __m512i halves =
      _mm512_maskz_cvtepu16_epi32(0xffff, _mm256_loadu_si256(reinterpret_cast<const __m256i*>(p)));
#elif defined(__AVX2__)
  const __m256i halves = _mm256_cvtepu16_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i*>(p)));
#else
  const __m128i halves = _mm_cvtepu16_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p)));
#endif
  return reinterpret_cast<Floats>(reinterpret_cast<Words>(halves) << 16);
}
inline void store(uint16_t* p, Floats v) {
#if defined(__AVX512BF16__)
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p), (__m256i)_mm512_cvtneps_pbh(v));
#elif defined(__AVX512F__)
  _mm256_storeu_si256(reinterpret_cast<__m256i*>(p),
                      _mm512_maskz_cvtepi32_epi16(0xffff, reinterpret_cast<__m512i>(upperHalves(v))));
#elif defined(__AVX2__)
  const __m256i all = reinterpret_cast<__m256i>(upperHalves(v));
  _mm_storeu_si128(reinterpret_cast<__m128i*>(p),
                   _mm_packus_epi32(_mm256_castsi256_si128(all), _mm256_extracti128_si256(all, 1)));
#else
  const __m128i all = reinterpret_cast<__m128i>(upperHalves(v));
  _mm_storel_epi64(reinterpret_cast<__m128i*>(p), _mm_packus_epi32(all, all));
#endif
}
// What that leaves of the numbers.
inline Floats rounded(Floats v) {
  uint16_t halves[kLanes];
  store(halves, v);
  return load(halves);
}
// One of them.
inline float widened(uint16_t bits) { return reinterpret_cast<Floats>((Words{} + bits) << 16)[0]; }
inline uint16_t narrowed(float v) { return static_cast<uint16_t>(upperHalves(Floats{} + v)[0]); }

// Parts of vectors, for what is left at an end.
inline Floats loadPart(const float* p, int64_t n, Floats rest) {
  __builtin_memcpy(&rest, p, n * sizeof(float));
  return rest;
}
inline Floats loadPart(const uint16_t* p, int64_t n, Floats rest) {
  for (int64_t i = 0; i < n; ++i) rest[i] = widened(p[i]);
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
// NaN stays.
inline Floats atMost(Floats v, float bound) { return _mm512_maskz_min_ps(0xffff, Floats{} + bound, v); }
inline Floats atLeast(Floats v, float bound) { return _mm512_maskz_max_ps(0xffff, Floats{} + bound, v); }
inline Counters wideProduct(Counters a, Counters b) {
  return reinterpret_cast<Counters>(
      _mm512_maskz_mul_epu32(0xff, reinterpret_cast<__m512i>(a), reinterpret_cast<__m512i>(b)));
}
#elif defined(__AVX2__)
inline Floats floorOf(Floats v) { return _mm256_floor_ps(v); }
inline Floats sqrtOf(Floats v) { return _mm256_sqrt_ps(v); }
inline Floats atMost(Floats v, float bound) { return _mm256_min_ps(Floats{} + bound, v); }
inline Floats atLeast(Floats v, float bound) { return _mm256_max_ps(Floats{} + bound, v); }
inline Counters wideProduct(Counters a, Counters b) {
  return reinterpret_cast<Counters>(
      _mm256_mul_epu32(reinterpret_cast<__m256i>(a), reinterpret_cast<__m256i>(b)));
}
#else
inline Floats floorOf(Floats v) { return _mm_floor_ps(v); }
inline Floats sqrtOf(Floats v) { return _mm_sqrt_ps(v); }
inline Floats atMost(Floats v, float bound) { return _mm_min_ps(Floats{} + bound, v); }
inline Floats atLeast(Floats v, float bound) { return _mm_max_ps(Floats{} + bound, v); }
inline Counters wideProduct(Counters a, Counters b) {
  return reinterpret_cast<Counters>(
      _mm_mul_epu32(reinterpret_cast<__m128i>(a), reinterpret_cast<__m128i>(b)));
}
#endif

// Whether a bit is set in any lane.
inline bool any(Ints v) {
#if defined(__AVX512F__)
  return _mm512_test_epi32_mask(reinterpret_cast<__m512i>(v), reinterpret_cast<__m512i>(v)) != 0;
#elif defined(__AVX2__)
  return !_mm256_testz_si256(reinterpret_cast<__m256i>(v), reinterpret_cast<__m256i>(v));
#else
  return !_mm_testz_si128(reinterpret_cast<__m128i>(v), reinterpret_cast<__m128i>(v));
#endif
}

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
