#include "device/bfloat16.h"
#include "device/team.h"
#include "kernel_table.h"
#include "sort.h"

namespace nodegrad::cuda {

namespace {

// In what a dtype is summed: float64, or whole numbers that wrap around.
__device__ inline double wide(float x) { return x; }
__device__ inline double wide(uint16_t x) { return read(x); }
__device__ inline uint32_t wide(int32_t x) { return static_cast<uint32_t>(x); }
__device__ inline void narrow(double sum, float& y) { y = static_cast<float>(sum); }
__device__ inline void narrow(uint32_t sum, int32_t& y) { y = static_cast<int32_t>(sum); }

// The tensor as [outer, n, inner]: columns of n numbers that are `inner` apart.
struct Columns {
  int64_t columns, n, inner;
  bool reverse, exclusive;

  // The place of a column's number i in the order of the sum.
  __device__ int64_t placeOf(int64_t column, int64_t i) const {
    return (column / inner * n + (reverse ? n - 1 - i : i)) * inner + column % inner;
  }
};

// A team goes along its columns, as many numbers at a time as it has members for a column.
template <class From, class To>
__global__ void sumUp(Columns v, TeamSize team, const From* x, To* y) {
  using Sum = decltype(wide(From{}));
  const Member member(team);
  const int64_t width = team.width, height = team.height;
  Sum* slots[2] = {sharedMemory<Sum>(), sharedMemory<Sum>() + width * height};
  const int64_t slot = member.part * width + member.result;
  for (int64_t item = blockIdx.x; item * width < v.columns; item += gridDim.x) {
    const int64_t column = item * width + member.result;
    Sum before = 0;
    for (int64_t first = 0; first < v.n; first += height) {
      const int64_t i = first + member.part;
      const bool inside = column < v.columns && i < v.n;
      const int64_t at = inside ? v.placeOf(column, i) : 0;
      // Sums of 2, 4, 8 … members up to each.
      int from = 0;
      slots[0][slot] = inside ? wide(x[at]) : Sum{0};
      __syncthreads();
      for (int reach = 1; reach < height; reach *= 2, from = 1 - from) {
        const Sum sum = slots[from][slot];
        slots[1 - from][slot] = member.part >= reach ? slots[from][slot - reach * width] + sum : sum;
        __syncthreads();
      }
      const Sum within = !v.exclusive      ? slots[from][slot]
                         : member.part > 0 ? slots[from][slot - width]
                                           : Sum{0};
      if (inside) narrow(before + within, y[at]);
      before += slots[from][(height - 1) * width + member.result];
      __syncthreads();  // before the next numbers are written there
    }
  }
}

template <class From, class To>
void launchSums(cudaStream_t stream, const Columns& view, const TeamSize& team, const From* x, To* y) {
  launch(stream, launchOf(team, view.columns, 2 * sizeof(double)), sumUp<From, To>, view, team, x, y);
}

// h[i] = a[i] h[i - 1] + b[i], a thread a column: factors of neighbours are not multiplied with one another,
// which could leave the range of doubles where h does not.
template <class T>
__global__ void recur(Columns v, double initial, const T* a, const T* b, T* h) {
  using Sum = decltype(wide(T{}));
  for (int64_t column = firstIndex<int64_t>(); column < v.columns; column += indexStep<int64_t>()) {
    Sum sum = wide(static_cast<T>(initial));
    for (int64_t i = 0; i < v.n; ++i) {
      const int64_t at = v.placeOf(column, i);
      // No factor before the first element where nothing is there: an infinite one would make 0 NaN.
      sum = i > 0 || initial != 0 ? wide(a[at]) * sum + wide(b[at]) : sum + wide(b[at]);
      narrow(sum, h[at]);
    }
  }
}

Columns columnsOf(const KernelSpec& spec) {
  const Dims& shape = spec.outputs[0].shape;
  const auto axis = normalizeAxis(spec.op, spec.attrs.integer("axis"), shape.size());
  Columns v{};
  v.n = shape[static_cast<size_t>(axis)];
  v.inner = count(Dims(shape.begin() + axis + 1, shape.end()));
  v.columns = v.n == 0 ? 0 : count(shape) / v.n;
  v.reverse = spec.attrs.boolean("reverse");
  v.exclusive = spec.attrs.has("exclusive") && spec.attrs.boolean("exclusive");
  return v;
}

class CumsumKernel : public OwnKernel {
 public:
  CumsumKernel(const KernelSpec& spec, const QueuePtr& queue)
      : OwnKernel(queue),
        dtype_(spec.inputs[0].dtype),
        view_(columnsOf(spec)),
        team_(teamFor(view_.n, view_.inner > 1, view_.inner)) {}

  void run(const void* const* inputs, void* const* outputs, void*) override {
    if (view_.columns == 0) return;
    if (dtype_ == DType::I32) return sum<int32_t, int32_t>(inputs, outputs);
    dtype_ == DType::BF16 ? sum<uint16_t, float>(inputs, outputs) : sum<float, float>(inputs, outputs);
  }

 private:
  template <class From, class To>
  void sum(const void* const* inputs, void* const* outputs) {
    launchSums(stream(), view_, team_, static_cast<const From*>(inputs[0]), static_cast<To*>(outputs[0]));
  }

  DType dtype_;
  Columns view_;
  TeamSize team_;
};

class RecurrenceKernel : public OwnKernel {
 public:
  RecurrenceKernel(const KernelSpec& spec, const QueuePtr& queue)
      : OwnKernel(queue),
        dtype_(spec.inputs[0].dtype),
        view_(columnsOf(spec)),
        initial_(spec.attrs.number("initial")) {}

  void run(const void* const* inputs, void* const* outputs, void*) override {
    if (view_.columns == 0) return;
    dtype_ == DType::I32 ? go<int32_t>(inputs, outputs) : go<float>(inputs, outputs);
  }

 private:
  template <class T>
  void go(const void* const* inputs, void* const* outputs) {
    launch(stream(), {blocksFor(view_.columns)}, recur<T>, view_, initial_, static_cast<const T*>(inputs[0]),
           static_cast<const T*>(inputs[1]), static_cast<T*>(outputs[0]));
  }

  DType dtype_;
  Columns view_;
  double initial_;
};

}  // namespace

void exclusiveSums(const Queue& queue, const int32_t* x, int32_t* y, int64_t rows, int64_t n) {
  if (rows * n == 0) return;
  const Columns view{rows, n, 1, false, true};
  const TeamSize team = teamFor(n, false, 1);
  launchSums(queue.stream(), view, team, x, y);
}

void addScans(KernelTable& table) {
  table["cumsum"] = {makeKernel<CumsumKernel>, nullptr, nullptr, readsEither};
  table["linearRecurrence"] = {makeKernel<RecurrenceKernel>};
}

}  // namespace nodegrad::cuda
