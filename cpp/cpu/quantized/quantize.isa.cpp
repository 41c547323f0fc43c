#include "cpu/isa/tables.h"
#include "cpu/isa/vector.h"
#include "cpu/quantized/kernels.h"

namespace nodegrad::NODEGRAD_ISA_NAMESPACE {
namespace {

// Added to a small float, it leaves the nearest whole number in the lowest bits.
constexpr float kWhole = 12582912;  // 1.5 · 2^23

inline Ints whole(Floats x, float factor, float low, float high) {
  Floats v = x * factor;
  v = v > low ? v : all(low);
  v = v < high ? v : all(high);
  return bits(v + kWhole) & 0xff;
}

void bytes(const float* x, int64_t n, float factor, float low, float high, uint8_t* y) {
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) storeBytes(y + i, whole(load(x + i), factor, low, high));
  if (i == n) return;
  uint8_t rest[kLanes];
  storeBytes(rest, whole(loadPart(x + i, n - i, Floats{}), factor, low, high));
  __builtin_memcpy(y + i, rest, n - i);
}

inline Floats largerMagnitude(Floats a, Floats v) {
  const Floats magnitude = asFloats(bits(v) & 0x7fffffff);
  return (magnitude > a) | (v != v) ? magnitude : a;
}

float largest(const float* x, int64_t n) {
  Floats most = {};
  int64_t i = 0;
  for (; i + kLanes <= n; i += kLanes) most = largerMagnitude(most, load(x + i));
  if (i < n) most = largerMagnitude(most, loadPart(x + i, n - i, Floats{}));
  float result = 0;
  for (int lane = 0; lane < kLanes; ++lane)
    if (most[lane] > result || most[lane] != most[lane]) result = most[lane];
  return result;
}

template <class T>
struct BytesOf {
  typedef T Vector __attribute__((vector_size(kLanes * 4)));
  typedef T Loose __attribute__((vector_size(kLanes * 4), aligned(1), may_alias));
  static Vector load(const T* p) { return *reinterpret_cast<const Loose*>(p); }
  static void store(T* p, Vector v) { *reinterpret_cast<Loose*>(p) = v; }
};
// One at a time, for what is left at an end.
template <class T>
struct ByteOf {
  using Vector = T;
  static T load(const T* p) { return *p; }
  static void store(T* p, T v) { *p = v; }
};

template <class K, class T>
inline void maximaAt(const uint8_t* const* rows, int64_t rowCount, Span window, int64_t channels, int64_t c,
                     T* y) {
  const auto at = [&](int64_t row, int64_t column) {
    return K::load(reinterpret_cast<const T*>(rows[row]) + column * channels + c);
  };
  typename K::Vector best = at(0, window.begin);
  for (int64_t row = 0; row < rowCount; ++row)
    for (int64_t column = window.begin; column < window.end; ++column) {
      const typename K::Vector v = at(row, column);
      best = v > best ? v : best;
    }
  K::store(y, best);
}

template <class T>
void maximaOf(const uint8_t* const* rows, int64_t rowCount, const Span* windows, int64_t windowCount,
              int64_t channels, T* y) {
  constexpr int64_t kBytes = kLanes * 4;
  for (int64_t w = 0; w < windowCount; ++w, y += channels) {
    int64_t c = 0;
    for (; c + kBytes <= channels; c += kBytes)
      maximaAt<BytesOf<T>>(rows, rowCount, windows[w], channels, c, y + c);
    for (; c < channels; ++c) maximaAt<ByteOf<T>>(rows, rowCount, windows[w], channels, c, y + c);
  }
}

void maxima(const uint8_t* const* rows, int64_t rowCount, const Span* windows, int64_t windowCount,
            int64_t channels, bool isSigned, uint8_t* y) {
  isSigned ? maximaOf(rows, rowCount, windows, windowCount, channels, reinterpret_cast<int8_t*>(y))
           : maximaOf(rows, rowCount, windows, windowCount, channels, y);
}

}  // namespace

const QuantizeKernels quantizeKernels = {bytes, maxima, largest};

}  // namespace nodegrad::NODEGRAD_ISA_NAMESPACE
