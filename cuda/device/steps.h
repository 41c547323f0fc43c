#pragma once
#include <cuda_runtime.h>

#include <cmath>
#include <cstdint>

// The steps of element-wise chains, each an expression: the one place that says what they compute. The
// interpreter makes its cases of the table, its compiler the names.
namespace nodegrad::cuda {

// What a register holds: the bits of a float (also of a bool, a byte or a bfloat16) or of an integer.
using Word = uint32_t;

__device__ inline Word word(Word bits) { return bits; }
__device__ inline Word word(int32_t number) { return static_cast<Word>(number); }
__device__ inline Word word(float number) { return static_cast<Word>(__float_as_int(number)); }
__device__ inline Word word(bool truth) { return word(truth ? 1.0f : 0.0f); }

// The kinds of steps: what the arguments hold.
struct Float {
  using Type = float;
  __device__ static float of(Word bits) { return __int_as_float(static_cast<int32_t>(bits)); }
};
struct Integer {
  using Type = int32_t;
  __device__ static int32_t of(Word bits) { return static_cast<int32_t>(bits); }
};

// Wraps around, as the processor does; in C++ signed numbers may not.
__device__ inline int32_t wrapped(uint32_t number) { return static_cast<int32_t>(number); }
__device__ inline uint32_t magnitude(int32_t x) {
  return x < 0 ? 0u - static_cast<uint32_t>(x) : static_cast<uint32_t>(x);
}

// NaN where either is.
__device__ inline float larger(float x, float y) { return x > y || x != x ? x : y; }
__device__ inline float smaller(float x, float y) { return x < y || x != x ? x : y; }

__device__ inline float softplus(float x) { return larger(x, 0.0f) + log1pf(expf(-fabsf(x))); }
__device__ inline float gelu(float x, bool byTanh) {
  if (byTanh) return 0.5f * x * (1.0f + tanhf(0.7978845608f * (x + 0.044715f * x * x * x)));
  return 0.5f * x * (1.0f + erff(x * 0.7071067812f));
}

// By 0 the result is 0, as in numpy.
__device__ inline int32_t remainder(int32_t x, int32_t y) { return y == 0 || y == -1 ? 0 : x % y; }
__device__ inline int32_t floorDivide(int32_t x, int32_t y) {
  if (y == 0) return 0;
  const int64_t quotient = static_cast<int64_t>(x) / y;
  return static_cast<int32_t>(quotient - (x % static_cast<int64_t>(y) != 0 && (x < 0) != (y < 0)));
}
// The quotient of two floats is no closer to a whole number than doubles can tell.
__device__ inline float floorDivide(float x, float y) {
  return static_cast<float>(floor(static_cast<double>(x) / y));
}
__device__ inline int32_t leftShift(int32_t x, int32_t y) {
  return y < 0 || y > 31 ? 0 : wrapped(static_cast<uint32_t>(x) << y);
}
__device__ inline int32_t rightShift(int32_t x, int32_t y) { return x >> (y < 0 || y > 31 ? 31 : y); }
__device__ inline int32_t gcd(int32_t x, int32_t y) {
  uint32_t rest = magnitude(x), divisor = magnitude(y);
  while (divisor != 0) {
    const uint32_t next = rest % divisor;
    rest = divisor;
    divisor = next;
  }
  return wrapped(rest);
}

// Of each step an identifier, the op's name in the registry (a cast carries the result's dtype), what its
// arguments hold, the attribute that is p, and the expression of x, y and z. `where` moves bits.
#define NODEGRAD_STEPS(X)                                                                                    \
  X(negative, "negative", Float, nullptr, -x)                                                                \
  X(negativeInteger, "negative", Integer, nullptr, wrapped(0u - static_cast<uint32_t>(x)))                   \
  X(absolute, "abs", Float, nullptr, fabsf(x))                                                               \
  X(absoluteInteger, "abs", Integer, nullptr, wrapped(magnitude(x)))                                         \
  X(sign, "sign", Float, nullptr, x > 0.0f ? 1.0f : (x < 0.0f ? -1.0f : x))                                  \
  X(signInteger, "sign", Integer, nullptr, static_cast<int32_t>(x > 0) - static_cast<int32_t>(x < 0))        \
  X(square, "square", Float, nullptr, x* x)                                                                  \
  X(squareInteger, "square", Integer, nullptr, wrapped(static_cast<uint32_t>(x) * static_cast<uint32_t>(x))) \
  X(exponential, "exp", Float, nullptr, expf(x))                                                             \
  X(logarithm, "log", Float, nullptr, logf(x))                                                               \
  X(logarithm1p, "log1p", Float, nullptr, log1pf(x))                                                         \
  X(squareRoot, "sqrt", Float, nullptr, sqrtf(x))                                                            \
  X(inverseRoot, "rsqrt", Float, nullptr, 1.0f / sqrtf(x))                                                   \
  X(reciprocal, "reciprocal", Float, nullptr, 1.0f / x)                                                      \
  X(relu, "relu", Float, nullptr, x < 0.0f ? 0.0f : x)                                                       \
  X(sigmoid, "sigmoid", Float, nullptr, 1.0f / (1.0f + expf(-x)))                                            \
  X(tangentH, "tanh", Float, nullptr, tanhf(x))                                                              \
  X(softPlus, "softplus", Float, nullptr, softplus(x))                                                       \
  X(errorFunction, "erf", Float, nullptr, erff(x))                                                           \
  X(floorOf, "floor", Float, nullptr, floorf(x))                                                             \
  X(sine, "sin", Float, nullptr, sinf(x))                                                                    \
  X(cosine, "cos", Float, nullptr, cosf(x))                                                                  \
  X(tangent, "tan", Float, nullptr, tanf(x))                                                                 \
  X(arcSine, "arcsin", Float, nullptr, asinf(x))                                                             \
  X(arcCosine, "arccos", Float, nullptr, acosf(x))                                                           \
  X(arcTangent, "arctan", Float, nullptr, atanf(x))                                                          \
  X(sineH, "sinh", Float, nullptr, sinhf(x))                                                                 \
  X(cosineH, "cosh", Float, nullptr, coshf(x))                                                               \
  X(arcSineH, "arcsinh", Float, nullptr, asinhf(x))                                                          \
  X(arcCosineH, "arccosh", Float, nullptr, acoshf(x))                                                        \
  X(arcTangentH, "arctanh", Float, nullptr, atanhf(x))                                                       \
  X(exponentialM1, "expm1", Float, nullptr, expm1f(x))                                                       \
  X(inverseError, "erfinv", Float, nullptr, erfinvf(x))                                                      \
  X(geluOf, "gelu", Float, "approximate", gelu(x, p != 0.0f))                                                \
  X(elu, "elu", Float, "alpha", x > 0.0f ? x : p * expm1f(x))                                                \
  X(leakyRelu, "leakyRelu", Float, "negativeSlope", x < 0.0f ? x * p : x)                                    \
  X(logicalNot, "logicalNot", Float, nullptr, x == 0.0f)                                                     \
  X(add, "add", Float, nullptr, x + y)                                                                       \
  X(addInteger, "add", Integer, nullptr, wrapped(static_cast<uint32_t>(x) + static_cast<uint32_t>(y)))       \
  X(subtract, "subtract", Float, nullptr, x - y)                                                             \
  X(subtractInteger, "subtract", Integer, nullptr,                                                           \
    wrapped(static_cast<uint32_t>(x) - static_cast<uint32_t>(y)))                                            \
  X(multiply, "multiply", Float, nullptr, x* y)                                                              \
  X(multiplyInteger, "multiply", Integer, nullptr,                                                           \
    wrapped(static_cast<uint32_t>(x) * static_cast<uint32_t>(y)))                                            \
  X(divide, "divide", Float, nullptr, x / y)                                                                 \
  X(power, "power", Float, nullptr, powf(x, y))                                                              \
  X(arcTangent2, "arctan2", Float, nullptr, atan2f(x, y))                                                    \
  X(remainderOf, "fmod", Float, nullptr, fmodf(x, y))                                                        \
  X(remainderInteger, "fmod", Integer, nullptr, remainder(x, y))                                             \
  X(floorQuotient, "floorDivide", Float, nullptr, floorDivide(x, y))                                         \
  X(floorQuotientInteger, "floorDivide", Integer, nullptr, floorDivide(x, y))                                \
  X(bitwiseAnd, "bitwiseAnd", Integer, nullptr, x& y)                                                        \
  X(bitwiseOr, "bitwiseOr", Integer, nullptr, x | y)                                                         \
  X(bitwiseXor, "bitwiseXor", Integer, nullptr, x ^ y)                                                       \
  X(shiftLeft, "leftShift", Integer, nullptr, leftShift(x, y))                                               \
  X(shiftRight, "rightShift", Integer, nullptr, rightShift(x, y))                                            \
  X(commonDivisor, "gcd", Integer, nullptr, gcd(x, y))                                                       \
  X(maximum, "maximum", Float, nullptr, larger(x, y))                                                        \
  X(maximumInteger, "maximum", Integer, nullptr, x > y ? x : y)                                              \
  X(minimum, "minimum", Float, nullptr, smaller(x, y))                                                       \
  X(minimumInteger, "minimum", Integer, nullptr, x < y ? x : y)                                              \
  X(equal, "equal", Float, nullptr, x == y)                                                                  \
  X(equalInteger, "equal", Integer, nullptr, x == y)                                                         \
  X(notEqual, "notEqual", Float, nullptr, x != y)                                                            \
  X(notEqualInteger, "notEqual", Integer, nullptr, x != y)                                                   \
  X(less, "less", Float, nullptr, x < y)                                                                     \
  X(lessInteger, "less", Integer, nullptr, x < y)                                                            \
  X(lessEqual, "lessEqual", Float, nullptr, x <= y)                                                          \
  X(lessEqualInteger, "lessEqual", Integer, nullptr, x <= y)                                                 \
  X(greater, "greater", Float, nullptr, x > y)                                                               \
  X(greaterInteger, "greater", Integer, nullptr, x > y)                                                      \
  X(greaterEqual, "greaterEqual", Float, nullptr, x >= y)                                                    \
  X(greaterEqualInteger, "greaterEqual", Integer, nullptr, x >= y)                                           \
  X(logicalAnd, "logicalAnd", Float, nullptr, x != 0.0f && y != 0.0f)                                        \
  X(logicalOr, "logicalOr", Float, nullptr, x != 0.0f || y != 0.0f)                                          \
  X(sigmoidCrossEntropy, "sigmoidCrossEntropy", Float, nullptr, softplus(x) - x * y)                         \
  X(where, "where", Float, nullptr, x != 0.0f ? bits[1] : bits[2])                                           \
  X(castToFloat, "cast:float32", Integer, nullptr, static_cast<float>(x))                                    \
  X(castToInteger, "cast:int32", Float, nullptr, static_cast<int32_t>(x))                                    \
  X(castToByte, "cast:uint8", Float, nullptr, static_cast<float>(static_cast<int32_t>(x) & 255))             \
  X(castIntegerToByte, "cast:uint8", Integer, nullptr, static_cast<float>(x & 255))                          \
  X(castToBool, "cast:bool", Float, nullptr, x != 0.0f)                                                      \
  X(castIntegerToBool, "cast:bool", Integer, nullptr, x != 0)

}  // namespace nodegrad::cuda
