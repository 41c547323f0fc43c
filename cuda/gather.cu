#include "device/bfloat16.h"
#include "index_check.h"
#include "kernel_table.h"
#include "spec/gather.h"

namespace nodegrad::cuda {

namespace {

using spec::GatherView;

// What is out of range becomes 0. A table of float32 may give rows of bfloat16, and the other way round.
template <class From, class To>
__global__ void gatherRows(GatherView v, CheckedIndices indices, const From* x, To* y) {
  indices.report();
  const int64_t elements = v.batch * v.outer * v.m * v.inner;
  for (int64_t i = firstIndex<int64_t>(); i < elements; i += indexStep<int64_t>()) {
    const int64_t row = i / v.inner, slice = row / v.m;
    const int64_t index = indices.at(slice / v.outer * v.m + row % v.m);
    const From value = indices.inside(index) ? x[(slice * v.n + index) * v.inner + i % v.inner] : From{};
    if constexpr (std::is_same_v<From, To>)
      y[i] = value;
    else
      write(y + i, read(value));
  }
}

class GatherKernel : public OwnKernel {
 public:
  GatherKernel(const KernelSpec& spec, const QueuePtr& queue)
      : OwnKernel(queue),
        view_(spec, spec.inputs[0].shape, spec.inputs[1].shape),
        indices_(spec.inputs[1]),
        count_(count(spec.outputs[0].shape)),
        from_(spec.inputs[0].dtype),
        to_(spec.outputs[0].dtype) {}

  size_t scratchBytes() const override { return kIndexCheckBytes; }

  void run(const void* const* inputs, void* const* outputs, void* scratch) override {
    const CheckedIndices checked =
        checkIndices(*queue_, Refuser::Gather, indices_, inputs[1], view_.n, scratch);
    if (from_ != to_)
      from_ == DType::F32 ? gather<float, uint16_t>(inputs, outputs, checked)
                          : gather<uint16_t, float>(inputs, outputs, checked);
    else if (sizeOf(from_) == 1)
      gather<uint8_t, uint8_t>(inputs, outputs, checked);
    else if (sizeOf(from_) == 2)
      gather<uint16_t, uint16_t>(inputs, outputs, checked);
    else
      gather<uint32_t, uint32_t>(inputs, outputs, checked);
  }

 private:
  template <class From, class To>
  void gather(const void* const* inputs, void* const* outputs, const CheckedIndices& checked) {
    launch(stream(), {blocksFor(count_)}, gatherRows<From, To>, view_, checked,
           static_cast<const From*>(inputs[0]), static_cast<To*>(outputs[0]));
  }

  GatherView view_;
  Indices indices_;
  int64_t count_;
  DType from_, to_;
};

// float32 numbers without what follows the point. One that int32 does not hold becomes 0, and the run fails.
using Place = CheckedIndices::Place;
__device__ inline bool holds(float x) { return x >= -0x1p31f && x < 0x1p31f; }
__global__ void convert(int64_t count, const float* x, int32_t* y, Place* first) {
  for (int64_t i = firstIndex<int64_t>(); i < count; i += indexStep<int64_t>()) {
    y[i] = holds(x[i]) ? static_cast<int32_t>(x[i]) : 0;
    if (!holds(x[i])) atomicMin(first, static_cast<Place>(i));
  }
}
__global__ void reportNumber(const float* x, const Place* first, Refusal* refusal) {
  if (*first == CheckedIndices::kNone || isRefused(refusal)) return;
  *refusal = {Refuser::ToIndices, __float_as_int(x[*first]), static_cast<int64_t>(*first), 0};
}

class ToIndicesKernel : public OwnKernel {
 public:
  ToIndicesKernel(const KernelSpec& spec, const QueuePtr& queue)
      : OwnKernel(queue), count_(count(spec.inputs[0].shape)) {}

  size_t scratchBytes() const override { return sizeof(Place); }

  void run(const void* const* inputs, void* const* outputs, void* scratch) override {
    if (count_ == 0) return;
    const auto* x = static_cast<const float*>(inputs[0]);
    auto* first = static_cast<Place*>(scratch);
    check(cudaMemsetAsync(first, 0xff, sizeof *first, stream()));
    launch(stream(), {blocksFor(count_)}, convert, count_, x, static_cast<int32_t*>(outputs[0]), first);
    launch(stream(), {1, 1}, reportNumber, x, static_cast<const Place*>(first), queue_->refusal());
  }

 private:
  int64_t count_;
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
  table["gather"] = {makeKernel<GatherKernel>, nullptr, nullptr, anyPrecision};
  table["toIndices"] = {makeKernel<ToIndicesKernel>};
  table["oneHot"] = {makeKernel<OneHotKernel>};
}

}  // namespace nodegrad::cuda
