#include <algorithm>

#include "cpu/kernel_table.h"
#include "cpu/own_kernel.h"
#include "cpu/pool/images.h"
#include "cpu/pool/kernels.h"
#include "spec/composition.h"

namespace nodegrad {
namespace {

constexpr int64_t kLeastThreadElements = 1 << 14;

// Which tensors of a pooling op are of the image's shape and which of the output's.
const TensorType& imageType(const KernelSpec& spec) {
  return spec.op == "maxPoolBackward" || spec.op == "averagePoolBackward" ? spec.outputs[0] : spec.inputs[0];
}

class PoolKernel : public OwnKernel {
 public:
  explicit PoolKernel(const KernelSpec& spec)
      : op_(opOf(spec.op)),
        dtype_(spec.inputs[0].dtype),
        makesIndices_(spec.outputs.size() > 1),
        images_(imagesOf(spec)),
        geometry_(images_, windowOf(spec), byteIndices(spec),
                  !spec.attrs.has("divide") || spec.attrs.boolean("divide")) {}

  void run(const void* const* inputs, void* const* outputs, void*) override {
    const bool backward = op_ == Op::MaxBackward || op_ == Op::AverageBackward;
    const int64_t rows = backward ? images_.depth * images_.height : geometry_.outRows();
    const int64_t grain = kLeastThreadElements / std::max<int64_t>(1, images_.width * images_.channels);
    parallelFor(threads_, images_.count * rows, grain, [&](int64_t begin, int64_t end, int) {
      for (int64_t item = begin; item < end; ++item) {
        withFloatType(dtype_, [&](auto number) {
          runRow(kernelsFor<decltype(number)>(isa_.pool), inputs, outputs, item / rows, item % rows);
        });
      }
    });
  }

 private:
  enum class Op { Max, MaxBackward, MaxGather, Average, AverageBackward };

  static Op opOf(const std::string& name) {
    if (name == "maxPool") return Op::Max;
    if (name == "maxPoolBackward") return Op::MaxBackward;
    if (name == "maxPoolGather") return Op::MaxGather;
    return name == "averagePool" ? Op::Average : Op::AverageBackward;
  }

  static Images imagesOf(const KernelSpec& spec) {
    const ImageAxes axes = imageAxes(spec.op, spec.attrs, spec.inputs[0].shape.size());
    const LayoutPtr& layout = spec.inputLayouts[0];
    const Blocks blocks = blocksOf(spec.inputs[0], layout, axes);
    if (layout && blocks.of == Blocks::Nothing)
      fail(ErrorCode::Device, "[", spec.op, "] cannot run in this layout");
    return Images::of(imageType(spec).shape, axes, blocks);
  }

  static Window windowOf(const KernelSpec& spec) {
    const Dims& x = imageType(spec).shape;
    return poolWindow(spec.op, spec.attrs, imageAxes(spec.op, spec.attrs, x.size()).spatialOf(x));
  }

  static bool byteIndices(const KernelSpec& spec) {
    return (spec.op == "maxPool" ? spec.outputs : spec.inputs).back().dtype == DType::U8;
  }

  template <class T>
  void runRow(const PoolKernels<T>& pool, const void* const* inputs, void* const* outputs, int64_t image,
              int64_t row) const {
    const PoolShape& shape = geometry_.shape();
    const int64_t inRow = images_.width * images_.channels, outRow = shape.width.out * images_.channels;
    const int64_t in = image * images_.depth * images_.height * inRow;
    const int64_t out = image * geometry_.outRows() * outRow;
    const int64_t indexBytes = shape.byteIndices ? 1 : 4;
    auto* from = static_cast<const T*>(inputs[0]);
    auto* to = static_cast<T*>(outputs[0]);
    switch (op_) {
      case Op::Max: {
        const int64_t at = out + row * outRow;
        char* indices = makesIndices_ ? static_cast<char*>(outputs[1]) + at * indexBytes : nullptr;
        return pool.max(shape, from + in, to + at, indices, row);
      }
      case Op::MaxBackward:
        return pool.maxBackward(shape, from + out, static_cast<const char*>(inputs[1]) + out * indexBytes,
                                to + in + row * inRow, row);
      case Op::MaxGather: {
        const int64_t at = out + row * outRow;
        return pool.maxGather(shape, from + in, static_cast<const char*>(inputs[1]) + at * indexBytes,
                              to + at, row);
      }
      case Op::Average: return pool.average(shape, from + in, to + out + row * outRow, row);
      case Op::AverageBackward: return pool.averageBackward(shape, from + out, to + in + row * inRow, row);
    }
  }

  Op op_;
  DType dtype_;
  bool makesIndices_;
  Images images_;
  PoolGeometry geometry_;
};

// Follows an input that is blocked in channels or samples, first of all the indices: they lie where the
// forward pass put them. Padding stays zero: a window of zeros has maximum, sum and gradient zero.
LayoutChoice poolLayouts(const KernelSpec& spec, const std::vector<bool>&) {
  LayoutChoice choice;
  const ImageAxes axes = imageAxes(spec.op, spec.attrs, spec.inputs[0].shape.size());
  Blocks blocks;
  for (size_t i = spec.inputs.size(); i-- > 0 && blocks.of == Blocks::Nothing;)
    blocks = blocksOf(spec.inputs[i], spec.inputLayouts[i], axes);
  for (const TensorType& type : spec.inputs) choice.inputs.push_back(blockedLayout(type, axes, blocks));
  for (const TensorType& type : spec.outputs) choice.outputs.push_back(blockedLayout(type, axes, blocks));
  return choice;
}

// The indices of the largest, which gradients alone ask for, may be left out.
bool supportsPool(const KernelSpec& spec) {
  const size_t all = spec::countOutputs(spec);
  return spec.outputs.size() == all || (spec.op == "maxPool" && spec.outputs.size() == 1);
}

}  // namespace

const KernelFamily family([](KernelTable& table) {
  for (const char* name :
       {"maxPool", "maxPoolBackward", "maxPoolGather", "averagePool", "averagePoolBackward"}) {
    table[name] = {.make = makeKernel<PoolKernel>,
                   .layouts = poolLayouts,
                   .supports = supportsPool,
                   .precisions = anyPrecisionOneDtype,
                   .windows = true};
  }
});

}  // namespace nodegrad
