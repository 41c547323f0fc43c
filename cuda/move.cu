#include <cstring>
#include <optional>
#include <vector>

#include "core/slice.h"
#include "kernel_table.h"
#include "launch.h"
#include "operand.h"
#include "strided_copy.h"

namespace nodegrad::cuda {

namespace {

template <class T>
__global__ void fillAll(T* to, T value, int64_t count) {
  for (int64_t i = firstIndex<int64_t>(); i < count; i += indexStep<int64_t>()) to[i] = value;
}

// Calls body with a number of as many bytes as an element has.
template <class Body>
void withElement(size_t bytes, Body&& body) {
  if (bytes == 1) return body(uint8_t{});
  if (bytes == 2) return body(uint16_t{});
  body(uint32_t{});
}

// A tensor's elements that all are one number.
struct Filling {
  uint32_t bits = 0;

  Filling(DType dtype, double value) {
    dispatch(dtype, [&](auto sample) {
      if constexpr (std::is_same_v<decltype(sample), Bool>)
        sample = value != 0 ? Bool::True : Bool::False;
      else
        sample = static_cast<decltype(sample)>(value);
      std::memcpy(&bits, &sample, sizeof sample);
    });
  }
};

// A copy of a part of an input into a part of the output, in elements.
struct Part {
  size_t input;
  int64_t count;
  StridedPair dims;
  int64_t from = 0, to = 0;
};

Part partOf(size_t input, const Dims& sizes, const Dims& from, const Dims& to, int64_t fromOffset = 0,
            int64_t toOffset = 0) {
  return {input, count(sizes), merged(sizes, from, to), fromOffset, toOffset};
}

// Fills the output, where parts leave any of it open, and copies the parts.
class MoveKernel : public OwnKernel {
 public:
  MoveKernel(const QueuePtr& queue, const KernelSpec& spec, std::vector<Part> parts,
             std::optional<Filling> filling = std::nullopt)
      : OwnKernel(queue),
        parts_(std::move(parts)),
        filling_(filling),
        count_(count(spec.outputs[0].shape)),
        bytes_(sizeOf(spec.outputs[0].dtype)) {}

  void run(const void* const* inputs, void* const* outputs, void*) override {
    auto* to = static_cast<std::byte*>(outputs[0]);
    if (filling_ && count_ > 0) fill(to);
    for (const Part& part : parts_)
      copyStrided(stream(), static_cast<const std::byte*>(inputs[part.input]) + bytesTo(part.from),
                  to + bytesTo(part.to), part.dims, part.count, bytes_);
  }

 private:
  int64_t bytesTo(int64_t element) const { return element * static_cast<int64_t>(bytes_); }
  void fill(void* to) {
    withElement(bytes_, [&](auto sample) {
      using T = decltype(sample);
      launch(stream(), {blocksFor(count_)}, fillAll<T>, static_cast<T*>(to), static_cast<T>(filling_->bits),
             count_);
    });
  }

  std::vector<Part> parts_;
  std::optional<Filling> filling_;
  int64_t count_;
  size_t bytes_;
};

using Made = std::unique_ptr<Kernel>;

Made makeConstant(const KernelSpec& spec, const QueuePtr& queue) {
  return std::make_unique<MoveKernel>(queue, spec, std::vector<Part>{},
                                      Filling(spec.outputs[0].dtype, spec.attrs.number("value")));
}

Made makeWhole(const KernelSpec& spec, const QueuePtr& queue) {
  const Dims all{count(spec.outputs[0].shape)}, one{1};
  return std::make_unique<MoveKernel>(queue, spec, std::vector{partOf(0, all, one, one)});
}

Made makeBroadcast(const KernelSpec& spec, const QueuePtr& queue) {
  const Dims& shape = spec.outputs[0].shape;
  const Dims from = broadcastStrides(spec.inputs[0].shape, shape);
  return std::make_unique<MoveKernel>(queue, spec,
                                      std::vector{partOf(0, shape, from, rowMajorStrides(shape))});
}

Made makeTranspose(const KernelSpec& spec, const QueuePtr& queue) {
  const Dims strides = rowMajorStrides(spec.inputs[0].shape);
  Dims from;
  for (const int64_t axis : spec.attrs.integers("perm")) from.push_back(strides[static_cast<size_t>(axis)]);
  const Dims& shape = spec.outputs[0].shape;
  return std::make_unique<MoveKernel>(queue, spec,
                                      std::vector{partOf(0, shape, from, rowMajorStrides(shape))});
}

// A part of a row-major tensor.
struct Region {
  Dims sizes, strides;
  int64_t offset = 0;
};

Region regionOf(const Dims& shape, const std::vector<SliceAxis>& axes) {
  Region region;
  const Dims strides = rowMajorStrides(shape);
  for (size_t d = 0; d < shape.size(); ++d) {
    region.sizes.push_back(axes[d].count);
    region.strides.push_back(axes[d].stride * strides[d]);
    region.offset += axes[d].begin * strides[d];
  }
  return region;
}

std::vector<SliceAxis> wholeOf(const Dims& shape) {
  std::vector<SliceAxis> axes;
  for (const int64_t size : shape) axes.push_back({0, size, 1});
  return axes;
}

Part regionPart(size_t input, const Region& from, const Region& to) {
  return partOf(input, to.sizes, from.strides, to.strides, from.offset, to.offset);
}

Made makeConcatenate(const KernelSpec& spec, const QueuePtr& queue) {
  const Dims& shape = spec.outputs[0].shape;
  const auto axis = static_cast<size_t>(normalizeAxis(spec.op, spec.attrs.integer("axis"), shape.size()));
  std::vector<Part> parts;
  int64_t at = 0;
  for (size_t i = 0; i < spec.inputs.size(); ++i) {
    const Dims& own = spec.inputs[i].shape;
    std::vector<SliceAxis> axes = wholeOf(own);
    axes[axis].begin = at;
    at += own[axis];
    parts.push_back(regionPart(i, regionOf(own, wholeOf(own)), regionOf(shape, axes)));
  }
  return std::make_unique<MoveKernel>(queue, spec, std::move(parts));
}

Made makeSlice(const KernelSpec& spec, const QueuePtr& queue) {
  const Dims &from = spec.inputs[0].shape, &to = spec.outputs[0].shape;
  return std::make_unique<MoveKernel>(
      queue, spec,
      std::vector{
          regionPart(0, regionOf(from, sliceOf(spec.op, spec.attrs, from)), regionOf(to, wholeOf(to)))});
}

// The input in a part of the output, the rest of which is one number.
Made makeInset(const KernelSpec& spec, const QueuePtr& queue) {
  const Dims &from = spec.inputs[0].shape, &to = spec.outputs[0].shape;
  const bool pads = spec.op == "pad";
  std::vector<SliceAxis> axes = pads ? wholeOf(from) : sliceOf(spec.op, spec.attrs, to);
  for (size_t d = 0; pads && d < axes.size(); ++d) axes[d].begin = spec.attrs.integers("paddings")[2 * d];
  return std::make_unique<MoveKernel>(
      queue, spec, std::vector{regionPart(0, regionOf(from, wholeOf(from)), regionOf(to, axes))},
      Filling(spec.outputs[0].dtype, pads ? spec.attrs.number("value") : 0));
}

}  // namespace

void addMoves(KernelTable& table) {
  const auto add = [&](const char* op, Made (*make)(const KernelSpec&, const QueuePtr&)) {
    table[op] = {make, nullptr, nullptr, anyPrecisionOneDtype};
  };
  add("constant", makeConstant);
  add("reshape", makeWhole);
  add("view", makeWhole);
  add("broadcastTo", makeBroadcast);
  add("transpose", makeTranspose);
  add("concatenate", makeConcatenate);
  add("slice", makeSlice);
  add("sliceBackward", makeInset);
  add("pad", makeInset);
}

}  // namespace nodegrad::cuda
