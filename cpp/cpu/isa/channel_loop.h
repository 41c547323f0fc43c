#pragma once
#include "cpu/isa/vector.h"

// Loops over neighbouring channels: the same body runs on vectors of them and, for what is left, on
// single ones.
namespace nodegrad::NODEGRAD_ISA_NAMESPACE {
namespace {

struct Wide {
  using Real = Floats;
  using Index = Ints;
  static constexpr int64_t kStep = kLanes;
  static Real read(const float* p) { return load(p); }
  static Real read(const uint16_t* p) { return load(p); }  // bfloat16
  static Index read(const int32_t* p) { return load(p); }
  static Index read(const uint8_t* p) { return loadBytes(p); }
  static void write(float* p, Real v) { store(p, v); }
  static void write(uint16_t* p, Real v) { store(p, v); }
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
  static Real read(const uint16_t* p) { return widened(*p); }
  template <class T, class V>
  static void write(T* p, V v) {
    *p = static_cast<T>(v);
  }
  static void write(uint16_t* p, Real v) { *p = narrowed(v); }
};

// Calls body(Wide{} or Narrow{}, channel) for all channels.
template <class Body>
inline void forChannels(int64_t channels, Body body) {
  int64_t c = 0;
  for (; c + kLanes <= channels; c += kLanes) body(Wide{}, c);
  for (; c < channels; ++c) body(Narrow{}, c);
}

// How many planes, rows or columns a window holds: known beforehand for the most common ones, so that their
// loops are unrolled.
template <int32_t N>
struct Known {
  constexpr operator int32_t() const { return N; }
};
using One = Known<1>;
using Two = Known<2>;
using Three = Known<3>;

}  // namespace
}  // namespace nodegrad::NODEGRAD_ISA_NAMESPACE
