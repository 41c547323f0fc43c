#include "cpu/isa/channel_loop.h"
#include "cpu/isa/tables.h"
#include "cpu/norm/kernels.h"
#include "cpu/norm/moments.h"
#include "cpu/pool/kernels.h"

namespace nodegrad::NODEGRAD_ISA_NAMESPACE {
namespace {

constexpr int kWays = 4;  // vectors at a time, to hide the latency of an addition
constexpr int64_t kGroup = kWays * kLanes;
constexpr int64_t kPartRows = 64;  // additions in a row before float sums move into doubles
constexpr int64_t kWideRows = 8;   // of a long period that are gone through together: streams to prefetch

inline int64_t least(int64_t a, int64_t b) { return a < b ? a : b; }

// terms(kind, offset, column, u, v) gives what an element adds to its column's two sums.
template <class Terms>
inline void sumGroup(float* a, float* b, int64_t begin, int64_t end, int64_t column, int64_t period,
                     const Terms& terms) {
  Floats us[kWays], vs[kWays];
  for (int w = 0; w < kWays; ++w) {
    us[w] = load(a + column + w * kLanes);
    vs[w] = load(b + column + w * kLanes);
  }
  for (int64_t r = begin; r < end; ++r) {
    for (int w = 0; w < kWays; ++w) {
      const int64_t c = column + w * kLanes;
      Floats u, v;
      terms(Wide{}, r * period + c, c, u, v);
      us[w] += u;
      vs[w] += v;
    }
  }
  for (int w = 0; w < kWays; ++w) {
    store(a + column + w * kLanes, us[w]);
    store(b + column + w * kLanes, vs[w]);
  }
}

// Both sums over rows of a period, in parts: flush(rows of the part) takes them from a and b.
template <class Terms, class Flush>
inline void sumColumns(float* a, float* b, int64_t rows, int64_t period, const Terms& terms,
                       const Flush& flush) {
  const int64_t step = period == kGroup ? kPartRows : kWideRows;
  for (int64_t part = 0; part < rows; part += kPartRows) {
    const int64_t end = least(rows, part + kPartRows);
    __builtin_memset(a, 0, period * sizeof(float));
    __builtin_memset(b, 0, period * sizeof(float));
    for (int64_t r = part; r < end; r += step) {
      for (int64_t c = 0; c < period; c += kGroup) sumGroup(a, b, r, least(end, r + step), c, period, terms);
    }
    flush(end - part);
  }
}

// mergeMoments for columns of one count, of `more` distances from pivots whose sums are a and those of whose
// squares are b: two divisions for all of them.
inline void mergeColumns(const NormMoments& into, const float* pivot, const float* a, const float* b,
                         double more, int64_t period) {
  const double count = into.count[0], total = count + more, part = 1 / more, share = more / total,
               weight = count * share;
  double* __restrict mean = into.mean;
  double* __restrict squares = into.squares;
  for (int64_t c = 0; c < period; ++c) {
    const double sum = a[c], shift = sum * part, delta = pivot[c] + shift - mean[c];
    squares[c] += b[c] - sum * shift + delta * delta * weight;
    mean[c] += delta * share;
  }
  for (int64_t c = 0; c < period; ++c) into.count[c] = total;
}

// Sums of distances from a pivot near the mean, so that nothing cancels: first the mean of some rows, then
// that of all so far.
template <class T>
void moments(const NormMoments& into, const T* x, int64_t n, int64_t period) {
  const int64_t rows = n / period, rest = n % period;
  float *pivot = into.scratch, *a = pivot + period, *b = a + period;
  if (rows > 0 && into.count[0] == 0) {
    const auto plain = [&](auto, int64_t offset, int64_t, Floats& u, Floats& v) {
      u = load(x + offset);
      v = Floats{};
    };
    sumColumns(a, b, least(rows, kPartRows), period, plain, [&](int64_t count) {
      for (int64_t c = 0; c < period; ++c) pivot[c] = a[c] / static_cast<float>(count);
    });
  } else if (rows > 0) {
    for (int64_t c = 0; c < period; ++c) pivot[c] = static_cast<float>(into.mean[c]);
  }
  const auto distances = [&](auto, int64_t offset, int64_t c, Floats& u, Floats& v) {
    u = load(x + offset) - load(pivot + c);
    v = u * u;
  };
  sumColumns(a, b, rows, period, distances, [&](int64_t count) {
    const auto more = static_cast<double>(count);
    // Earlier rests have made the counts of the first columns larger, or of none.
    if (into.count[0] == into.count[period - 1]) {
      mergeColumns(into, pivot, a, b, more, period);
    } else {
      for (int64_t c = 0; c < period; ++c) {
        const double shift = a[c] / more;
        mergeMoments(into.count[c], into.mean[c], into.squares[c], more, pivot[c] + shift,
                     b[c] - a[c] * shift);
      }
    }
    for (int64_t c = 0; c < period; ++c) pivot[c] = static_cast<float>(into.mean[c]);
  });
  for (int64_t c = 0; c < rest; ++c) {
    const double v = Narrow::read(x + rows * period + c);
    mergeMoments(into.count[c], into.mean[c], into.squares[c], 1, v, 0);
  }
}

// Calls body(kind, offset, column) for n elements.
template <class Body>
inline void forElements(int64_t n, int64_t period, const Body& body) {
  for (int64_t at = 0; at < n; at += period) {
    forChannels(least(period, n - at), [&](auto kind, int64_t c) { body(kind, at + c, c); });
  }
}

// What belongs to a vector of channels, loaded once where the loop stays at it.
template <class K>
struct Channel {
  typename K::Real mean, scale, shift;
  Channel(const NormColumns& columns, int64_t c)
      : mean(K::read(columns.mean + c)),
        scale(K::read(columns.scale + c)),
        shift(K::read(columns.shift + c)) {}
  typename K::Real normalized(typename K::Real x) const { return (x - mean) * scale + shift; }
};
template <class K>
struct ChannelGradient : Channel<K> {
  typename K::Real offset, slope;
  ChannelGradient(const NormColumns& columns, const float* offsets, const float* slopes, int64_t c)
      : Channel<K>(columns, c), offset(K::read(offsets + c)), slope(K::read(slopes + c)) {}
  typename K::Real of(typename K::Real dy, typename K::Real x) const {
    return dy * this->scale - offset - (x - this->mean) * slope;
  }
};

template <class Real>
inline Real reluOf(Real x) {
  return x < 0.0f ? Real{} : x;
}

template <bool residual, bool relu, class T>
void normalizeAs(const NormColumns& columns, const T* x, const T* r, T* y, int64_t n, int64_t period) {
  forElements(n, period, [&](auto kind, int64_t offset, int64_t c) {
    using K = decltype(kind);
    typename K::Real v = Channel<K>(columns, c).normalized(K::read(x + offset));
    if (residual) v += K::read(r + offset);
    K::write(y + offset, relu ? reluOf(v) : v);
  });
}

template <class T>
void normalize(const NormColumns& columns, const T* x, const T* residual, bool relu, T* y, int64_t n,
               int64_t period) {
  const auto run = residual ? (relu ? normalizeAs<true, true, T> : normalizeAs<true, false, T>)
                            : (relu ? normalizeAs<false, true, T> : normalizeAs<false, false, T>);
  run(columns, x, residual, y, n, period);
}

// Where the ReLU's mask comes from.
enum class Mask { None, FromX, FromY };
template <Mask m>
struct MaskIs {
  static constexpr Mask kMask = m;
};
template <class T, class Body>
inline void withMask(const NormGradient<T>& in, const Body& body) {
  if (!in.relu) return body(MaskIs<Mask::None>{});
  in.y ? body(MaskIs<Mask::FromY>{}) : body(MaskIs<Mask::FromX>{});
}

// The largest number that y, stored as T, has as zero: its ReLU lets nothing back.
template <class T>
constexpr float kStoredAsZero = 0;
template <>
constexpr float kStoredAsZero<uint16_t> = 0x1p-134f;

template <class K, Mask mask, bool more = false, class T>
inline typename K::Real masked(const NormGradient<T>& in, typename K::Real x, int64_t offset, int64_t c) {
  typename K::Real dy = K::read(in.dy + offset);
  if (more) dy += K::read(in.more + offset);
  const typename K::Real none = {};
  if (mask == Mask::None) return dy;
  if (mask == Mask::FromY) return K::read(in.y + offset) > 0.0f ? dy : none;
  return Channel<K>(in.columns, c).normalized(x) > kStoredAsZero<T> ? dy : none;
}

template <bool more, class T>
void gradientSumsAs(const NormGradient<T>& in, T* out, double* sum, double* product, float* scratch,
                    int64_t n, int64_t period) {
  withMask(in, [&](auto kind) {
    constexpr Mask mask = decltype(kind)::kMask;
    const auto terms = [&](auto wide, int64_t offset, int64_t c, auto& u, auto& v) {
      using K = decltype(wide);
      const typename K::Real x = K::read(in.x + offset);
      u = masked<K, mask, more>(in, x, offset, c);
      v = u * (x - K::read(in.columns.mean + c));
      if (out) K::write(out + offset, u);
    };
    float *a = scratch, *b = scratch + period;
    const int64_t rows = n / period;
    sumColumns(a, b, rows, period, terms, [&](int64_t) {
      for (int64_t c = 0; c < period; ++c) {
        sum[c] += a[c];
        product[c] += b[c];
      }
    });
    for (int64_t c = 0; c < n % period; ++c) {
      float u, v;
      terms(Narrow{}, rows * period + c, c, u, v);
      sum[c] += u;
      product[c] += v;
    }
  });
}

template <class T>
void gradientSums(const NormGradient<T>& in, T* out, double* sum, double* product, float* scratch, int64_t n,
                  int64_t period) {
  const auto run = in.more ? gradientSumsAs<true, T> : gradientSumsAs<false, T>;
  run(in, out, sum, product, scratch, n, period);
}

template <class T>
void gradient(const NormGradient<T>& in, const float* offset, const float* slope, T* dx, int64_t n,
              int64_t period) {
  withMask(in, [&](auto mask) {
    forElements(n, period, [&](auto kind, int64_t at, int64_t c) {
      using K = decltype(kind);
      const typename K::Real x = K::read(in.x + at);
      const typename K::Real dy = masked<K, decltype(mask)::kMask>(in, x, at, c);
      K::write(dx + at, ChannelGradient<K>(in.columns, offset, slope, c).of(dy, x));
    });
  });
}

inline int32_t size(Span span) { return span.end - span.begin; }

// The largest normalized number of a window from x on, its index in the window counted from first, and its x.
template <class K, class T, class Count>
inline void largestOf(const PoolShape& s, const Channel<K>& channel, const T* x, Count height, Count width,
                      int32_t first, typename K::Real& best, typename K::Index& at, typename K::Real& bestX) {
  bestX = K::read(x);
  best = channel.normalized(bestX);
  at = typename K::Index{} + first;
  for (int32_t i = 0; i < height; ++i) {
    for (int32_t j = 0; j < width; ++j) {
      const typename K::Real v = K::read(x + (i * s.width.size + j) * s.channels);
      const typename K::Real y = channel.normalized(v);
      // NaN beats every number.
      const auto better = ((y <= best) == 0) & (best == best);
      best = better ? y : best;
      bestX = better ? v : bestX;
      at = better ? typename K::Index{} + (first + static_cast<int32_t>(i * s.width.kernel) + j) : at;
    }
  }
}

template <class T, class I>
inline void maxPoolRow(const PoolShape& s, const NormColumns& columns, const T* x, bool relu, T* y,
                       I* indices, T* largest, int64_t outRow) {
  const Span rows = s.height.inputs[outRow];
  const int64_t top = outRow * s.height.stride - s.height.pad, channels = s.channels;
  forChannels(channels, [&](auto kind, int64_t c) {
    using K = decltype(kind);
    const Channel<K> channel(columns, c);
    for (int64_t ow = 0; ow < s.width.out; ++ow) {
      const Span columns = s.width.inputs[ow];
      const int64_t left = ow * s.width.stride - s.width.pad, offset = ow * channels + c;
      const int32_t first = static_cast<int32_t>((rows.begin - top) * s.width.kernel + columns.begin - left);
      const T* window = x + (rows.begin * s.width.size + columns.begin) * channels + c;
      typename K::Real best, bestX;
      typename K::Index at;
      if (size(rows) == 2 && size(columns) == 2) {
        largestOf<K>(s, channel, window, Two{}, Two{}, first, best, at, bestX);
      } else {
        largestOf<K>(s, channel, window, size(rows), size(columns), first, best, at, bestX);
      }
      K::write(y + offset, relu ? reluOf(best) : best);
      K::write(largest + offset, bestX);
      K::write(indices + offset, at);
    }
  });
}

template <class T>
void maxPool(const PoolShape& s, const NormColumns& columns, const T* x, bool relu, T* y, void* indices,
             T* largest, int64_t outRow) {
  s.byteIndices ? maxPoolRow(s, columns, x, relu, y, static_cast<uint8_t*>(indices), largest, outRow)
                : maxPoolRow(s, columns, x, relu, y, static_cast<int32_t*>(indices), largest, outRow);
}

// One row of the gradient through pooling, ReLU and normalization, for a vector of channels.
template <class K, class T, class I, Mask mask>
class MaxPoolGradientRow {
 public:
  MaxPoolGradientRow(const PoolShape& s, const NormGradient<T>& in, const I* indices, const float* offset,
                     const float* slope, T* dx, int64_t row, int64_t c)
      : s_(s),
        dy_(in.dy + c),
        x_(in.x + c),
        indices_(indices + c),
        dx_(dx + c),
        row_(row),
        channel_(in.columns, offset, slope, c) {}

  void run() const {
    const Span outRows = s_.height.windows[row_];
    if (size(outRows) <= 1 && s_.width.kernel <= s_.width.stride) return disjoint(outRows);
    for (int64_t w = 0; w < s_.width.size; ++w) {
      const Span outColumns = s_.width.windows[w];
      Real sum = {};
      for (int32_t oh = outRows.begin; oh < outRows.end; ++oh) {
        for (int32_t ow = outColumns.begin; ow < outColumns.end; ++ow) {
          const int64_t index = (row_ + s_.height.pad - oh * s_.height.stride) * s_.width.kernel + w +
                                s_.width.pad - ow * s_.width.stride;
          const int64_t at = (oh * s_.width.out + ow) * s_.channels;
          const Real none = {};
          sum += K::read(indices_ + at) == static_cast<int32_t>(index) ? K::read(dy_ + at) : none;
        }
      }
      write(w, sum);
    }
  }

 private:
  using Real = typename K::Real;

  // Of windows that do not overlap: each one's gradient goes to the row's elements that it holds, and nothing
  // to the rest.
  void disjoint(Span outRows) const {
    int64_t done = 0;
    for (int64_t ow = 0; ow < (size(outRows) > 0 ? s_.width.out : 0); ++ow) {
      const Span columns = s_.width.inputs[ow];
      const int64_t at = (outRows.begin * s_.width.out + ow) * s_.channels;
      const int32_t first =
          static_cast<int32_t>((row_ + s_.height.pad - outRows.begin * s_.height.stride) * s_.width.kernel +
                               columns.begin + s_.width.pad - ow * s_.width.stride);
      const Real dy = K::read(dy_ + at), none = {};
      const typename K::Index index = K::read(indices_ + at);
      for (; done < columns.begin; ++done) write(done, none);
      for (int32_t j = 0; j < size(columns); ++j) write(columns.begin + j, index == first + j ? dy : none);
      done = columns.end;
    }
    for (; done < s_.width.size; ++done) write(done, Real{});
  }

  void write(int64_t w, Real dy) const {
    const int64_t at = w * s_.channels;
    const Real x = K::read(x_ + at), none = {};
    if (mask != Mask::None) dy = channel_.normalized(x) > kStoredAsZero<T> ? dy : none;
    K::write(dx_ + at, channel_.of(dy, x));
  }

  const PoolShape& s_;
  const T *dy_, *x_;
  const I* indices_;
  T* dx_;
  int64_t row_;
  ChannelGradient<K> channel_;
};

template <class T, class I>
inline void maxPoolGradientRow(const PoolShape& s, const NormGradient<T>& in, const I* indices,
                               const float* offset, const float* slope, T* dx, int64_t row) {
  forChannels(s.channels, [&](auto kind, int64_t c) {
    using K = decltype(kind);
    in.relu ? MaxPoolGradientRow<K, T, I, Mask::FromX>(s, in, indices, offset, slope, dx, row, c).run()
            : MaxPoolGradientRow<K, T, I, Mask::None>(s, in, indices, offset, slope, dx, row, c).run();
  });
}

template <class T>
void maxPoolGradient(const PoolShape& s, const NormGradient<T>& in, const void* indices, const float* offset,
                     const float* slope, T* dx, int64_t row) {
  s.byteIndices ? maxPoolGradientRow(s, in, static_cast<const uint8_t*>(indices), offset, slope, dx, row)
                : maxPoolGradientRow(s, in, static_cast<const int32_t*>(indices), offset, slope, dx, row);
}

template <class T>
constexpr NormKernels<T> kernelsOf() {
  return {
      .period = kGroup,
      .moments = moments<T>,
      .normalize = normalize<T>,
      .gradientSums = gradientSums<T>,
      .gradient = gradient<T>,
      .maxPool = maxPool<T>,
      .maxPoolGradient = maxPoolGradient<T>,
  };
}

}  // namespace

const NormKernels<float> normKernels = kernelsOf<float>();
const NormKernels<uint16_t> normKernelsBfloat16 = kernelsOf<uint16_t>();

}  // namespace nodegrad::NODEGRAD_ISA_NAMESPACE
