#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <numeric>

#include "core/slice.h"
#include "cpu/kernel_table.h"
#include "cpu/memory/onednn.h"
#include "cpu/memory/strided_runs.h"
#include "cpu/move/strided_copy.h"
#include "host/parallel.h"

namespace nodegrad {
namespace {

constexpr int64_t kLeastThreadBytes = 1 << 17;

// A tensor's elements that all are one number.
class Filling {
 public:
  Filling(const TensorType& type, double value)
      : count_(count(type.shape)), bytes_(sizeOf(type.dtype)), threads_(teamThreads()) {
    dispatch(type.dtype, [&](auto sample) {
      if constexpr (std::is_same_v<decltype(sample), Bool>) {
        sample = value != 0 ? Bool::True : Bool::False;
      } else {
        sample = static_cast<decltype(sample)>(value);
      }
      std::memcpy(&element_, &sample, sizeof sample);
    });
  }
  void run(void* to) const {
    parallelFor(threads_, count_, kLeastThreadBytes / bytes_, [&](int64_t begin, int64_t end, int) {
      if (bytes_ == 1) {
        std::memset(static_cast<char*>(to) + begin, static_cast<int>(element_ & 0xff), end - begin);
      } else if (bytes_ == 2) {
        std::fill_n(static_cast<uint16_t*>(to) + begin, end - begin, static_cast<uint16_t>(element_));
      } else {
        std::fill_n(static_cast<uint32_t*>(to) + begin, end - begin, element_);
      }
    });
  }

 private:
  int64_t count_;
  int64_t bytes_;
  uint32_t element_ = 0;
  int threads_;
};

// Where a copy starts within its input and its output, in elements.
struct Part {
  size_t input;
  StridedCopy copy;
  int64_t from, to;
};

// Fills the output, where parts leave any of it open, and copies the parts.
class MoveKernel : public Kernel {
 public:
  MoveKernel(const KernelSpec& spec, std::optional<Filling> filling, std::vector<Part> parts)
      : filling_(std::move(filling)), parts_(std::move(parts)), bytes_(sizeOf(spec.outputs[0].dtype)) {}

  std::string implementation() const override { return "own"; }

  void run(const void* const* inputs, void* const* outputs, void*) override {
    if (filling_) filling_->run(outputs[0]);
    for (const Part& part : parts_) {
      part.copy.run(static_cast<const char*>(inputs[part.input]) + part.from * bytes_,
                    static_cast<char*>(outputs[0]) + part.to * bytes_);
    }
  }

 private:
  std::optional<Filling> filling_;
  std::vector<Part> parts_;
  int64_t bytes_;
};

Part part(const KernelSpec& spec, size_t input, const Dims& sizes, const Dims& in, const Dims& out,
          int64_t from = 0, int64_t to = 0) {
  return {input, StridedCopy(sizes, in, out, sizeOf(spec.outputs[0].dtype), teamThreads()), from, to};
}

std::unique_ptr<Kernel> kernelOf(const KernelSpec& spec, std::vector<Part> parts,
                                 std::optional<Filling> filling = std::nullopt) {
  return std::make_unique<MoveKernel>(spec, std::move(filling), std::move(parts));
}

std::unique_ptr<Kernel> makeConstant(const KernelSpec& spec) {
  return kernelOf(spec, {}, Filling(spec.outputs[0], spec.attrs.number("value")));
}

std::unique_ptr<Kernel> makeReshape(const KernelSpec& spec) {
  return kernelOf(spec, {part(spec, 0, {count(spec.outputs[0].shape)}, {1}, {1})});
}

std::unique_ptr<Kernel> makeBroadcast(const KernelSpec& spec) {
  const Dims& shape = spec.outputs[0].shape;
  return kernelOf(
      spec, {part(spec, 0, shape, broadcastStrides(spec.inputs[0].shape, shape), rowMajorStrides(shape))});
}

std::unique_ptr<Kernel> makeTranspose(const KernelSpec& spec) {
  const Dims strides = rowMajorStrides(spec.inputs[0].shape);
  Dims in;
  for (int64_t axis : spec.attrs.integers("perm")) in.push_back(strides[axis]);
  return kernelOf(spec, {part(spec, 0, spec.outputs[0].shape, in, rowMajorStrides(spec.outputs[0].shape))});
}

// A part of a tensor, by its axes, in terms of the tensor's memory. A blocked dimension becomes two: the
// block's index, and the index inside the block.
struct Region {
  Dims sizes, strides;
  int64_t offset = 0;
};

std::vector<SliceAxis> wholeOf(const Dims& shape) {
  std::vector<SliceAxis> axes;
  for (int64_t size : shape) axes.push_back({0, size, 1});
  return axes;
}

Region regionOf(const Geometry& g, const std::vector<SliceAxis>& axes) {
  Region region;
  for (size_t d = 0; d < axes.size(); ++d) {
    const int64_t block = blockOf(g, d);
    region.sizes.push_back(axes[d].count / block);
    region.strides.push_back(axes[d].stride * g.strides[d]);
    region.offset += axes[d].begin / block * g.strides[d];
  }
  for (const auto& block : g.blocks) {
    region.sizes.push_back(block.second);
    region.strides.push_back(1);
  }
  return region;
}

// Whether a part of a tensor consists of whole blocks of its memory.
bool hasRegion(const Geometry& g, const std::vector<SliceAxis>& axes) {
  if (g.blocks.size() > 1 || g.padded != g.shape || g.shape.size() != axes.size()) return false;
  for (size_t d = 0; d < axes.size(); ++d) {
    const int64_t block = blockOf(g, d);
    if (block > 1 && (axes[d].begin % block || axes[d].count % block || axes[d].stride != 1)) return false;
  }
  return true;
}

Part regionPart(const KernelSpec& spec, size_t input, const Region& from, const Region& to) {
  // Along the output's memory, so that neighbouring dimensions can be one.
  std::vector<size_t> order(to.sizes.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](size_t a, size_t b) { return std::abs(to.strides[a]) > std::abs(to.strides[b]); });
  Dims sizes, in, out;
  for (size_t d : order) {
    sizes.push_back(to.sizes[d]);
    in.push_back(from.strides[d]);
    out.push_back(to.strides[d]);
  }
  return part(spec, input, sizes, in, out, from.offset, to.offset);
}

Geometry inputGeometry(const KernelSpec& spec, size_t i) {
  return geometry(spec.inputs[i], spec.inputLayouts[i]);
}
Geometry outputGeometry(const KernelSpec& spec) { return geometry(spec.outputs[0], spec.outputLayouts[0]); }

// The region of each input in the output.
std::vector<std::vector<SliceAxis>> concatenated(const KernelSpec& spec) {
  const auto axis =
      static_cast<size_t>(normalizeAxis(spec.op, spec.attrs.integer("axis"), spec.outputs[0].shape.size()));
  std::vector<std::vector<SliceAxis>> regions;
  int64_t at = 0;
  for (const TensorType& input : spec.inputs) {
    regions.push_back(wholeOf(input.shape));
    regions.back()[axis].begin = at;
    at += input.shape[axis];
  }
  return regions;
}

std::unique_ptr<Kernel> makeConcatenate(const KernelSpec& spec) {
  const auto regions = concatenated(spec);
  std::vector<Part> parts;
  for (size_t i = 0; i < spec.inputs.size(); ++i) {
    parts.push_back(regionPart(spec, i, regionOf(inputGeometry(spec, i), wholeOf(spec.inputs[i].shape)),
                               regionOf(outputGeometry(spec), regions[i])));
  }
  return kernelOf(spec, std::move(parts));
}

// What slice takes of its input, and sliceBackward fills of its output.
std::vector<SliceAxis> sliced(const KernelSpec& spec) {
  return sliceOf(spec.op, spec.attrs, (spec.op == "slice" ? spec.inputs : spec.outputs)[0].shape);
}

std::unique_ptr<Kernel> makeSlice(const KernelSpec& spec) {
  return kernelOf(spec, {regionPart(spec, 0, regionOf(inputGeometry(spec, 0), sliced(spec)),
                                    regionOf(outputGeometry(spec), wholeOf(spec.outputs[0].shape)))});
}

// Where pad puts its input.
std::vector<SliceAxis> padded(const KernelSpec& spec) {
  std::vector<SliceAxis> axes = wholeOf(spec.inputs[0].shape);
  for (size_t d = 0; d < axes.size(); ++d) axes[d].begin = spec.attrs.integers("paddings")[2 * d];
  return axes;
}

// The input in a part of the output, the rest of which is one number.
std::unique_ptr<Kernel> makeInset(const KernelSpec& spec) {
  const bool pads = spec.op == "pad";
  return kernelOf(spec,
                  {regionPart(spec, 0, regionOf(inputGeometry(spec, 0), wholeOf(spec.inputs[0].shape)),
                              regionOf(outputGeometry(spec), pads ? padded(spec) : sliced(spec)))},
                  Filling(spec.outputs[0], pads ? spec.attrs.number("value") : 0));
}

// Blocks stay blocks where each input fills whole ones of the output. The largest input decides.
LayoutChoice concatenateLayouts(const KernelSpec& spec, const std::vector<bool>&) {
  LayoutChoice choice{std::vector<LayoutPtr>(spec.inputs.size()), {nullptr}};
  size_t largest = 0;
  for (size_t i = 1; i < spec.inputs.size(); ++i)
    if (count(spec.inputs[i].shape) > count(spec.inputs[largest].shape)) largest = i;
  if (!spec.inputLayouts[largest]) return choice;
  const Geometry model = inputGeometry(spec, largest);
  const auto output = arrangedLike(model, spec.outputs[0].shape);
  if (!output) return choice;
  LayoutChoice blocked = choice;
  const auto regions = concatenated(spec);
  for (size_t i = 0; i < spec.inputs.size(); ++i) {
    const auto input = arrangedLike(model, spec.inputs[i].shape);
    if (!input || !hasRegion(*output, regions[i])) return choice;
    blocked.inputs[i] = onednn::layoutOf(spec.inputs[i].dtype, *input);
  }
  blocked.outputs[0] = onednn::layoutOf(spec.outputs[0].dtype, *output);
  return blocked;
}

// The same for ops with one input.
LayoutChoice regionLayouts(const KernelSpec& spec, const std::vector<bool>&) {
  LayoutChoice choice{{nullptr}, {nullptr}};
  if (!spec.inputLayouts[0]) return choice;
  const Geometry input = inputGeometry(spec, 0);
  const auto output = arrangedLike(input, spec.outputs[0].shape);
  if (!output || !hasRegion(input, wholeOf(spec.inputs[0].shape))) return choice;
  const bool fits = spec.op == "slice" ? hasRegion(input, sliced(spec))
                                       : hasRegion(*output, spec.op == "pad" ? padded(spec) : sliced(spec));
  if (!fits) return choice;
  return {{spec.inputLayouts[0]}, {onednn::layoutOf(spec.outputs[0].dtype, *output)}};
}

}  // namespace

const KernelFamily family([](KernelTable& table) {
  table["constant"] = {.make = makeConstant};
  const auto move = [&](const char* op, CpuOp row) {
    row.precisions = anyPrecisionOneDtype;
    table[op] = row;
  };
  move("reshape", {.make = makeReshape});
  move("broadcastTo", {.make = makeBroadcast});
  move("transpose", {.make = makeTranspose});
  move("concatenate", {.make = makeConcatenate, .layouts = concatenateLayouts});
  move("slice", {.make = makeSlice, .layouts = regionLayouts});
  move("sliceBackward", {.make = makeInset, .layouts = regionLayouts});
  move("pad", {.make = makeInset, .layouts = regionLayouts});
});

}  // namespace nodegrad
