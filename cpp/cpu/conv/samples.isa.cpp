#include "cpu/conv/samples_kernels.h"
#include "cpu/isa/tables.h"
#include "cpu/isa/vector.h"
#include "cpu/isa/vector_math.h"

namespace nodegrad::NODEGRAD_ISA_NAMESPACE {
namespace {

// Accumulators that leave room in the registers for what is multiplied.
#if defined(__AVX512F__)
constexpr int kSums = 24, kGroup = 8;
constexpr int kGradientOuts[] = {0, 8, 8, 6, 5, 4};  // output channels that so many taps are summed for
#else
constexpr int kSums = 12, kGroup = 6;
constexpr int kGradientOuts[] = {0, 6, 4, 3, 2, 2};
#endif
constexpr int kGradientTaps = 5;

constexpr int least(int a, int b) { return a < b ? a : b; }
constexpr int columnsAtOnce(int outs) { return least(kSums / outs, 8); }

// sum += x · y. The compiler would fold a load that several of these share into each of them, and saturate
// the load ports.
inline __attribute__((always_inline)) void multiplyAdd(Floats& sum, Floats x, Floats y) {
#if defined(__AVX2__)
  asm("vfmadd231ps %2, %1, %0" : "+v"(sum) : "v"(x), "v"(y));
#else
  sum += x * y;
#endif
}
// Without the addition that all(x) costs where -0 has to be kept.
inline Floats broadcast(float x) { return x - Floats{}; }

struct Range {
  int64_t begin, end;
  int64_t size() const { return end - begin; }
};

inline int64_t roundedUp(int64_t n, int64_t by) { return n <= 0 ? 0 : (n + by - 1) / by; }

// The taps of an output position that are in the image.
inline Range tapsOf(const SampleConv& c, int axis, int64_t output, int64_t size) {
  const int64_t first = output * c.strides[axis] - c.pads[axis];
  const int64_t end = roundedUp(size - first, c.dilations[axis]);
  return {roundedUp(-first, c.dilations[axis]), end < c.taps[axis] ? end : c.taps[axis]};
}
// The output positions for which the taps [first, last] are in the image.
inline Range outputsInside(const SampleConv& c, int axis, int64_t first, int64_t last, int64_t size,
                           int64_t outs) {
  const int64_t begin = roundedUp(c.pads[axis] - first * c.dilations[axis], c.strides[axis]);
  int64_t end = roundedUp(size + c.pads[axis] - last * c.dilations[axis], c.strides[axis]);
  if (end > outs) end = outs;
  return {begin < end ? begin : end, end};
}

// P neighbouring positions of O output channels. x: where tap (0, 0) of the first position would be.
template <int O, int P>
inline __attribute__((always_inline)) void outputsOfRow(const SampleConv& c, const float* x,
                                                        const float* weights, const float* bias, Range rows,
                                                        Range columns, float* y, int64_t plane) {
  Floats sum[O][P];
  NODEGRAD_UNROLL
  for (int o = 0; o < O; ++o) {
    const Floats start = bias ? broadcast(bias[o]) : Floats{};
    NODEGRAD_UNROLL
    for (int p = 0; p < P; ++p) sum[o][p] = start;
  }
  const int64_t column = c.dilations[1] * kLanes, step = c.strides[1] * kLanes;
  for (int64_t i = 0; i < c.in; ++i) {
    for (int64_t r = rows.begin; r < rows.end; ++r) {
      const float* from = x + (i * c.height + r * c.dilations[0]) * c.width * kLanes;
      const float* w = weights + (i * c.taps[0] + r) * c.taps[1] * O;
      for (int64_t t = columns.begin; t < columns.end; ++t) {
        Floats in[P];
        NODEGRAD_UNROLL
        for (int p = 0; p < P; ++p) in[p] = load(from + t * column + p * step);
        NODEGRAD_UNROLL
        for (int o = 0; o < O; ++o) {
          const Floats weight = broadcast(w[t * O + o]);
          NODEGRAD_UNROLL
          for (int p = 0; p < P; ++p) multiplyAdd(sum[o][p], weight, in[p]);
        }
      }
    }
  }
  NODEGRAD_UNROLL
  for (int o = 0; o < O; ++o) {
    NODEGRAD_UNROLL
    for (int p = 0; p < P; ++p) store(y + o * plane + p * kLanes, sum[o][p]);
  }
}

// A row of O output channels.
template <int O>
void rowOf(const SampleConv& c, const float* x, const float* weights, const float* bias, float* y,
           int64_t outRow) {
  constexpr int P = columnsAtOnce(O);
  const int64_t plane = c.outHeight * c.outWidth * kLanes, step = c.strides[1] * kLanes;
  const Range rows = tapsOf(c, 0, outRow, c.height);
  const Range inner = outputsInside(c, 1, 0, c.taps[1] - 1, c.width, c.outWidth);
  x += ((outRow * c.strides[0] - c.pads[0]) * c.width - c.pads[1]) * kLanes;
  y += outRow * c.outWidth * kLanes;
  for (int64_t w = 0; w < c.outWidth;) {
    if (w >= inner.begin && w + P <= inner.end) {
      outputsOfRow<O, P>(c, x + w * step, weights, bias, rows, {0, c.taps[1]}, y + w * kLanes, plane);
      w += P;
    } else {
      outputsOfRow<O, 1>(c, x + w * step, weights, bias, rows, tapsOf(c, 1, w, c.width), y + w * kLanes,
                         plane);
      ++w;
    }
  }
}

template <class F>
inline void apply(float* y, int64_t n, F f) {
  for (int64_t i = 0; i < n; i += kLanes) store(y + i, f(load(y + i)));
}

inline void activate(SampleActivation activation, float* y, int64_t n) {
  switch (activation) {
    case SampleActivation::Linear: return;
    case SampleActivation::Relu: return apply(y, n, [](Floats v) { return larger(v, Floats{}); });
    case SampleActivation::Tanh: return apply(y, n, [](Floats v) { return tanhOf(v); });
    case SampleActivation::Sigmoid: return apply(y, n, [](Floats v) { return sigmoidOf(v); });
  }
}

using RowFunction = void (*)(const SampleConv&, const float*, const float*, const float*, float*, int64_t);
constexpr RowFunction kRows[] = {nullptr,  rowOf<1>, rowOf<2>, rowOf<3>, rowOf<4>,
                                 rowOf<5>, rowOf<6>, rowOf<7>, rowOf<8>};

void row(const SampleConv& c, const float* x, const float* weights, const float* bias,
         SampleActivation activation, float* y, int64_t outRow) {
  const int64_t groups = (c.out + kGroup - 1) / kGroup, plane = c.outHeight * c.outWidth * kLanes;
  for (int64_t g = 0; g < groups; ++g) {
    const int64_t begin = c.out * g / groups, end = c.out * (g + 1) / groups;
    kRows[end - begin](c, x, weights + begin * c.in * c.taps[0] * c.taps[1], bias ? bias + begin : nullptr,
                       y + begin * plane, outRow);
    for (int64_t o = begin; o < end; ++o)
      activate(activation, y + o * plane + outRow * c.outWidth * kLanes, c.outWidth * kLanes);
  }
}

inline float total(Floats v) {
  typedef float Four __attribute__((vector_size(16)));
  Four parts[kLanes / 4], sum = {};
  __builtin_memcpy(parts, &v, sizeof v);
  for (const Four& part : parts) sum += part;
  return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

// The gradient of T neighbouring weights between one input channel and O output channels. x and dy: of these
// channels in the first block; the others are xBlock and yBlock elements away.
template <int T, int O>
void sumsOf(const SampleConv& c, const float* x, const float* dy, int64_t blocks, int64_t tapRow,
            int64_t tapColumn, float* weights) {
  const int64_t xBlock = c.in * c.height * c.width * kLanes, plane = c.outHeight * c.outWidth * kLanes;
  const int64_t column = c.dilations[1] * kLanes;
  const Range rows = outputsInside(c, 0, tapRow, tapRow, c.height, c.outHeight);
  const Range inner = outputsInside(c, 1, tapColumn, tapColumn + T - 1, c.width, c.outWidth);
  Floats sum[T][O] = {};
  for (int64_t b = 0; b < blocks; ++b) {
    for (int64_t h = rows.begin; h < rows.end; ++h) {
      const int64_t row = h * c.strides[0] - c.pads[0] + tapRow * c.dilations[0];
      const float* from = x + b * xBlock + row * c.width * kLanes;
      const float* gradient = dy + b * c.out * plane + h * c.outWidth * kLanes;
      const auto addColumn = [&](int64_t w, auto read) __attribute__((always_inline)) {
        Floats g[O];
        NODEGRAD_UNROLL
        for (int o = 0; o < O; ++o) g[o] = load(gradient + o * plane + w * kLanes);
        const int64_t first = w * c.strides[1] - c.pads[1] + tapColumn * c.dilations[1];
        NODEGRAD_UNROLL
        for (int t = 0; t < T; ++t) {
          const Floats in = read(first, t);
          NODEGRAD_UNROLL
          for (int o = 0; o < O; ++o) multiplyAdd(sum[t][o], in, g[o]);
        }
      };
      const auto inside = [&](int64_t first, int t) { return load(from + first * kLanes + t * column); };
      const auto clipped = [&](int64_t first, int t) {
        const int64_t at = first + t * c.dilations[1];
        return at >= 0 && at < c.width ? load(from + at * kLanes) : Floats{};
      };
      for (int64_t w = 0; w < inner.begin; ++w) addColumn(w, clipped);
      for (int64_t w = inner.begin; w < inner.end; ++w) addColumn(w, inside);
      for (int64_t w = inner.end; w < c.outWidth; ++w) addColumn(w, clipped);
    }
  }
  NODEGRAD_UNROLL
  for (int t = 0; t < T; ++t) {
    NODEGRAD_UNROLL
    for (int o = 0; o < O; ++o) weights[t * c.in * c.out + o] += total(sum[t][o]);
  }
}

using SumFunction = void (*)(const SampleConv&, const float*, const float*, int64_t, int64_t, int64_t,
                             float*);

template <int T, int O>
SumFunction sumFunction(int64_t outs) {
  if constexpr (O == 0) {
    return nullptr;
  } else {
    return outs == O ? sumsOf<T, O> : sumFunction<T, O - 1>(outs);
  }
}
SumFunction sumFunction(int64_t taps, int64_t outs) {
  switch (taps) {
    case 1: return sumFunction<1, kGradientOuts[1]>(outs);
    case 2: return sumFunction<2, kGradientOuts[2]>(outs);
    case 3: return sumFunction<3, kGradientOuts[3]>(outs);
    case 4: return sumFunction<4, kGradientOuts[4]>(outs);
    default: return sumFunction<5, kGradientOuts[5]>(outs);
  }
}

void gradient(const SampleConv& c, const float* x, const float* dy, int64_t blocks, float* weights,
              float* bias) {
  const int64_t xPlane = c.height * c.width * kLanes, yPlane = c.outHeight * c.outWidth * kLanes;
  const int64_t columns = (c.taps[1] + kGradientTaps - 1) / kGradientTaps;
  for (int64_t part = 0; part < columns; ++part) {
    const int64_t first = c.taps[1] * part / columns, taps = c.taps[1] * (part + 1) / columns - first;
    const int64_t most = kGradientOuts[taps], groups = (c.out + most - 1) / most;
    for (int64_t g = 0; g < groups; ++g) {
      const int64_t out = c.out * g / groups, outs = c.out * (g + 1) / groups - out;
      const SumFunction sums = sumFunction(taps, outs);
      for (int64_t i = 0; i < c.in; ++i) {
        for (int64_t r = 0; r < c.taps[0]; ++r) {
          sums(c, x + i * xPlane, dy + out * yPlane, blocks, r, first,
               weights + ((r * c.taps[1] + first) * c.in + i) * c.out + out);
        }
      }
    }
  }
  for (int64_t o = 0; bias && o < c.out; ++o) {
    for (int64_t b = 0; b < blocks; ++b) {
      const float* from = dy + (b * c.out + o) * yPlane;
      Floats sums[4] = {};
      int64_t i = 0;
      for (; i + 4 * kLanes <= yPlane; i += 4 * kLanes)
        for (int k = 0; k < 4; ++k) sums[k] += load(from + i + k * kLanes);
      for (; i < yPlane; i += kLanes) sums[0] += load(from + i);
      bias[o] += total((sums[0] + sums[1]) + (sums[2] + sums[3]));
    }
  }
}

}  // namespace

const SampleConvKernels sampleConvKernels = {
    .lanes = kLanes, .group = kGroup, .row = row, .gradient = gradient};

}  // namespace nodegrad::NODEGRAD_ISA_NAMESPACE
