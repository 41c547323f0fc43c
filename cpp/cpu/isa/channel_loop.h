#pragma once
#include "cpu/isa/vector.h"

// Loops over channels that lie side by side: the same body runs on vectors of them and, for what is left, on
// single ones.
namespace nodegrad::NODEGRAD_ISA_NAMESPACE {
namespace {

// Indices lie in bytes. GCC's own conversions go element by element here.
inline Ints loadBytes(const uint8_t* p) {
#if defined(__AVX512F__)
  return reinterpret_cast<Ints>(
      _mm512_maskz_cvtepu8_epi32(0xffff, _mm_loadu_si128(reinterpret_cast<const __m128i*>(p))));
#elif defined(__AVX2__)
  return reinterpret_cast<Ints>(
      _mm256_cvtepu8_epi32(_mm_loadl_epi64(reinterpret_cast<const __m128i*>(p))));
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

struct Wide {
  using Real = Floats;
  using Index = Ints;
  static constexpr int64_t kStep = kLanes;
  static Real read(const float* p) { return load(p); }
  static Index read(const int32_t* p) { return load(p); }
  static Index read(const uint8_t* p) { return loadBytes(p); }
  static void write(float* p, Real v) { store(p, v); }
  static void write(int32_t* p, Index v) { store(p, v); }
  static void write(uint8_t* p, Index v) { storeBytes(p, v); }
};
struct Narrow {
  using Real = float;
  using Index = int32_t;
  static constexpr int64_t kStep = 1;
  template <class T>
  static auto read(const T* p) {
    return *p;
  }
  static Index read(const uint8_t* p) { return *p; }
  template <class T, class V>
  static void write(T* p, V v) {
    *p = static_cast<T>(v);
  }
};

// Calls body(Wide{} or Narrow{}, channel) for all channels.
template <class Body>
inline void forChannels(int64_t channels, Body body) {
  int64_t c = 0;
  for (; c + kLanes <= channels; c += kLanes) body(Wide{}, c);
  for (; c < channels; ++c) body(Narrow{}, c);
}

// How many rows or columns a window holds: known beforehand for the most common ones, so that their loops are
// unrolled.
template <int32_t N>
struct Known {
  constexpr operator int32_t() const { return N; }
};
using Two = Known<2>;
using Three = Known<3>;

}  // namespace
}  // namespace nodegrad::NODEGRAD_ISA_NAMESPACE
