#include "cpu/isa/tables.h"
#include "cpu/isa/vector.h"
#include "cpu/reduce/kernels.h"

namespace nodegrad::NODEGRAD_ISA_NAMESPACE {
namespace {

struct Sum {
  static constexpr float kStart = 0;
  template <class T>
  static T of(T a, T b) {
    return a + b;
  }
};
struct Prod {
  static constexpr float kStart = 1;
  template <class T>
  static T of(T a, T b) {
    return a * b;
  }
};
// NaN where either is NaN.
struct Max {
  static constexpr float kStart = -__builtin_inff();
  template <class T>
  static T of(T a, T b) {
    return a != a ? a : (a > b ? a : b);
  }
};
struct Min {
  static constexpr float kStart = __builtin_inff();
  template <class T>
  static T of(T a, T b) {
    return a != a ? a : (a < b ? a : b);
  }
};

// Products leave the range of floats long before their result does.
template <class Op>
constexpr bool kInDoubles = __is_same(Op, Prod);

constexpr int kWays = 4;           // vectors at a time, to hide the latency of an addition
constexpr int64_t kPartRows = 64;  // additions in a row before a float sum moves into a double
constexpr int64_t kPartElements = kPartRows * kWays * kLanes;

inline double single(float x) { return x; }
inline double single(uint16_t bits) { return widened(bits); }

template <class Op, class T>
void row(double* total, const T* x, int64_t n) {
  if constexpr (kInDoubles<Op>) {
    for (int64_t i = 0; i < n; ++i) *total = Op::of(*total, single(x[i]));
    return;
  }
  for (int64_t part = 0; part < n; part += kPartElements) {
    const T* p = x + part;
    const int64_t left = n - part < kPartElements ? n - part : kPartElements;
    Floats sums[kWays];
    for (int w = 0; w < kWays; ++w) sums[w] = all(Op::kStart);
    int64_t i = 0;
    for (; i + kWays * kLanes <= left; i += kWays * kLanes) {
      for (int w = 0; w < kWays; ++w) sums[w] = Op::of(sums[w], load(p + i + w * kLanes));
    }
    for (; i < left; i += kLanes) {
      sums[0] =
          Op::of(sums[0], left - i >= kLanes ? load(p + i) : loadPart(p + i, left - i, all(Op::kStart)));
    }
    for (int w = 1; w < kWays; ++w) sums[0] = Op::of(sums[0], sums[w]);
    for (int lane = 0; lane < kLanes; ++lane) *total = Op::of(*total, static_cast<double>(sums[0][lane]));
  }
}

// `ways` vectors of columns over rows; only the first n columns count.
template <class Op, int ways, class T>
inline void columnsAt(double* totals, const T* x, int64_t rows, int64_t stride, int64_t n) {
  for (int64_t part = 0; part < rows; part += kPartRows) {
    const int64_t end = rows - part < kPartRows ? rows : part + kPartRows;
    Floats sums[ways];
    for (int w = 0; w < ways; ++w) sums[w] = all(Op::kStart);
    for (int64_t r = part; r < end; ++r) {
      for (int w = 0; w < ways; ++w) {
        const T* p = x + r * stride + w * kLanes;
        // The last vector of columns may hang over into the rows that follow, but not over the last row.
        const bool whole = ways > 1 || (rows - 1 - r) * stride + n >= (w + 1) * kLanes;
        sums[w] = Op::of(sums[w], whole ? load(p) : loadPart(p, n - w * kLanes, all(Op::kStart)));
      }
    }
    for (int64_t c = 0; c < n; ++c)
      totals[c] = Op::of(totals[c], static_cast<double>(sums[c / kLanes][c % kLanes]));
  }
}

template <class Op, class T>
void columns(double* totals, const T* x, int64_t rows, int64_t stride, int64_t n) {
  if constexpr (kInDoubles<Op>) {
    for (int64_t r = 0; r < rows; ++r) {
      for (int64_t c = 0; c < n; ++c) totals[c] = Op::of(totals[c], single(x[r * stride + c]));
    }
    return;
  }
  int64_t c = 0;
  for (; c + kWays * kLanes <= n; c += kWays * kLanes)
    columnsAt<Op, kWays>(totals + c, x + c, rows, stride, kWays * kLanes);
  for (; c < n; c += kLanes)
    columnsAt<Op, 1>(totals + c, x + c, rows, stride, n - c < kLanes ? n - c : kLanes);
}

template <class Op>
void combine(double* totals, const double* others, int64_t n) {
  for (int64_t i = 0; i < n; ++i) totals[i] = Op::of(totals[i], others[i]);
}

template <class Op>
constexpr ReduceRow rowOf(const char* op) {
  return {op,
          Op::kStart,
          {row<Op, float>, columns<Op, float>},
          {row<Op, uint16_t>, columns<Op, uint16_t>},
          combine<Op>};
}

const ReduceRow rows[] = {rowOf<Sum>("sum"), rowOf<Sum>("mean"), rowOf<Prod>("prod"), rowOf<Max>("max"),
                          rowOf<Min>("min")};

// NaN beats every number, and the first of equals wins.
template <bool largest>
inline bool beats(float a, float b) {
  return (largest ? a > b : a < b) || (a != a && b == b);
}

template <bool largest>
void argExtreme(int32_t* out, const float* x, int64_t n, int64_t stride, int64_t columns) {
  int64_t c = 0;
  for (; c + kLanes <= columns; c += kLanes) {
    Floats best = load(x + c);
    Ints at = {};
    for (int64_t i = 1; i < n; ++i) {
      const Floats v = load(x + i * stride + c);
      const Ints better = (largest ? v > best : v < best) | ((v != v) & (best == best));
      best = better ? v : best;
      at = better ? all(static_cast<int32_t>(i)) : at;
    }
    store(out + c, at);
  }
  for (; c < columns; ++c) {
    int64_t at = 0;
    for (int64_t i = 1; i < n; ++i) {
      if (beats<largest>(x[i * stride + c], x[at * stride + c])) at = i;
    }
    out[c] = static_cast<int32_t>(at);
  }
}

}  // namespace

const ReduceKernels reduceKernels = {
    .rows = rows,
    .count = sizeof rows / sizeof *rows,
    .argMax = argExtreme<true>,
    .argMin = argExtreme<false>,
};

}  // namespace nodegrad::NODEGRAD_ISA_NAMESPACE
