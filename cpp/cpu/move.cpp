#include <algorithm>
#include <cstring>

#include "core/parallel.h"
#include "core/slice.h"
#include "cpu/kernel_table.h"
#include "cpu/strided_copy.h"
#include "cpu/walk.h"

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

  void run(void* const* inputs, void* const* outputs, void*) override {
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

std::unique_ptr<Kernel> makeConcatenate(const KernelSpec& spec) {
  const Dims out = rowMajorStrides(spec.outputs[0].shape);
  const int64_t axis = normalizeAxis(spec.op, spec.attrs.integer("axis"), out.size());
  std::vector<Part> parts;
  int64_t at = 0;
  for (size_t i = 0; i < spec.inputs.size(); ++i) {
    const Dims& shape = spec.inputs[i].shape;
    parts.push_back(part(spec, i, shape, rowMajorStrides(shape), out, 0, at * out[axis]));
    at += shape[axis];
  }
  return kernelOf(spec, std::move(parts));
}

// Where the elements that a slice takes lie in the sliced tensor.
struct Taken {
  Dims sizes, strides;
  int64_t offset = 0;
};

Taken taken(const KernelSpec& spec, const Dims& whole) {
  const Dims strides = rowMajorStrides(whole);
  Taken t;
  size_t d = 0;
  for (const SliceAxis& axis : sliceOf(spec.op, spec.attrs, whole)) {
    t.sizes.push_back(axis.count);
    t.strides.push_back(axis.stride * strides[d]);
    t.offset += axis.begin * strides[d++];
  }
  return t;
}

std::unique_ptr<Kernel> makeSlice(const KernelSpec& spec) {
  const Taken t = taken(spec, spec.inputs[0].shape);
  return kernelOf(spec, {part(spec, 0, t.sizes, t.strides, rowMajorStrides(t.sizes), t.offset, 0)});
}

std::unique_ptr<Kernel> makeSliceBackward(const KernelSpec& spec) {
  const Taken t = taken(spec, spec.outputs[0].shape);
  return kernelOf(spec, {part(spec, 0, t.sizes, rowMajorStrides(t.sizes), t.strides, 0, t.offset)},
                  Filling(spec.outputs[0], 0));
}

std::unique_ptr<Kernel> makePad(const KernelSpec& spec) {
  const Dims& shape = spec.inputs[0].shape;
  const Dims out = rowMajorStrides(spec.outputs[0].shape), &paddings = spec.attrs.integers("paddings");
  int64_t at = 0;
  for (size_t d = 0; d < shape.size(); ++d) at += paddings[2 * d] * out[d];
  return kernelOf(spec, {part(spec, 0, shape, rowMajorStrides(shape), out, 0, at)},
                  Filling(spec.outputs[0], spec.attrs.number("value")));
}

}  // namespace

void registerMoveKernels(KernelTable& table) {
  table["constant"] = {makeConstant};
  table["reshape"] = {makeReshape};
  table["broadcastTo"] = {makeBroadcast};
  table["transpose"] = {makeTranspose};
  table["concatenate"] = {makeConcatenate};
  table["slice"] = {makeSlice};
  table["sliceBackward"] = {makeSliceBackward};
  table["pad"] = {makePad};
}

}  // namespace nodegrad
