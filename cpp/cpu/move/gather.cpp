#include "spec/gather.h"

#include <algorithm>
#include <atomic>
#include <cstring>

#include "cpu/elementwise/kernels.h"
#include "cpu/kernel_table.h"
#include "cpu/move/indices.h"
#include "cpu/move/kernels.h"
#include "cpu/own_kernel.h"

namespace nodegrad {
namespace {

constexpr int64_t kLeastThreadElements = 1 << 14;

class GatherKernel : public Kernel {
 public:
  explicit GatherKernel(const KernelSpec& spec)
      : kernels_(*isaKernels().elementwise),
        view_(spec, spec.inputs[0].shape, spec.inputs[1].shape),
        indices_(spec.inputs[1]),
        from_(spec.inputs[0].dtype),
        to_(spec.outputs[0].dtype),
        threads_(teamThreads()) {}

  std::string implementation() const override { return "own"; }

  void run(const void* const* inputs, void* const* outputs, void*) override {
    indices_.check("gather", inputs[1], view_.n);
    // Short rows are copied by moves that the compiler knows.
    switch (from_ == to_ ? view_.inner * static_cast<int64_t>(sizeOf(from_)) : 0) {
      case 1: return each(inputs, outputs, copyOf<1>);
      case 3: return each(inputs, outputs, copyOf<3>);
      case 4: return each(inputs, outputs, copyOf<4>);
      case 8: return each(inputs, outputs, copyOf<8>);
      case 12: return each(inputs, outputs, copyOf<12>);
      case 16: return each(inputs, outputs, copyOf<16>);
      default: return each(inputs, outputs, [&](void* to, const void* from) { copy(to, from); });
    }
  }

 private:
  template <size_t bytes>
  static void copyOf(void* to, const void* from) {
    std::memcpy(to, from, bytes);
  }

  template <class Copy>
  void each(const void* const* inputs, void* const* outputs, Copy copyRow) const {
    const spec::GatherView& v = view_;
    const auto bytes = [&](DType dtype) { return v.inner * static_cast<int64_t>(sizeOf(dtype)); };
    const int64_t fromBytes = bytes(from_), toBytes = bytes(to_);
    parallelFor(threads_, v.batch * v.outer * v.m, kLeastThreadElements / std::max<int64_t>(v.inner, 1),
                [&](int64_t begin, int64_t end, int) {
                  auto* to = static_cast<char*>(outputs[0]) + begin * toBytes;
                  for (int64_t row = begin; row < end;) {
                    const int64_t slice = row / v.m;  // of batch and outer
                    const auto* from = static_cast<const char*>(inputs[0]) + slice * v.n * fromBytes;
                    const int64_t first = slice / v.outer * v.m, last = std::min(end, (slice + 1) * v.m);
                    for (int64_t i = row - slice * v.m; row < last; ++row, ++i, to += toBytes)
                      copyRow(to, from + indices_.at(inputs[1], first + i) * fromBytes);
                  }
                });
  }

  // A row, between float32 and bfloat16 where the two dtypes are not the same.
  void copy(void* to, const void* from) const {
    if (from_ == to_) {
      std::memcpy(to, from, static_cast<size_t>(view_.inner) * sizeOf(from_));
    } else if (to_ == DType::BF16) {
      kernels_.bfloat16FromFloats(static_cast<uint16_t*>(to), static_cast<const float*>(from), view_.inner);
    } else {
      kernels_.floatsFromBfloat16(static_cast<float*>(to), static_cast<const uint16_t*>(from), view_.inner);
    }
  }

  const ElementwiseKernels& kernels_;
  spec::GatherView view_;
  Indices indices_;
  DType from_, to_;
  int threads_;
};

// Adds rows of dy to those rows of dx that they were gathered from. A thread owns rows of dx and goes through
// all indices, so that sums are made in the order of the indices whatever the number of threads.
class GatherBackwardKernel : public OwnKernel {
 public:
  explicit GatherBackwardKernel(const KernelSpec& spec)
      : isBfloat16_(spec.inputs[0].dtype == DType::BF16),
        view_(spec, spec.outputs[0].shape, spec.inputs[1].shape),
        indices_(spec.inputs[1]) {}

  void run(const void* const* inputs, void* const* outputs, void*) override {
    const spec::GatherView& v = view_;
    indices_.check("gatherBackward", inputs[1], v.n);
    auto* dx = static_cast<float*>(outputs[0]);
    parallelFor(threads_, v.batch * v.outer * v.n, kLeastThreadElements / std::max<int64_t>(v.inner, 1),
                [&](int64_t begin, int64_t end, int) {
                  std::fill(dx + begin * v.inner, dx + end * v.inner, 0.0f);
                  for (int64_t slice = begin / v.n; slice * v.n < end; ++slice) {
                    const int64_t low = std::max<int64_t>(begin - slice * v.n, 0),
                                  high = std::min(end - slice * v.n, v.n);
                    for (int64_t i = 0; i < v.m; ++i) {
                      const int64_t index = indices_.at(inputs[1], slice / v.outer * v.m + i);
                      if (index < low || index >= high) continue;
                      addRow(dx + (slice * v.n + index) * v.inner, inputs[0], (slice * v.m + i) * v.inner);
                    }
                  }
                });
  }

 private:
  void addRow(float* to, const void* dy, int64_t at) const {
    if (isBfloat16_)
      return isa_.gather->addBfloat16Row(to, static_cast<const uint16_t*>(dy) + at, view_.inner);
    isa_.gather->addRow(to, static_cast<const float*>(dy) + at, view_.inner);
  }

  bool isBfloat16_;
  spec::GatherView view_;
  Indices indices_;
};

// float32 numbers without what follows the point, as a cast makes them. A cast would give any number for one
// that int32 does not hold; this fails.
class ToIndicesKernel : public Kernel {
 public:
  explicit ToIndicesKernel(const KernelSpec& spec)
      : count_(count(spec.inputs[0].shape)), threads_(teamThreads()) {}

  std::string implementation() const override { return "own"; }

  void run(const void* const* inputs, void* const* outputs, void*) override {
    const auto* x = static_cast<const float*>(inputs[0]);
    auto* y = static_cast<int32_t*>(outputs[0]);
    std::atomic<bool> allInside = true;
    parallelFor(threads_, count_, kLeastThreadElements, [&](int64_t begin, int64_t end, int) {
      for (int64_t i = begin; i < end; ++i) {
        const bool holds = holdsInt32(x[i]);
        y[i] = holds ? static_cast<int32_t>(x[i]) : 0;
        if (!holds) allInside = false;
      }
    });
    if (!allInside) refuse(x);
  }

 private:
  static bool holdsInt32(float x) { return x >= -0x1p31f && x < 0x1p31f; }

  void refuse(const float* x) const {
    const int64_t index = std::find_if_not(x, x + count_, holdsInt32) - x;
    spec::refuseNumber(x[index], index);
  }

  int64_t count_;
  int threads_;
};

// An index out of range leaves its row off.
class OneHotKernel : public Kernel {
 public:
  explicit OneHotKernel(const KernelSpec& spec)
      : indices_(spec.inputs[0]),
        rows_(count(spec.inputs[0].shape)),
        depth_(spec.attrs.integer("depth")),
        on_(static_cast<float>(spec.attrs.number("onValue"))),
        off_(static_cast<float>(spec.attrs.number("offValue"))),
        threads_(teamThreads()) {}

  std::string implementation() const override { return "own"; }

  void run(const void* const* inputs, void* const* outputs, void*) override {
    auto* y = static_cast<float*>(outputs[0]);
    parallelFor(threads_, rows_, kLeastThreadElements / depth_, [&](int64_t begin, int64_t end, int) {
      std::fill(y + begin * depth_, y + end * depth_, off_);
      for (int64_t row = begin; row < end; ++row) {
        const int64_t index = indices_.at(inputs[0], row);
        if (index >= 0 && index < depth_) y[row * depth_ + index] = on_;
      }
    });
  }

 private:
  Indices indices_;
  int64_t rows_, depth_;
  float on_, off_;
  int threads_;
};

}  // namespace

const KernelFamily family([](KernelTable& table) {
  // A table is usually a float32 weight, and its rows the input of a bfloat16 kernel.
  table["gather"] = {.make = makeKernel<GatherKernel>, .precisions = anyPrecision};
  table["gatherBackward"] = {.make = makeKernel<GatherBackwardKernel>, .precisions = readsEither};
  table["toIndices"] = {.make = makeKernel<ToIndicesKernel>};
  table["oneHot"] = {.make = makeKernel<OneHotKernel>};
});

}  // namespace nodegrad
