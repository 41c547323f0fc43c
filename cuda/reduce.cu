#include "device/bfloat16.h"
#include "kernel_table.h"
#include "reducer.h"

namespace nodegrad::cuda {

namespace {

// What is summed, and how two sums are joined. Long sums stay exact in doubles, and products leave the range
// of floats long before their result does.
struct Total {
  double value;
  __device__ static Total start() { return {0}; }
  __device__ static Total make(float x, int64_t) { return {x}; }
  __device__ static Total of(const Total& a, const Total& b) { return {a.value + b.value}; }
};
struct Product {
  double value;
  __device__ static Product start() { return {1}; }
  __device__ static Product make(float x, int64_t) { return {x}; }
  __device__ static Product of(const Product& a, const Product& b) { return {a.value * b.value}; }
};
template <class Choice>
struct Extreme {
  float value;
  __device__ static Extreme start() { return {std::is_same_v<Choice, Largest> ? -INFINITY : INFINITY}; }
  __device__ static Extreme make(float x, int64_t) { return {x}; }
  __device__ static Extreme of(const Extreme& a, const Extreme& b) { return {Choice::of(a.value, b.value)}; }
};
// The first of the largest (smallest); NaN is before every number.
template <class Choice>
struct Position {
  float value;
  int64_t at;
  static constexpr int64_t kNone = INT64_MAX;  // nothing yet
  __device__ static Position start() { return {0, kNone}; }
  __device__ static Position make(float x, int64_t at) { return {x, at}; }
  __device__ static Position of(const Position& a, const Position& b) {
    if (a.at == kNone || b.at == kNone) return a.at == kNone ? b : a;
    const bool same = a.value == b.value || (a.value != a.value && b.value != b.value);
    if (same) return a.at < b.at ? a : b;
    return Choice::of(a.value, b.value) == a.value || a.value != a.value ? a : b;
  }
};

// Which of the two types the numbers have is asked for each: a kernel waits for memory anyway, and one for
// either type would make the library large.
template <class Kind>
struct Terms {
  using Sum = Kind;
  const void* x;
  bool isBfloat16;
  __device__ Kind at(int64_t place, int64_t, int64_t term) const {
    const float own =
        isBfloat16 ? read(static_cast<const uint16_t*>(x)[place]) : static_cast<const float*>(x)[place];
    return Kind::make(own, term);
  }
};

struct FloatSink {
  float* y;
  double scale;
  template <class Kind>
  __device__ void put(int64_t at, const Kind& sum) const {
    y[at] = static_cast<float>(static_cast<double>(sum.value) * scale);
  }
};
struct IndexSink {
  int32_t* y;
  template <class Kind>
  __device__ void put(int64_t at, const Kind& sum) const {
    y[at] = static_cast<int32_t>(sum.at);
  }
};

std::vector<bool> reducedAxes(const KernelSpec& spec) {
  const size_t rank = spec.inputs[0].shape.size();
  std::vector<bool> reduced(rank, false);
  if (spec.attrs.has("axis")) {
    reduced[static_cast<size_t>(normalizeAxis(spec.op, spec.attrs.integer("axis"), rank))] = true;
    return reduced;
  }
  const Dims& axes = spec.attrs.integers("axes");
  if (axes.empty()) reduced.assign(rank, true);
  for (const int64_t axis : axes) reduced[static_cast<size_t>(normalizeAxis(spec.op, axis, rank))] = true;
  return reduced;
}

template <class Kind>
class ReduceKernel : public OwnKernel {
 public:
  ReduceKernel(const KernelSpec& spec, const QueuePtr& queue)
      : OwnKernel(queue), dtype_(spec.inputs[0].dtype), reducer_(spec.inputs[0].shape, reducedAxes(spec)) {
    if (spec.op == "mean") scale_ = 1 / static_cast<double>(reducer_.terms());
  }

  size_t scratchBytes() const override { return reducer_.scratchBytes<Terms<Kind>>(); }

  void run(const void* const* inputs, void* const* outputs, void* scratch) override {
    const Terms<Kind> terms{inputs[0], dtype_ == DType::BF16};
    if constexpr (requires { Kind::kNone; })
      reducer_.run(stream(), terms, IndexSink{static_cast<int32_t*>(outputs[0])}, scratch);
    else
      reducer_.run(stream(), terms, FloatSink{static_cast<float*>(outputs[0]), scale_}, scratch);
  }

 private:
  DType dtype_;
  Reducer reducer_;
  double scale_ = 1;
};

}  // namespace

void addReductions(KernelTable& table) {
  const auto add = [&](const char* name, auto* make) { table[name] = {make, nullptr, nullptr, readsEither}; };
  add("sum", makeKernel<ReduceKernel<Total>>);
  add("mean", makeKernel<ReduceKernel<Total>>);
  add("prod", makeKernel<ReduceKernel<Product>>);
  add("max", makeKernel<ReduceKernel<Extreme<Largest>>>);
  add("min", makeKernel<ReduceKernel<Extreme<Smallest>>>);
  add("argmax", makeKernel<ReduceKernel<Position<Largest>>>);
  add("argmin", makeKernel<ReduceKernel<Position<Smallest>>>);
}

}  // namespace nodegrad::cuda
