#pragma once
#include <cmath>

#include "cpu/isa/vector_math.h"

// Elementary functions that are computed in double precision, half a vector at a time: formulas that would
// lose digits in single precision keep them. What is left is the rounding of the result, and the errors of
// series that end below 2^-30.
namespace nodegrad::NODEGRAD_ISA_NAMESPACE {
namespace {

inline Doubles allDoubles(double x) { return Doubles{} + x; }
inline Longs longs(Doubles v) { return reinterpret_cast<Longs>(v); }
inline Doubles magnitude(Doubles v) { return reinterpret_cast<Doubles>(longs(v) & INT64_MAX); }
inline Doubles signedAs(Doubles positive, Doubles sign) {
  return reinterpret_cast<Doubles>(longs(positive) | (longs(sign) & INT64_MIN));
}
inline Doubles rootOf(Doubles v) {
  for (int i = 0; i < kLanes / 2; ++i) v[i] = __builtin_sqrt(v[i]);
  return v;
}

// A function on doubles for a vector of floats.
template <class Function>
inline Floats inDoubles(Floats x, Function f) {
  const auto of = [&](int which) {
    return __builtin_convertvector(f(__builtin_convertvector(half(x, which), Doubles)), HalfFloats);
  };
  return join(of(0), of(1));
}
template <class Function>
inline Floats inDoubles(Floats x, Floats y, Function f) {
  const auto of = [&](int which) {
    return __builtin_convertvector(
        f(__builtin_convertvector(half(x, which), Doubles), __builtin_convertvector(half(y, which), Doubles)),
        HalfFloats);
  };
  return join(of(0), of(1));
}

inline Doubles series(Doubles, double last) { return allDoubles(last); }
template <class... Rest>
inline Doubles series(Doubles z, double first, Rest... rest) {
  return series(z, rest...) * z + first;
}

// exp(x) - 1, and exp(x), for |x| of at most 200: beyond, single precision has no numbers.
struct Exponential {
  Doubles minusOne, value;
};
inline Exponential exponential(Doubles x) {
  x = x > 200.0 ? allDoubles(200) : x;
  x = x < -200.0 ? allDoubles(-200) : x;
  const Doubles shifted = x * 1.4426950408889634 + 0x1.8p52, n = shifted - 0x1.8p52;
  const Doubles r = (x - n * 0x1.62e42feep-1) - n * 0x1.a39ef35793c76p-33;
  const Doubles p = r * series(r, 1.0, 1.0 / 2, 1.0 / 6, 1.0 / 24, 1.0 / 120, 1.0 / 720, 1.0 / 5040,
                               1.0 / 40320, 1.0 / 362880);
  const Doubles scale = reinterpret_cast<Doubles>((reinterpret_cast<Counters>(shifted) + 1023u) << 52);
  const Doubles value = p * scale + scale;
  return {n == 0.0 ? p : value - 1.0, value};
}

// log(1 + u), for any u: NaN below -1.
inline Doubles logOfOnePlus(Doubles u) {
  const Doubles x = 1.0 + u;
  const Counters raw = reinterpret_cast<Counters>(x);
  const Counters exponent =
      reinterpret_cast<Counters>(reinterpret_cast<Longs>(raw - 0x3fe6a09e667f3bcdu) >> 52);  // sqrt(1/2)
  const Doubles m = reinterpret_cast<Doubles>(raw - (exponent << 52));
  const Doubles e = reinterpret_cast<Doubles>(exponent + 0x4338000000000000u) - 0x1.8p52;
  // Where the exponent is 0 the sum 1 + u need not be rounded.
  const Doubles s = e == 0.0 ? u / (2.0 + u) : (m - 1.0) / (m + 1.0), z = s * s;
  const Doubles y =
      e * 0.6931471805599453 +
      2.0 * s * series(z, 1.0, 1.0 / 3, 1.0 / 5, 1.0 / 7, 1.0 / 9, 1.0 / 11, 1.0 / 13, 1.0 / 15);
  const Doubles special =
      u == -1.0 ? allDoubles(-__builtin_inf()) : (u < -1.0 ? allDoubles(__builtin_nan("")) : u);
  return ((u > -1.0) & (u < __builtin_inf())) ? y : special;
}

// Sine and cosine of x, for |x| below 2^20: n times the first part of pi / 2 (33 bits) is exact.
struct Circle {
  Doubles sine, cosine;
};
inline Circle circleOf(Doubles x) {
  const Doubles shifted = x * 0.6366197723675814 + 0x1.8p52, n = shifted - 0x1.8p52;
  const Doubles r = (x - n * 0x1.921fb544p0) - n * 0x1.0b4611a626331p-34, z = r * r;
  const Doubles sine =
      r * series(z, 1.0, -1.0 / 6, 1.0 / 120, -1.0 / 5040, 1.0 / 362880, -1.0 / 39916800, 1.0 / 6227020800);
  const Doubles cosine = series(z, 1.0, -1.0 / 2, 1.0 / 24, -1.0 / 720, 1.0 / 40320, -1.0 / 3628800,
                                1.0 / 479001600, -1.0 / 87178291200);
  const Longs quarter = reinterpret_cast<Longs>(shifted);
  const Longs swapped = (quarter & 1) != 0, sineDown = (quarter & 2) != 0,
              cosineDown = ((quarter + 1) & 2) != 0;
  const Doubles a = swapped ? cosine : sine, b = swapped ? sine : cosine;
  return {sineDown ? -a : a, cosineDown ? -b : b};
}

// A function of an angle. Large angles are left to the C library, which knows pi to as many digits as they
// need.
template <class Function>
inline Floats ofAngle(Floats x, Function f, double (*large)(double)) {
  Floats y = inDoubles(x, [&](Doubles v) { return f(circleOf(v)); });
  const Ints beyond = absolute(x) >= 0x1p20f;
  for (int i = 0; i < kLanes; ++i)
    if (beyond[i]) y[i] = static_cast<float>(large(x[i]));
  return y;
}
inline Floats sinOf(Floats x) {
  const Floats y = ofAngle(x, [](const Circle& c) { return c.sine; }, [](double v) { return std::sin(v); });
  return x == 0.0f ? x : y;
}
inline Floats cosOf(Floats x) {
  return ofAngle(x, [](const Circle& c) { return c.cosine; }, [](double v) { return std::cos(v); });
}
inline Floats tanOf(Floats x) {
  const Floats y =
      ofAngle(x, [](const Circle& c) { return c.sine / c.cosine; }, [](double v) { return std::tan(v); });
  return x == 0.0f ? x : y;
}

// The angle from 0 to pi / 2 whose tangent is t, of 0 or more.
inline Doubles angleOf(Doubles t) {
  const Longs steep = t > 1.0;
  const Doubles v = steep ? 1.0 / t : t;
  const Longs far = v > 0.4142135623730951;  // tan(pi / 8)
  const Doubles u = far ? (v - 1.0) / (v + 1.0) : v, z = u * u;
  const Doubles arc = u * series(z, 1.0, -1.0 / 3, 1.0 / 5, -1.0 / 7, 1.0 / 9, -1.0 / 11, 1.0 / 13, -1.0 / 15,
                                 1.0 / 17, -1.0 / 19, 1.0 / 21, -1.0 / 23, 1.0 / 25);
  const Doubles y = far ? arc + 0.7853981633974483 : arc;
  return steep ? 1.5707963267948966 - y : y;
}
inline Floats arctanOf(Floats x) {
  return inDoubles(x, [](Doubles v) { return signedAs(angleOf(magnitude(v)), v); });
}
inline Floats arcsinOf(Floats x) {
  return inDoubles(x, [](Doubles v) {
    const Doubles a = magnitude(v);
    return signedAs(angleOf(a / rootOf((1.0 - a) * (1.0 + a))), v);
  });
}
inline Floats arccosOf(Floats x) {
  return inDoubles(x, [](Doubles v) {
    const Doubles a = magnitude(v), angle = angleOf(rootOf((1.0 - a) * (1.0 + a)) / a);
    return v < 0.0 ? 3.141592653589793 - angle : angle;
  });
}
inline Floats arctan2Of(Floats y, Floats x) {
  return inDoubles(y, x, [](Doubles b, Doubles a) {
    const Doubles up = magnitude(b), along = magnitude(a);
    // 0 / 0 is an angle of 0, and infinite numbers are equal.
    Doubles angle = angleOf(up / along);
    angle = up == 0.0 ? Doubles{} : angle;
    angle = ((up == __builtin_inf()) & (along == __builtin_inf())) ? allDoubles(0.7853981633974483) : angle;
    angle = longs(a) < 0 ? 3.141592653589793 - angle : angle;
    return ((a != a) | (b != b)) ? a + b : signedAs(angle, b);
  });
}

inline Floats expm1Of(Floats x) {
  const Floats y = inDoubles(x, [](Doubles v) { return exponential(v).minusOne; });
  return ((x == 0.0f) | (x != x)) ? x : y;
}
inline Floats sinhOf(Floats x) {
  return inDoubles(x, [](Doubles v) {
    const Exponential e = exponential(magnitude(v));
    return v != v ? v : signedAs(0.5 * (e.minusOne + e.minusOne / e.value), v);
  });
}
inline Floats coshOf(Floats x) {
  return inDoubles(x, [](Doubles v) {
    const Exponential e = exponential(magnitude(v));
    return v != v ? v : 0.5 * (e.value + 1.0 / e.value);
  });
}
inline Floats arcsinhOf(Floats x) {
  return inDoubles(x, [](Doubles v) {
    const Doubles a = magnitude(v), square = a * a;
    const Doubles y = logOfOnePlus(a + square / (1.0 + rootOf(1.0 + square)));
    return a == __builtin_inf() ? v : signedAs(y, v);
  });
}
inline Floats arccoshOf(Floats x) {
  return inDoubles(x, [](Doubles v) {
    const Doubles over = v - 1.0, y = logOfOnePlus(over + rootOf(over * (v + 1.0)));
    // Far below -1 the sum rounds to -1, whose logarithm is not NaN.
    return v < 1.0 ? allDoubles(__builtin_nan("")) : y;
  });
}
inline Floats arctanhOf(Floats x) {
  return inDoubles(x, [](Doubles v) {
    const Doubles a = magnitude(v);
    return signedAs(0.5 * logOfOnePlus(2.0 * a / (1.0 - a)), v);
  });
}

// Giles, Approximating the erfinv function, 2011: two polynomials, within 3 ulp.
inline Floats erfinvOf(Floats x) {
  return inDoubles(x, [](Doubles v) {
    const Doubles w = -logOfOnePlus(-v * v), near = w - 2.5, far = rootOf(w) - 3.0;
    const Doubles p = series(near, 1.50140941, 0.246640727, -0.00417768164, -0.00125372503, 0.00021858087,
                             -4.39150654e-06, -3.5233877e-06, 3.43273939e-07, 2.81022636e-08);
    const Doubles q = series(far, 2.83297682, 1.00167406, 0.00943887047, -0.0076224613, 0.00573950773,
                             -0.00367342844, 0.00134934322, 0.000100950558, -0.000200214257);
    const Doubles y = (w < 5.0 ? p : q) * v;
    return magnitude(v) == 1.0 ? v * __builtin_inf() : y;
  });
}

}  // namespace
}  // namespace nodegrad::NODEGRAD_ISA_NAMESPACE
