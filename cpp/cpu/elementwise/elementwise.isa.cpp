#include "cpu/elementwise/kernels.h"
#include "cpu/elementwise/philox_vector.h"
#include "cpu/elementwise/vector_math64.h"
#include "cpu/isa/tables.h"
#include "cpu/isa/vector_math.h"

namespace nodegrad::NODEGRAD_ISA_NAMESPACE {
namespace {

inline Floats truth(Ints mask) { return asFloats(mask & bits(all(1.0f))); }

struct Neg {
  static Floats of(Floats x) { return -x; }
  static Ints of(Ints x) { return reinterpret_cast<Ints>(-reinterpret_cast<Words>(x)); }
};
struct Abs {
  static Floats of(Floats x) { return absolute(x); }
  static Ints of(Ints x) { return x < 0 ? Neg::of(x) : x; }
};
struct Sign {
  static Floats of(Floats x) { return x > 0.0f ? all(1.0f) : (x < 0.0f ? all(-1.0f) : x); }
  static Ints of(Ints x) { return (x < 0) - (x > 0); }  // a true lane is -1
};
struct Square {
  static Floats of(Floats x) { return x * x; }
  static Ints of(Ints x) {
    return reinterpret_cast<Ints>(reinterpret_cast<Words>(x) * reinterpret_cast<Words>(x));
  }
};
struct Exp {
  static Floats of(Floats x) { return expOf(x); }
};
struct Log {
  static Floats of(Floats x) { return logOf(x); }
};
struct Log1p {
  static Floats of(Floats x) { return log1pOf(x); }
};
struct Sqrt {
  static Floats of(Floats x) { return sqrtOf(x); }
};
struct Rsqrt {
  static Floats of(Floats x) { return 1.0f / sqrtOf(x); }
};
struct Reciprocal {
  static Floats of(Floats x) { return 1.0f / x; }
};
struct Relu {
  static Floats of(Floats x) { return x < 0.0f ? Floats{} : x; }
};
struct Sigmoid {
  static Floats of(Floats x) { return sigmoidOf(x); }
};
struct Tanh {
  static Floats of(Floats x) { return tanhOf(x); }
};
struct Softplus {
  static Floats of(Floats x) { return softplusOf(x); }
};
struct Erf {
  static Floats of(Floats x) { return erfOf(x); }
};
struct Floor {
  static Floats of(Floats x) { return floorOf(x); }
};
struct LogicalNot {
  static Floats of(Floats x) { return truth(x == 0.0f); }
};
struct ToBool {
  static Floats of(Floats x) { return truth(x != 0.0f); }
  static Floats of(Ints x) { return truth(x != 0); }
};
struct ToByte {
  static Floats of(Ints x) { return toFloats(x & 255); }
  static Floats of(Floats x) { return of(truncate(x)); }
};
struct ToInteger {
  static Ints of(Floats x) { return truncate(x); }
};
struct ToFloat {
  static Floats of(Ints x) { return toFloats(x); }
};

struct Sin {
  static Floats of(Floats x) { return sinOf(x); }
};
struct Cos {
  static Floats of(Floats x) { return cosOf(x); }
};
struct Tan {
  static Floats of(Floats x) { return tanOf(x); }
};
struct Arcsin {
  static Floats of(Floats x) { return arcsinOf(x); }
};
struct Arccos {
  static Floats of(Floats x) { return arccosOf(x); }
};
struct Arctan {
  static Floats of(Floats x) { return arctanOf(x); }
};
struct Sinh {
  static Floats of(Floats x) { return sinhOf(x); }
};
struct Cosh {
  static Floats of(Floats x) { return coshOf(x); }
};
struct Arcsinh {
  static Floats of(Floats x) { return arcsinhOf(x); }
};
struct Arccosh {
  static Floats of(Floats x) { return arccoshOf(x); }
};
struct Arctanh {
  static Floats of(Floats x) { return arctanhOf(x); }
};
struct Expm1 {
  static Floats of(Floats x) { return expm1Of(x); }
};
struct Erfinv {
  static Floats of(Floats x) { return erfinvOf(x); }
};
struct Arctan2 {
  static Floats of(Floats y, Floats x) { return arctan2Of(y, x); }
};

struct Gelu {  // params: whether by tanh
  static Floats of(Floats x, Floats approximate) {
    // The parameter is the same in every lane.
    if (approximate[0] != 0.0f)
      return 0.5f * x * (1.0f + tanhOf(0.7978845608f * (x + 0.044715f * x * x * x)));
    return 0.5f * x * (1.0f + erfOf(x * 0.7071067812f));
  }
};
struct Elu {
  static Floats of(Floats x, Floats alpha) {
    // Near zero exp(x) - 1 cancels; tanh(x / 2) does not: exp(x) - 1 = 2 t / (1 - t).
    const Floats t = tanhOf(x * 0.5f);
    const Floats expm1 = x > -1.0f ? 2.0f * t / (1.0f - t) : expOf(x) - 1.0f;
    return x > 0.0f ? x : alpha * expm1;
  }
};
struct LeakyRelu {
  static Floats of(Floats x, Floats slope) { return x < 0.0f ? x * slope : x; }
};

struct Add {
  static Floats of(Floats a, Floats b) { return a + b; }
  static Ints of(Ints a, Ints b) {
    return reinterpret_cast<Ints>(reinterpret_cast<Words>(a) + reinterpret_cast<Words>(b));
  }
};
struct Sub {
  static Floats of(Floats a, Floats b) { return a - b; }
  static Ints of(Ints a, Ints b) {
    return reinterpret_cast<Ints>(reinterpret_cast<Words>(a) - reinterpret_cast<Words>(b));
  }
};
struct Mul {
  static Floats of(Floats a, Floats b) { return a * b; }
  static Ints of(Ints a, Ints b) {
    return reinterpret_cast<Ints>(reinterpret_cast<Words>(a) * reinterpret_cast<Words>(b));
  }
};
struct Div {
  static Floats of(Floats a, Floats b) { return a / b; }
};
struct Pow {
  static Floats of(Floats a, Floats b) { return powOf(a, b); }
};
// Whole numbers as the processor has no instruction for: lane by lane. By 0 the result is 0, as in numpy.
template <class Function>
inline Ints eachLane(Ints a, Ints b, Function f) {
  for (int i = 0; i < kLanes; ++i) a[i] = f(a[i], b[i]);
  return a;
}
struct Fmod {
  static Floats of(Floats a, Floats b) {
    for (int i = 0; i < kLanes; ++i) a[i] = __builtin_fmodf(a[i], b[i]);
    return a;
  }
  static Ints of(Ints a, Ints b) {
    // A quotient by -1 may not be representable; its remainder is 0.
    return eachLane(a, b, [](int32_t x, int32_t y) { return y == 0 || y == -1 ? 0 : x % y; });
  }
};
struct FloorDivide {
  // The quotient of two floats is no closer to a whole number than doubles can tell.
  static Floats of(Floats a, Floats b) {
    return inDoubles(a, b, [](Doubles x, Doubles y) {
      Doubles q = x / y;
      for (int i = 0; i < kLanes / 2; ++i) q[i] = __builtin_floor(q[i]);
      return q;
    });
  }
  static Ints of(Ints a, Ints b) {
    return eachLane(a, b, [](int32_t x, int32_t y) {
      if (y == 0) return 0;
      const int64_t quotient = static_cast<int64_t>(x) / y;
      return static_cast<int32_t>(quotient - (x % static_cast<int64_t>(y) != 0 && (x < 0) != (y < 0)));
    });
  }
};
struct BitwiseAnd {
  static Ints of(Ints a, Ints b) { return a & b; }
};
struct BitwiseOr {
  static Ints of(Ints a, Ints b) { return a | b; }
};
struct BitwiseXor {
  static Ints of(Ints a, Ints b) { return a ^ b; }
};
// By 32 bits and more nothing is left but the sign; C++ leaves that, and shifts below 0, undefined.
struct LeftShift {
  static Ints of(Ints a, Ints b) {
    const Ints within = (b >= 0) & (b < 32);
    return within & reinterpret_cast<Ints>(reinterpret_cast<Words>(a) << reinterpret_cast<Words>(b & 31));
  }
};
struct RightShift {
  static Ints of(Ints a, Ints b) { return a >> (((b >= 0) & (b < 32)) ? b : all(31)); }
};
// Euclid's algorithm, on the absolute values.
struct Gcd {
  static Ints of(Ints a, Ints b) {
    return eachLane(a, b, [](int32_t x, int32_t y) {
      uint32_t rest = x < 0 ? 0u - static_cast<uint32_t>(x) : static_cast<uint32_t>(x);
      uint32_t divisor = y < 0 ? 0u - static_cast<uint32_t>(y) : static_cast<uint32_t>(y);
      while (divisor != 0) {
        const uint32_t next = rest % divisor;
        rest = divisor;
        divisor = next;
      }
      return static_cast<int32_t>(rest);
    });
  }
};
struct Maximum {
  static Floats of(Floats a, Floats b) { return larger(a, b); }
  static Ints of(Ints a, Ints b) { return a > b ? a : b; }
};
struct Minimum {
  static Floats of(Floats a, Floats b) { return smaller(a, b); }
  static Ints of(Ints a, Ints b) { return a < b ? a : b; }
};
struct Equal {
  template <class V>
  static Floats of(V a, V b) {
    return truth(a == b);
  }
};
struct NotEqual {
  template <class V>
  static Floats of(V a, V b) {
    return truth(a != b);
  }
};
struct Less {
  template <class V>
  static Floats of(V a, V b) {
    return truth(a < b);
  }
};
struct LessEqual {
  template <class V>
  static Floats of(V a, V b) {
    return truth(a <= b);
  }
};
struct Greater {
  template <class V>
  static Floats of(V a, V b) {
    return truth(a > b);
  }
};
struct GreaterEqual {
  template <class V>
  static Floats of(V a, V b) {
    return truth(a >= b);
  }
};
struct LogicalAnd {
  static Floats of(Floats a, Floats b) { return truth((a != 0.0f) & (b != 0.0f)); }
};
struct LogicalOr {
  static Floats of(Floats a, Floats b) { return truth((a != 0.0f) | (b != 0.0f)); }
};
struct SigmoidCrossEntropy {  // max(x, 0) - x z + log(1 + exp(-|x|))
  static Floats of(Floats x, Floats z) { return softplusOf(x) - x * z; }
};

// The element of a vector, as a type.
inline float elementOf(Floats v) { return v[0]; }
inline int32_t elementOf(Ints v) { return v[0]; }

template <class Op, class In>
void unary(void* out, const void* const* args, const float*, int64_t n) {
  auto* a = static_cast<const In*>(args[0]);
  auto* to = static_cast<decltype(elementOf(Op::of(load(a))))*>(out);
  for (int64_t i = 0; i < n; i += kLanes) store(to + i, Op::of(load(a + i)));
}

template <class Op>
void unaryWith(void* out, const void* const* args, const float* params, int64_t n) {
  auto* a = static_cast<const float*>(args[0]);
  auto* to = static_cast<float*>(out);
  const Floats parameter = all(params[0]);
  for (int64_t i = 0; i < n; i += kLanes) store(to + i, Op::of(load(a + i), parameter));
}

template <class Op, class In>
void binary(void* out, const void* const* args, const float*, int64_t n) {
  auto* a = static_cast<const In*>(args[0]);
  auto* b = static_cast<const In*>(args[1]);
  auto* to = static_cast<decltype(elementOf(Op::of(load(a), load(b))))*>(out);
  for (int64_t i = 0; i < n; i += kLanes) store(to + i, Op::of(load(a + i), load(b + i)));
}

// Moves bits: the same for floats and integers.
void where(void* out, const void* const* args, const float*, int64_t n) {
  auto* condition = static_cast<const float*>(args[0]);
  auto* a = static_cast<const int32_t*>(args[1]);
  auto* b = static_cast<const int32_t*>(args[2]);
  auto* to = static_cast<int32_t*>(out);
  for (int64_t i = 0; i < n; i += kLanes)
    store(to + i, load(condition + i) != 0.0f ? load(a + i) : load(b + i));
}

void copy(void* out, const void* const* args, const float*, int64_t n) {
  auto* a = static_cast<const int32_t*>(args[0]);
  auto* to = static_cast<int32_t*>(out);
  for (int64_t i = 0; i < n; i += kLanes) store(to + i, load(a + i));
}

// Args: x, the block (index / 4) of each four elements, the key. Params: the rate.
void dropout(void* out, const void* const* args, const float* params, int64_t n) {
  auto* x = static_cast<const float*>(args[0]);
  auto* blocks = static_cast<const uint64_t*>(args[1]);
  const RandomKey key = *static_cast<const RandomKey*>(args[2]);
  auto* to = static_cast<float*>(out);
  const Floats rate = all(params[0]), scale = 1.0f / (1.0f - rate);
  for (int64_t i = 0; i < n; i += 2 * kLanes) {
    const RandomWords words = philox(load(blocks + i / 4), key.step, 0, key.seed, key.salt);
    store(to + i, uniformOf(words.first) >= rate ? load(x + i) * scale : Floats{});
    if (i + kLanes >= n) break;
    store(to + i + kLanes, uniformOf(words.second) >= rate ? load(x + i + kLanes) * scale : Floats{});
  }
}

void floatsFromBytes(float* out, const uint8_t* in, int64_t n) {
  for (int64_t i = 0; i < n; ++i) out[i] = in[i];
}

void bytesFromFloats(uint8_t* out, const float* in, int64_t n) {
  for (int64_t i = 0; i < n; ++i) out[i] = static_cast<uint8_t>(static_cast<int32_t>(in[i]));
}

void floatsFromBfloat16(float* out, const uint16_t* in, int64_t n) {
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) store(out + i, load(in + i));
  for (; i < n; ++i) out[i] = widened(in[i]);
}

void bfloat16FromFloats(uint16_t* out, const float* in, int64_t n) {
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) store(out + i, load(in + i));
  for (; i < n; ++i) out[i] = narrowed(in[i]);
}

constexpr StepKind F = StepKind::Float, I = StepKind::Integer;

const StepRow rows[] = {
    {"negative", F, unary<Neg, float>, nullptr},
    {"negative", I, unary<Neg, int32_t>, nullptr},
    {"abs", F, unary<Abs, float>, nullptr},
    {"abs", I, unary<Abs, int32_t>, nullptr},
    {"sign", F, unary<Sign, float>, nullptr},
    {"sign", I, unary<Sign, int32_t>, nullptr},
    {"square", F, unary<Square, float>, nullptr},
    {"square", I, unary<Square, int32_t>, nullptr},
    {"exp", F, unary<Exp, float>, nullptr},
    {"log", F, unary<Log, float>, nullptr},
    {"log1p", F, unary<Log1p, float>, nullptr},
    {"sqrt", F, unary<Sqrt, float>, nullptr},
    {"rsqrt", F, unary<Rsqrt, float>, nullptr},
    {"reciprocal", F, unary<Reciprocal, float>, nullptr},
    {"relu", F, unary<Relu, float>, nullptr},
    {"sigmoid", F, unary<Sigmoid, float>, nullptr},
    {"tanh", F, unary<Tanh, float>, nullptr},
    {"softplus", F, unary<Softplus, float>, nullptr},
    {"erf", F, unary<Erf, float>, nullptr},
    {"floor", F, unary<Floor, float>, nullptr},
    {"sin", F, unary<Sin, float>, nullptr},
    {"cos", F, unary<Cos, float>, nullptr},
    {"tan", F, unary<Tan, float>, nullptr},
    {"arcsin", F, unary<Arcsin, float>, nullptr},
    {"arccos", F, unary<Arccos, float>, nullptr},
    {"arctan", F, unary<Arctan, float>, nullptr},
    {"sinh", F, unary<Sinh, float>, nullptr},
    {"cosh", F, unary<Cosh, float>, nullptr},
    {"arcsinh", F, unary<Arcsinh, float>, nullptr},
    {"arccosh", F, unary<Arccosh, float>, nullptr},
    {"arctanh", F, unary<Arctanh, float>, nullptr},
    {"expm1", F, unary<Expm1, float>, nullptr},
    {"erfinv", F, unary<Erfinv, float>, nullptr},
    {"gelu", F, unaryWith<Gelu>, "approximate"},
    {"elu", F, unaryWith<Elu>, "alpha"},
    {"leakyRelu", F, unaryWith<LeakyRelu>, "negativeSlope"},
    {"logicalNot", F, unary<LogicalNot, float>, nullptr},
    {"add", F, binary<Add, float>, nullptr},
    {"add", I, binary<Add, int32_t>, nullptr},
    {"subtract", F, binary<Sub, float>, nullptr},
    {"subtract", I, binary<Sub, int32_t>, nullptr},
    {"multiply", F, binary<Mul, float>, nullptr},
    {"multiply", I, binary<Mul, int32_t>, nullptr},
    {"divide", F, binary<Div, float>, nullptr},
    {"power", F, binary<Pow, float>, nullptr},
    {"arctan2", F, binary<Arctan2, float>, nullptr},
    {"fmod", F, binary<Fmod, float>, nullptr},
    {"fmod", I, binary<Fmod, int32_t>, nullptr},
    {"floorDivide", F, binary<FloorDivide, float>, nullptr},
    {"floorDivide", I, binary<FloorDivide, int32_t>, nullptr},
    {"bitwiseAnd", I, binary<BitwiseAnd, int32_t>, nullptr},
    {"bitwiseOr", I, binary<BitwiseOr, int32_t>, nullptr},
    {"bitwiseXor", I, binary<BitwiseXor, int32_t>, nullptr},
    {"leftShift", I, binary<LeftShift, int32_t>, nullptr},
    {"rightShift", I, binary<RightShift, int32_t>, nullptr},
    {"gcd", I, binary<Gcd, int32_t>, nullptr},
    {"maximum", F, binary<Maximum, float>, nullptr},
    {"maximum", I, binary<Maximum, int32_t>, nullptr},
    {"minimum", F, binary<Minimum, float>, nullptr},
    {"minimum", I, binary<Minimum, int32_t>, nullptr},
    {"equal", F, binary<Equal, float>, nullptr},
    {"equal", I, binary<Equal, int32_t>, nullptr},
    {"notEqual", F, binary<NotEqual, float>, nullptr},
    {"notEqual", I, binary<NotEqual, int32_t>, nullptr},
    {"less", F, binary<Less, float>, nullptr},
    {"less", I, binary<Less, int32_t>, nullptr},
    {"lessEqual", F, binary<LessEqual, float>, nullptr},
    {"lessEqual", I, binary<LessEqual, int32_t>, nullptr},
    {"greater", F, binary<Greater, float>, nullptr},
    {"greater", I, binary<Greater, int32_t>, nullptr},
    {"greaterEqual", F, binary<GreaterEqual, float>, nullptr},
    {"greaterEqual", I, binary<GreaterEqual, int32_t>, nullptr},
    {"logicalAnd", F, binary<LogicalAnd, float>, nullptr},
    {"logicalOr", F, binary<LogicalOr, float>, nullptr},
    {"sigmoidCrossEntropy", F, binary<SigmoidCrossEntropy, float>, nullptr},
    {"where", F, where, nullptr},
    {"where", I, where, nullptr},
    {"identity", F, copy, nullptr},
    {"identity", I, copy, nullptr},
    {"dropout", F, dropout, "rate"},
    {"cast:float32", I, unary<ToFloat, int32_t>, nullptr},
    {"cast:int32", F, unary<ToInteger, float>, nullptr},
    {"cast:uint8", F, unary<ToByte, float>, nullptr},
    {"cast:uint8", I, unary<ToByte, int32_t>, nullptr},
    {"cast:bool", F, unary<ToBool, float>, nullptr},
    {"cast:bool", I, unary<ToBool, int32_t>, nullptr},
};

}  // namespace

const ElementwiseKernels elementwiseKernels = {
    .rows = rows,
    .count = sizeof rows / sizeof *rows,
    .floatsFromBytes = floatsFromBytes,
    .bytesFromFloats = bytesFromFloats,
    .floatsFromBfloat16 = floatsFromBfloat16,
    .bfloat16FromFloats = bfloat16FromFloats,
};

}  // namespace nodegrad::NODEGRAD_ISA_NAMESPACE
