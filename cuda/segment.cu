#include <bit>
#include <limits>

#include "device/bfloat16.h"
#include "device/team.h"
#include "index_check.h"
#include "kernel_table.h"
#include "sort.h"
#include "spec/gather.h"

namespace nodegrad::cuda {

namespace {

using spec::GatherView;

// How rows of one index are joined; for numbers that are not floats, too.
template <class T>
struct Sums {
  __device__ static T start() { return T{}; }
  __device__ static T of(T a, T b) { return a + b; }
};
template <class T, bool largest>
struct Extremes {
  using Limits = std::numeric_limits<T>;
  static constexpr T kLeast = Limits::has_infinity ? -Limits::infinity() : Limits::lowest();
  static constexpr T kMost = Limits::has_infinity ? Limits::infinity() : Limits::max();
  __device__ static T start() { return largest ? kLeast : kMost; }
  __device__ static T of(T a, T b) { return (largest ? a > b : a < b) || a != a ? a : b; }
};
template <class T>
struct Products {
  __device__ static T start() { return 1; }
  __device__ static T of(T a, T b) {
    if constexpr (std::is_same_v<T, int32_t>)  // wraps around
      return static_cast<int32_t>(static_cast<uint32_t>(a) * static_cast<uint32_t>(b));
    else
      return a * b;
  }
};

__device__ inline int32_t read(int32_t x) { return x; }
using cuda::read;

// An index out of range counts as the first: the run fails in any case.
__global__ void pairUp(CheckedIndices indices, int64_t m, RadixSort::Pairs pairs) {
  indices.report();
  for (int64_t i = firstIndex<int64_t>(); i < indices.indices.count; i += indexStep<int64_t>()) {
    const int64_t index = indices.at(i);
    pairs.keys[i] = indices.inside(index) ? static_cast<uint32_t>(index) : 0;
    pairs.numbers[i] = static_cast<int32_t>(i % m);
  }
}

// Where the pairs of each index begin, and those of the last end: [batch, n + 1].
__global__ void findStarts(int64_t batch, int64_t n, int64_t m, const uint32_t* keys, int32_t* starts) {
  for (int64_t i = firstIndex<int64_t>(); i < batch * (n + 1); i += indexStep<int64_t>()) {
    const uint32_t* own = keys + i / (n + 1) * m;
    int64_t low = 0, high = m;
    while (low < high) {
      const int64_t middle = (low + high) / 2;
      if (static_cast<int64_t>(own[middle]) < i % (n + 1))
        low = middle + 1;
      else
        high = middle;
    }
    starts[i] = static_cast<int32_t>(low);
  }
}

// A team joins the rows of an index, in an order that the sizes decide.
template <class Join, class From, class To>
__global__ void joinRows(GatherView v, TeamSize team, const int32_t* starts, const int32_t* places,
                         const From* x, To* y) {
  const Member member(team);
  const int64_t results = v.batch * v.outer * v.n * v.inner;
  for (int64_t item = blockIdx.x; item * team.width < results; item += gridDim.x) {
    const int64_t result = item * team.width + member.result;
    const bool inside = result < results;
    const int64_t row = (inside ? result : 0) / v.inner, slice = row / v.n, batch = slice / v.outer;
    const int32_t* own = starts + batch * (v.n + 1) + row % v.n;
    To sum = Join::start();
    for (int64_t i = own[0] + member.part; inside && i < own[1]; i += team.height)
      sum = Join::of(sum, read(x[(slice * v.m + places[batch * v.m + i]) * v.inner + result % v.inner]));
    sum = combine<Join>(team, member, sum, sharedMemory<To>());
    if (inside && member.part == 0) y[result] = sum;
  }
}

// Joins rows of x that have the same index: gatherBackward, which adds them, and the ops on segments.
class JoinRowsKernel : public OwnKernel {
 public:
  JoinRowsKernel(const KernelSpec& spec, const QueuePtr& queue, const GatherView& view)
      : OwnKernel(queue),
        op_(spec.op),
        dtype_(spec.inputs[0].dtype),
        view_(view),
        indices_(spec.inputs[1]),
        sort_(view_.batch, view_.m, std::bit_width(static_cast<uint64_t>(std::max<int64_t>(view_.n - 1, 0)))),
        team_(teamFor(view_.m / std::max<int64_t>(view_.n, 1), true, view_.n * view_.inner)) {}

  size_t scratchBytes() const override {
    return kIndexCheckBytes + sort_.scratchBytes() +
           static_cast<size_t>(view_.batch * (view_.n + 1)) * sizeof(int32_t);
  }

  void run(const void* const* inputs, void* const* outputs, void* scratch) override {
    auto* sorting = static_cast<std::byte*>(scratch) + kIndexCheckBytes;
    auto* starts = reinterpret_cast<int32_t*>(sorting + sort_.scratchBytes());
    const CheckedIndices checked = checkIndices(*queue_, refuser(), indices_, inputs[1], view_.n, scratch);
    launch(stream(), {blocksFor(indices_.count)}, pairUp, checked, std::max<int64_t>(view_.m, 1),
           sort_.input(sorting));
    const RadixSort::Pairs sorted = sort_.sort(*queue_, sorting);
    const int64_t results = view_.batch * view_.outer * view_.n * view_.inner;
    if (results == 0) return;
    launch(stream(), {blocksFor(view_.batch * (view_.n + 1))}, findStarts, view_.batch, view_.n, view_.m,
           static_cast<const uint32_t*>(sorted.keys), starts);
    const LaunchSize size = launchOf(team_, results, sizeof(float));
    const auto join = [&](auto* kernel, auto from, auto to) {
      launch(stream(), size, kernel, view_, team_, static_cast<const int32_t*>(starts),
             static_cast<const int32_t*>(sorted.numbers), static_cast<const decltype(from)*>(inputs[0]),
             static_cast<decltype(to)*>(outputs[0]));
    };
    if (op_ == "gatherBackward") {
      if (dtype_ == DType::BF16) return join(joinRows<Sums<float>, uint16_t, float>, uint16_t{}, float{});
      return join(joinRows<Sums<float>, float, float>, float{}, float{});
    }
    dtype_ == DType::I32 ? joinSegments<int32_t>(join) : joinSegments<float>(join);
  }

 private:
  template <class T, class Launch>
  void joinSegments(const Launch& join) const {
    if (op_ == "segmentMax") return join(joinRows<Extremes<T, true>, T, T>, T{}, T{});
    if (op_ == "segmentMin") return join(joinRows<Extremes<T, false>, T, T>, T{}, T{});
    join(joinRows<Products<T>, T, T>, T{}, T{});
  }

  Refuser refuser() const {
    if (op_ == "segmentMax") return Refuser::SegmentMax;
    if (op_ == "segmentMin") return Refuser::SegmentMin;
    return op_ == "segmentProd" ? Refuser::SegmentProd : Refuser::GatherBackward;
  }

  std::string op_;
  DType dtype_;
  GatherView view_;
  Indices indices_;
  RadixSort sort_;
  TeamSize team_;
};

std::unique_ptr<Kernel> makeGatherBackward(const KernelSpec& spec, const QueuePtr& queue) {
  return std::make_unique<JoinRowsKernel>(spec, queue,
                                          GatherView(spec, spec.outputs[0].shape, spec.inputs[1].shape));
}

// Segments are rows along the first axis.
std::unique_ptr<Kernel> makeSegment(const KernelSpec& spec, const QueuePtr& queue) {
  KernelSpec rows = spec;
  rows.attrs.set("axis", int64_t{0});
  rows.attrs.set("batchDims", int64_t{0});
  return std::make_unique<JoinRowsKernel>(spec, queue,
                                          GatherView(rows, spec.outputs[0].shape, spec.inputs[1].shape));
}

}  // namespace

void addSegments(KernelTable& table) {
  table["gatherBackward"] = {makeGatherBackward, nullptr, nullptr, readsEither};
  for (const char* name : {"segmentMax", "segmentMin", "segmentProd"}) table[name] = {makeSegment};
}

}  // namespace nodegrad::cuda
