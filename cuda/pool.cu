#include "core/window.h"
#include "device/bfloat16.h"
#include "kernel_table.h"
#include "launch.h"

namespace nodegrad::cuda {

namespace {

// Images [outer, spatial …, inner], with fewer than three spatial dimensions those in front are of size 1.
struct Pool {
  int64_t outer, inner;
  int64_t in[kMostSpatial], out[kMostSpatial];  // sizes
  int64_t kernel[kMostSpatial], stride[kMostSpatial], pad[kMostSpatial];
  bool byteIndices, divide;

  int64_t inputs() const { return outer * in[0] * in[1] * in[2] * inner; }
  int64_t outputs() const { return outer * out[0] * out[1] * out[2] * inner; }
};

// Where an element is in its image.
struct Site {
  int64_t outer, inner, at[kMostSpatial];
};
template <class Index>
__device__ inline Site siteOf(Index index, const int64_t (&sizes)[kMostSpatial], int64_t inner) {
  Site site;
  site.inner = static_cast<int64_t>(index % static_cast<Index>(inner));
  index /= static_cast<Index>(inner);
  for (int d = kMostSpatial - 1; d >= 0; --d) {
    site.at[d] = static_cast<int64_t>(index % static_cast<Index>(sizes[d]));
    index /= static_cast<Index>(sizes[d]);
  }
  site.outer = static_cast<int64_t>(index);
  return site;
}

struct Span {
  int64_t begin, end;
};
// The inputs that a window has along a dimension.
__device__ inline Span inputsOf(const Pool& p, int d, int64_t out) {
  const int64_t first = out * p.stride[d] - p.pad[d], end = first + p.kernel[d];
  return {first > 0 ? first : 0, end < p.in[d] ? end : p.in[d]};
}
// The windows that have an input.
__device__ inline Span windowsOf(const Pool& p, int d, int64_t in) {
  const int64_t before = in + p.pad[d] - p.kernel[d], last = (in + p.pad[d]) / p.stride[d] + 1;
  const int64_t begin = before < 0 ? 0 : before / p.stride[d] + 1;
  return {begin < p.out[d] ? begin : p.out[d], last < p.out[d] ? last : p.out[d]};
}
__device__ inline int64_t placeOf(const int64_t (&sizes)[kMostSpatial], const Site& site, int64_t inner,
                                  int64_t a, int64_t b, int64_t c) {
  return (((site.outer * sizes[0] + a) * sizes[1] + b) * sizes[2] + c) * inner + site.inner;
}

__device__ inline int64_t indexAt(const Pool& p, const void* indices, int64_t at) {
  return p.byteIndices ? static_cast<const uint8_t*>(indices)[at] : static_cast<const int32_t*>(indices)[at];
}

// Calls body(place of an input, its index in the window) for all that a window has.
template <class Body>
__device__ inline void forWindow(const Pool& p, const Site& site, const Body& body) {
  const Span a = inputsOf(p, 0, site.at[0]), b = inputsOf(p, 1, site.at[1]), c = inputsOf(p, 2, site.at[2]);
  int64_t corner[kMostSpatial];
  for (int d = 0; d < kMostSpatial; ++d) corner[d] = site.at[d] * p.stride[d] - p.pad[d];
  for (int64_t i = a.begin; i < a.end; ++i)
    for (int64_t j = b.begin; j < b.end; ++j)
      for (int64_t k = c.begin; k < c.end; ++k)
        body(placeOf(p.in, site, p.inner, i, j, k),
             ((i - corner[0]) * p.kernel[1] + (j - corner[1])) * p.kernel[2] + (k - corner[2]));
}
// Calls body(place of a window's output, the index that the input has in it, the output's site).
template <class Body>
__device__ inline void forWindowsAt(const Pool& p, const Site& site, const Body& body) {
  const Span a = windowsOf(p, 0, site.at[0]), b = windowsOf(p, 1, site.at[1]),
             c = windowsOf(p, 2, site.at[2]);
  for (int64_t i = a.begin; i < a.end; ++i)
    for (int64_t j = b.begin; j < b.end; ++j)
      for (int64_t k = c.begin; k < c.end; ++k) {
        const int64_t own[] = {i, j, k};
        int64_t index = 0;
        for (int d = 0; d < kMostSpatial; ++d)
          index = index * p.kernel[d] + site.at[d] + p.pad[d] - own[d] * p.stride[d];
        body(placeOf(p.out, site, p.inner, i, j, k), index, Site{site.outer, site.inner, {i, j, k}});
      }
}

// What a window's sum is multiplied by.
__device__ inline float scaleOf(const Pool& p, const Site& site) {
  if (!p.divide) return 1.0f;
  int64_t elements = 1;
  for (int d = 0; d < kMostSpatial; ++d) {
    const Span span = inputsOf(p, d, site.at[d]);
    elements *= span.end - span.begin;
  }
  return 1.0f / static_cast<float>(elements);
}

// The kernels: a thread an element of the result.
template <class T, class Index>
__global__ void maxPool(Pool p, const T* x, T* y, void* indices, int64_t count) {
  for (Index i = firstIndex<Index>(); i < static_cast<Index>(count); i += indexStep<Index>()) {
    float best = 0;
    int64_t at = -1;
    // The first of the largest; NaN beats every number.
    forWindow(p, siteOf(i, p.out, p.inner), [&](int64_t place, int64_t index) {
      const float v = read(x[place]);
      if (at >= 0 && (v <= best || best != best)) return;
      best = v;
      at = index;
    });
    write(y + i, best);
    if (!indices) continue;
    if (p.byteIndices)
      static_cast<uint8_t*>(indices)[i] = static_cast<uint8_t>(at);
    else
      static_cast<int32_t*>(indices)[i] = static_cast<int32_t>(at);
  }
}

template <class T, class Index>
__global__ void maxPoolBackward(Pool p, const T* dy, const void* indices, T* dx, int64_t count) {
  for (Index i = firstIndex<Index>(); i < static_cast<Index>(count); i += indexStep<Index>()) {
    float sum = 0;
    forWindowsAt(p, siteOf(i, p.in, p.inner), [&](int64_t place, int64_t index, const Site&) {
      if (indexAt(p, indices, place) == index) sum += read(dy[place]);
    });
    write(dx + i, sum);
  }
}

template <class T, class Index>
__global__ void maxPoolGather(Pool p, const T* g, const void* indices, T* y, int64_t count) {
  for (Index i = firstIndex<Index>(); i < static_cast<Index>(count); i += indexStep<Index>()) {
    const Site site = siteOf(i, p.out, p.inner);
    int64_t index = indexAt(p, indices, static_cast<int64_t>(i)), at[kMostSpatial];
    for (int d = kMostSpatial - 1; d >= 0; --d) {
      at[d] = site.at[d] * p.stride[d] - p.pad[d] + index % p.kernel[d];
      index /= p.kernel[d];
    }
    y[i] = g[placeOf(p.in, site, p.inner, at[0], at[1], at[2])];
  }
}

template <class T, class Index>
__global__ void averagePool(Pool p, const T* x, T* y, int64_t count) {
  for (Index i = firstIndex<Index>(); i < static_cast<Index>(count); i += indexStep<Index>()) {
    const Site site = siteOf(i, p.out, p.inner);
    double sum = 0;  // of a whole image in global averages
    forWindow(p, site, [&](int64_t place, int64_t) { sum += read(x[place]); });
    write(y + i, static_cast<float>(sum) * scaleOf(p, site));
  }
}

template <class T, class Index>
__global__ void averagePoolBackward(Pool p, const T* dy, T* dx, int64_t count) {
  for (Index i = firstIndex<Index>(); i < static_cast<Index>(count); i += indexStep<Index>()) {
    float sum = 0;
    forWindowsAt(p, siteOf(i, p.in, p.inner), [&](int64_t place, int64_t, const Site& window) {
      sum += scaleOf(p, window) * read(dy[place]);
    });
    write(dx + i, sum);
  }
}

bool isBackward(const KernelSpec& spec) {
  return spec.op == "maxPoolBackward" || spec.op == "averagePoolBackward";
}

Pool poolOf(const KernelSpec& spec) {
  const Dims& x = isBackward(spec) ? spec.outputs[0].shape : spec.inputs[0].shape;
  const ImageAxes axes = imageAxes(spec.op, spec.attrs, x.size());
  const Window window = poolWindow(spec.op, spec.attrs, axes.spatialOf(x));
  Pool p{};
  const bool channelsLast = axes.c != 1;
  p.outer = x[static_cast<size_t>(axes.n)];
  (channelsLast ? p.inner : p.outer) = (channelsLast ? 1 : p.outer) * x[static_cast<size_t>(axes.c)];
  if (!channelsLast) p.inner = 1;
  for (int d = 0; d < kMostSpatial; ++d) {
    p.in[d] = p.out[d] = p.kernel[d] = p.stride[d] = 1;
    const int own = d - (kMostSpatial - axes.spatial);
    if (own < 0) continue;
    p.in[d] = x[static_cast<size_t>(axes.first + own)];
    p.out[d] = window.out[own];
    p.kernel[d] = window.kernel[own];
    p.stride[d] = window.strides[own];
    p.pad[d] = window.pads[2 * own];
  }
  p.byteIndices = count(spec.attrs.integers("poolSize")) <= 256;
  p.divide = !spec.attrs.has("divide") || spec.attrs.boolean("divide");
  return p;
}

class PoolKernel : public OwnKernel {
 public:
  PoolKernel(const KernelSpec& spec, const QueuePtr& queue)
      : OwnKernel(queue),
        op_(spec.op),
        dtype_(spec.inputs[0].dtype),
        pool_(poolOf(spec)),
        count_(count(spec.outputs[0].shape)),
        hasIndices_(spec.outputs.size() > 1) {}

  void run(const void* const* inputs, void* const* outputs, void*) override {
    if (count_ == 0) return;
    withFloatType(dtype_, [&](auto number) {
      // With room for the last step of a loop.
      if (std::max(pool_.inputs(), pool_.outputs()) < (int64_t{1} << 31))
        go<decltype(number), uint32_t>(inputs, outputs);
      else
        go<decltype(number), uint64_t>(inputs, outputs);
    });
  }

 private:
  template <class T, class Index>
  void go(const void* const* inputs, void* const* outputs) {
    const auto* from = static_cast<const T*>(inputs[0]);
    auto* to = static_cast<T*>(outputs[0]);
    const LaunchSize size{blocksFor(count_)};
    if (op_ == "maxPool")
      launch(stream(), size, maxPool<T, Index>, pool_, from, to, hasIndices_ ? outputs[1] : nullptr, count_);
    else if (op_ == "maxPoolBackward")
      launch(stream(), size, maxPoolBackward<T, Index>, pool_, from, inputs[1], to, count_);
    else if (op_ == "maxPoolGather")
      launch(stream(), size, maxPoolGather<T, Index>, pool_, from, inputs[1], to, count_);
    else if (op_ == "averagePool")
      launch(stream(), size, averagePool<T, Index>, pool_, from, to, count_);
    else
      launch(stream(), size, averagePoolBackward<T, Index>, pool_, from, to, count_);
  }

  std::string op_;
  DType dtype_;
  Pool pool_;
  int64_t count_;
  bool hasIndices_;
};

}  // namespace

void addPools(KernelTable& table) {
  for (const char* name :
       {"maxPool", "maxPoolBackward", "maxPoolGather", "averagePool", "averagePoolBackward"})
    table[name] = {makeKernel<PoolKernel>, nullptr, nullptr, anyPrecisionOneDtype};
}

}  // namespace nodegrad::cuda
