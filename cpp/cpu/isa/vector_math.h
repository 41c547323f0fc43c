#pragma once
#include "cpu/isa/vector.h"

// Elementary functions on whole vectors, within 4 ulp of the exact value, right at zeros, infinities, NaN and
// denormals. Polynomials are Chebyshev fits over the reduced range.
namespace nodegrad::NODEGRAD_ISA_NAMESPACE {
namespace {

constexpr float kInfinity = __builtin_inff();
constexpr float kNan = __builtin_nanf("");

// The polynomial with these coefficients, highest power last.
inline Floats polynomial(Floats, float last) { return all(last); }
template <class... Rest>
inline Floats polynomial(Floats x, float first, Rest... rest) {
  return polynomial(x, rest...) * x + first;
}

// Bits are shifted and added as unsigned numbers: lanes whose result is thrown away may overflow.
inline Words words(Floats v) { return reinterpret_cast<Words>(v); }
inline Ints exponentOf(Words bits) { return reinterpret_cast<Ints>(bits) >> 23; }
inline Words asExponent(Ints n) { return reinterpret_cast<Words>(n) << 23; }

inline Floats powerOfTwo(Ints n) { return reinterpret_cast<Floats>(asExponent(n) + (127u << 23)); }

// The nearest whole number, for |v| < 2^22.
inline Floats nearest(Floats v) { return (v + 0x1.8p23f) - 0x1.8p23f; }

inline Floats expOf(Floats x) {
  // Beyond these the result is 0 or infinite; NaN passes both comparisons.
  x = atMost(x, 89.0f);
  x = atLeast(x, -104.0f);
  const Floats n = nearest(x * 1.44269504f);
  const Floats r = (x - n * 0.693359375f) + n * 2.12194440e-4f;
  const Floats p = polynomial(r, 0.5f, 0.1666657702f, 0.04166655465f, 0.00836317418f, 0.00139261775f);
  const Floats fraction = (r * r * p + r) + 1.0f;
#if defined(__AVX512F__)
  return _mm512_maskz_scalef_ps(0xffff, fraction, n);
#else
  // 2^n in two factors, so that denormal results come out gradually and the largest do not overflow on the
  // way.
  const Ints whole = truncate(n), first = whole >> 1;
  return fraction * powerOfTwo(first) * powerOfTwo(whole - first);
#endif
}

// log of a positive finite normal number m · 2^e with m in [sqrt(1/2), sqrt(2)), and e added to the exponent.
inline Floats logOfNormal(Floats x, Floats e) {
  const Ints exponent = exponentOf(words(x) - 0x3f3504f3u);  // sqrt(1/2)
  e += toFloats(exponent);
  const Floats r = reinterpret_cast<Floats>(words(x) - asExponent(exponent)) - 1.0f;
  const Floats z = r * r;
  const Floats p = polynomial(r, 0.3333333118f, -0.2499999695f, 0.200007159f, -0.166678028f, 0.1424905261f,
                              -0.1242567094f, 0.116854564f, -0.1147988164f, 0.06971702169f);
  return e * 0.693359375f + (r + (z * -0.5f + (z * r * p - e * 2.12194440e-4f)));
}

inline Floats logOf(Floats x) {
  const Ints denormal = x < 0x1p-126f;
  const Floats y = logOfNormal(denormal ? x * 0x1p24f : x, denormal ? all(-24.0f) : Floats{});
  const Floats special = x == 0.0f ? all(-kInfinity) : (x < 0.0f ? all(kNan) : x);  // infinity and NaN stay
  return ((x > 0.0f) & (x < kInfinity)) ? y : special;
}

inline Floats log1pOf(Floats x) {
  const Floats u = x + 1.0f;
  const Floats y = logOf(u) - ((u - 1.0f) - x) / u;  // what the rounding of u lost
  return ((u > 0.0f) & (u < kInfinity) & (x != 0.0f)) ? y : (x == 0.0f ? x : logOf(u));
}

inline Floats tanhOf(Floats x) {
  const Floats a = absolute(x), z = x * x;
  const Floats p =
      polynomial(z, -0.3333332894f, 0.1333276974f, -0.05385090958f, 0.020997179f, -0.006096714166f);
  const Floats large = 1.0f - 2.0f / (expOf(a + a) + 1.0f);
  return withSign(a < 0.625f ? a + a * z * p : large, x);
}

inline Floats sigmoidOf(Floats x) {
  const Floats e = expOf(-absolute(x));
  return (x < 0.0f ? e : all(1.0f)) / (1.0f + e);
}

inline Floats softplusOf(Floats x) { return (x < 0.0f ? Floats{} : x) + log1pOf(expOf(-absolute(x))); }

inline Floats erfOf(Floats x) {
  const Floats t = absolute(x), z = x * x;
  const Floats small = t + t * polynomial(z, 0.1283791491f, -0.3761248904f, 0.1128175413f, -0.02676399514f,
                                          0.004988906025f, -0.0005967310878f);
  const Floats b = t > 3.95f ? all(3.95f) : t;  // beyond, erf is 1 in float
  const Floats q = polynomial(b, 0.12868558f, 0.6349575516f, 0.1066229372f, -0.02414368183f, 0.003841819395f,
                              -0.0003753814062f, 1.673421412e-5f);
  return withSign(t > 0.93f ? 1.0f - expOf(-(b + b * q)) : small, x);
}

// exp2(y · log2(x)) for x > 0 in double precision: in single precision the product would lose the digits that
// the exponential magnifies.
inline HalfFloats powOfPositive(HalfFloats base, HalfFloats power) {
  const Doubles x = __builtin_convertvector(base, Doubles), y = __builtin_convertvector(power, Doubles);
  const Counters raw = reinterpret_cast<Counters>(x);
  const Counters exponent =
      reinterpret_cast<Counters>(reinterpret_cast<Longs>(raw - 0x3fe6a09e667f3bcdu) >> 52);  // sqrt(1/2)
  const Doubles m = reinterpret_cast<Doubles>(raw - (exponent << 52));
  // 2^52 + 2^51 + exponent, whose low bits are the exponent: there is no conversion of 64-bit integers before
  // AVX-512.
  const Doubles e = reinterpret_cast<Doubles>(exponent + 0x4338000000000000u) - 0x1.8p52;
  const Doubles s = (m - 1.0) / (m + 1.0), z = s * s;
  const Doubles series =
      1.0 + z * (1.0 / 3 +
                 z * (1.0 / 5 + z * (1.0 / 7 + z * (1.0 / 9 + z * (1.0 / 11 + z * (1.0 / 13 + z / 15))))));
  Doubles t = y * (e + 2.0 * 1.4426950408889634 * s * series);
  t = t > 200.0 ? Doubles{} + 200.0 : t;
  t = t < -200.0 ? Doubles{} - 200.0 : t;
  const Doubles shifted = t + 0x1.8p52, n = shifted - 0x1.8p52;
  const Doubles f = (t - n) * 0.6931471805599453;
  const Doubles p =
      1 + f * (1 + f * (1.0 / 2 +
                        f * (1.0 / 6 +
                             f * (1.0 / 24 + f * (1.0 / 120 +
                                                  f * (1.0 / 720 + f * (1.0 / 5040 + f * (1.0 / 40320))))))));
  const Doubles scale = reinterpret_cast<Doubles>((reinterpret_cast<Counters>(shifted) + 1023u) << 52);
  return __builtin_convertvector(p * scale, HalfFloats);
}

inline Floats powOf(Floats x, Floats y) {
  const Floats a = absolute(x);
  Floats r = join(powOfPositive(half(a, 0), half(y, 0)), powOfPositive(half(a, 1), half(y, 1)));
  const Ints whole = floorOf(y) == y;  // infinity counts as whole and even
  const Ints odd = whole & (floorOf(y * 0.5f) * 2.0f != y);
  const Ints bigBase = a > 1.0f, upward = y > 0.0f;
  // |x| or |y| infinite, or x zero: 0 or infinity.
  const Ints extreme = (a == 0.0f) | (a == kInfinity) | (absolute(y) == kInfinity);
  r = extreme ? ((bigBase == upward) ? all(kInfinity) : Floats{}) : r;
  r = ((absolute(y) == kInfinity) & (a == 1.0f)) ? all(1.0f) : r;
  r = (odd & (bits(x) < 0)) ? -r : r;
  r = ((x < 0.0f) & ~whole & (a != kInfinity)) ? all(kNan) : r;
  r = ((x != x) | (y != y)) ? x + y : r;
  return ((y == 0.0f) | (x == 1.0f)) ? all(1.0f) : r;
}

}  // namespace
}  // namespace nodegrad::NODEGRAD_ISA_NAMESPACE
