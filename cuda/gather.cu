#include "device/refusal.h"
#include "kernel_table.h"
#include "launch.h"
#include "spec/gather.h"

namespace nodegrad::cuda {

namespace {

// Indices of int32 or uint8.
struct Indices {
  bool bytes;
  int64_t count;

  explicit Indices(const TensorType& type)
      : bytes(type.dtype == DType::U8), count(nodegrad::count(type.shape)) {}
  __device__ int64_t at(const void* memory, int64_t i) const {
    return bytes ? static_cast<const uint8_t*>(memory)[i] : static_cast<const int32_t*>(memory)[i];
  }
};

using spec::GatherView;

// The place of the first index that is out of range; kNone: all are within.
using Place = unsigned long long;
constexpr Place kNone = ~Place{0};

__global__ void findOutside(Indices indices, const void* memory, int64_t n, Place* first) {
  for (int64_t i = firstIndex<int64_t>(); i < indices.count; i += indexStep<int64_t>()) {
    const int64_t index = indices.at(memory, i);
    if (index < 0 || index >= n) atomicMin(first, static_cast<Place>(i));
  }
}

// What is out of range becomes 0: the run fails in any case.
template <class T>
__global__ void gatherRows(GatherView v, Indices indices, const T* x, const void* memory, T* y,
                           const Place* first, Refusal* refusal) {
  if (firstIndex<int64_t>() == 0 && *first != kNone && !isRefused(refusal)) {
    const auto place = static_cast<int64_t>(*first);
    *refusal = {Refuser::Gather, indices.at(memory, place), place, v.n};
  }
  const int64_t elements = v.batch * v.outer * v.m * v.inner;
  for (int64_t i = firstIndex<int64_t>(); i < elements; i += indexStep<int64_t>()) {
    const int64_t row = i / v.inner, slice = row / v.m;
    const int64_t index = indices.at(memory, slice / v.outer * v.m + row % v.m);
    const bool inside = index >= 0 && index < v.n;
    y[i] = inside ? x[(slice * v.n + index) * v.inner + i % v.inner] : T{};
  }
}

class GatherKernel : public OwnKernel {
 public:
  GatherKernel(const KernelSpec& spec, const QueuePtr& queue)
      : OwnKernel(queue),
        view_(spec, spec.inputs[0].shape, spec.inputs[1].shape),
        indices_(spec.inputs[1]),
        count_(count(spec.outputs[0].shape)),
        bytes_(sizeOf(spec.outputs[0].dtype)) {}

  size_t scratchBytes() const override { return sizeof(Place); }

  void run(const void* const* inputs, void* const* outputs, void* scratch) override {
    auto* first = static_cast<Place*>(scratch);
    check(cudaMemsetAsync(first, 0xff, sizeof *first, stream()));
    if (indices_.count > 0)
      launch(stream(), {blocksFor(indices_.count)}, findOutside, indices_, inputs[1], view_.n, first);
    if (bytes_ == 1)
      gather<uint8_t>(inputs, outputs, first);
    else
      gather<uint32_t>(inputs, outputs, first);
  }

 private:
  template <class T>
  void gather(const void* const* inputs, void* const* outputs, const Place* first) {
    launch(stream(), {blocksFor(count_)}, gatherRows<T>, view_, indices_, static_cast<const T*>(inputs[0]),
           inputs[1], static_cast<T*>(outputs[0]), first, queue_->refusal());
  }

  GatherView view_;
  Indices indices_;
  int64_t count_;
  size_t bytes_;
};

// An index out of range leaves its row off.
__global__ void markRows(Indices indices, const void* memory, int64_t depth, float on, float off, float* y) {
  const int64_t elements = indices.count * depth;
  for (int64_t i = firstIndex<int64_t>(); i < elements; i += indexStep<int64_t>())
    y[i] = indices.at(memory, i / depth) == i % depth ? on : off;
}

class OneHotKernel : public OwnKernel {
 public:
  OneHotKernel(const KernelSpec& spec, const QueuePtr& queue)
      : OwnKernel(queue),
        indices_(spec.inputs[0]),
        depth_(spec.attrs.integer("depth")),
        on_(static_cast<float>(spec.attrs.number("onValue"))),
        off_(static_cast<float>(spec.attrs.number("offValue"))) {}

  void run(const void* const* inputs, void* const* outputs, void*) override {
    if (indices_.count == 0) return;
    launch(stream(), {blocksFor(indices_.count * depth_)}, markRows, indices_, inputs[0], depth_, on_, off_,
           static_cast<float*>(outputs[0]));
  }

 private:
  Indices indices_;
  int64_t depth_;
  float on_, off_;
};

}  // namespace

void addGathers(KernelTable& table) {
  table["gather"] = {makeKernel<GatherKernel>};
  table["oneHot"] = {makeKernel<OneHotKernel>};
}

}  // namespace nodegrad::cuda
