#include <algorithm>
#include <optional>

#include "core/parallel.h"
#include "core/window.h"
#include "cpu/isa.h"
#include "cpu/kernel_table.h"
#include "cpu/onednn.h"

namespace nodegrad {
namespace {

constexpr int64_t kLeastThreadElements = 1 << 14;

// An image tensor as the inner loops take it: images [height, width, channels] one after another. Blocked in
// channels or samples, each block is an image of its own; channels first in row-major memory, each channel.
struct Images {
  int64_t count, height, width, channels;
};

// In which blocks an image tensor lies.
struct Blocks {
  enum Of { Nothing, Channels, Samples } of = Nothing;
  int64_t size = 0;
};

// Channels in blocks of 4, 8 or 16: the blocks of a sample one after another, each place by place.
LayoutPtr channelBlocks(const TensorType& type, const ImageAxes& axes, int64_t block) {
  const Dims& shape = type.shape;
  const onednn::Tag tag =
      block == 4 ? onednn::Tag::nChw4c : (block == 8 ? onednn::Tag::nChw8c : onednn::Tag::nChw16c);
  const onednn::Desc desc({shape[axes.n], shape[axes.c], shape[axes.h], shape[axes.w]},
                          onednn::dataType(type.dtype), tag);
  return onednn::layoutOf(desc.permute_axes({axes.n, axes.c, axes.h, axes.w}));
}

LayoutPtr layoutOf(const TensorType& type, const ImageAxes& axes, Blocks blocks) {
  if (blocks.of == Blocks::Nothing) return nullptr;
  return blocks.of == Blocks::Channels ? channelBlocks(type, axes, blocks.size)
                                       : sampleBlocks(type, axes, blocks.size);
}

// The blocks of a layout; none of any other, and of row-major.
Blocks blocksOf(const TensorType& type, const LayoutPtr& layout, const ImageAxes& axes) {
  if (!layout) return {};
  for (int64_t size : {4, 8, 16}) {
    for (Blocks::Of of : {Blocks::Channels, Blocks::Samples}) {
      if (of == Blocks::Samples && type.shape[axes.n] % size != 0) continue;
      if (sameLayout(layout, layoutOf(type, axes, {of, size}))) return {of, size};
    }
  }
  return {};
}

Images imagesOf(const Dims& shape, const ImageAxes& axes, Blocks blocks) {
  const int64_t n = shape[axes.n], c = shape[axes.c], h = shape[axes.h], w = shape[axes.w];
  if (blocks.of == Blocks::Channels) return {n * ((c + blocks.size - 1) / blocks.size), h, w, blocks.size};
  if (blocks.of == Blocks::Samples) return {n / blocks.size * c, h, w, blocks.size};
  if (axes.c == 3) return {n, h, w, c};
  return {n * c, h, w, 1};
}

// The places of `in` that each window holds, and the windows that hold each place.
void spans(int64_t in, int64_t out, int64_t kernel, int64_t stride, int64_t pad, std::vector<Span>& held,
           std::vector<Span>& holders) {
  for (int64_t o = 0; o < out; ++o) {
    const int64_t first = o * stride - pad;
    held.push_back({static_cast<int32_t>(std::max<int64_t>(first, 0)),
                    static_cast<int32_t>(std::min(first + kernel, in))});
  }
  for (int64_t i = 0; i < in; ++i) {
    const int64_t before = i + pad - kernel;  // the last place of windows that end before i
    const int64_t begin = before < 0 ? 0 : before / stride + 1;
    holders.push_back({static_cast<int32_t>(std::min(begin, out)),
                       static_cast<int32_t>(std::min((i + pad) / stride + 1, out))});
  }
}

// Which tensors of a pooling op are of the image's shape and which of the output's.
const TensorType& imageType(const KernelSpec& spec) {
  return spec.op == "maxPool2dBackward" || spec.op == "avgPool2dBackward" ? spec.outputs[0] : spec.inputs[0];
}

class PoolKernel : public Kernel {
 public:
  explicit PoolKernel(const KernelSpec& spec)
      : isa_(isaKernels()), op_(opOf(spec.op)), threads_(teamThreads()) {
    const ImageAxes axes = imageAxes(spec.op, spec.attrs);
    const Dims& x = imageType(spec).shape;
    const Window window = poolWindow(spec.op, spec.attrs, x[axes.h], x[axes.w]);
    const LayoutPtr& layout = spec.inputLayouts[0];
    const Blocks blocks = blocksOf(spec.inputs[0], layout, axes);
    if (layout && blocks.of == Blocks::Nothing)
      fail(ErrorCode::Device, "[", spec.op, "] cannot run in this layout");
    images_ = imagesOf(x, axes, blocks);
    outHeight_ = window.outH;
    spans(images_.height, window.outH, window.kernel[0], window.strides[0], window.pads[0], rows_, outRows_);
    spans(images_.width, window.outW, window.kernel[1], window.strides[1], window.pads[2], columns_,
          outColumns_);
    const DType indices = op_ == Op::Max ? spec.outputs[1].dtype : spec.inputs.back().dtype;
    shape_ = {images_.width,
              images_.channels,
              window.outW,
              window.kernel[1],
              {window.strides[0], window.strides[1]},
              {window.pads[0], window.pads[2]},
              rows_.data(),
              columns_.data(),
              outRows_.data(),
              outColumns_.data(),
              indices == DType::U8,
              !spec.attrs.has("divide") || spec.attrs.boolean("divide")};
  }

  std::string implementation() const override { return std::string("own:") + isa_.name; }

  void run(void* const* inputs, void* const* outputs, void*) override {
    const bool backward = op_ == Op::MaxBackward || op_ == Op::AverageBackward;
    const int64_t rows = backward ? images_.height : outHeight_;
    const int64_t grain = kLeastThreadElements / std::max<int64_t>(1, images_.width * images_.channels);
    parallelFor(threads_, images_.count * rows, grain, [&](int64_t begin, int64_t end, int) {
      for (int64_t item = begin; item < end; ++item) runRow(inputs, outputs, item / rows, item % rows);
    });
  }

 private:
  enum class Op { Max, MaxBackward, MaxGather, Average, AverageBackward };

  static Op opOf(const std::string& name) {
    if (name == "maxPool2d") return Op::Max;
    if (name == "maxPool2dBackward") return Op::MaxBackward;
    if (name == "maxPool2dGather") return Op::MaxGather;
    return name == "avgPool2d" ? Op::Average : Op::AverageBackward;
  }

  void runRow(void* const* inputs, void* const* outputs, int64_t image, int64_t row) const {
    const PoolKernels& pool = *isa_.pool;
    const int64_t inRow = images_.width * images_.channels, outRow = shape_.outWidth * images_.channels;
    const int64_t in = image * images_.height * inRow, out = image * outHeight_ * outRow;
    const int64_t indexBytes = shape_.byteIndices ? 1 : 4;
    auto* from = static_cast<const float*>(inputs[0]);
    auto* to = static_cast<float*>(outputs[0]);
    switch (op_) {
      case Op::Max: {
        const int64_t at = out + row * outRow;
        return pool.max(shape_, from + in, to + at, static_cast<char*>(outputs[1]) + at * indexBytes, row);
      }
      case Op::MaxBackward:
        return pool.maxBackward(shape_, from + out, static_cast<const char*>(inputs[1]) + out * indexBytes,
                                to + in + row * inRow, row);
      case Op::MaxGather: {
        const int64_t at = out + row * outRow;
        return pool.maxGather(shape_, from + in, static_cast<const char*>(inputs[1]) + at * indexBytes,
                              to + at, row);
      }
      case Op::Average: return pool.average(shape_, from + in, to + out + row * outRow, row);
      case Op::AverageBackward: return pool.averageBackward(shape_, from + out, to + in + row * inRow, row);
    }
  }

  const IsaKernels& isa_;
  Op op_;
  Images images_;
  int64_t outHeight_;
  std::vector<Span> rows_, columns_, outRows_, outColumns_;
  PoolShape shape_;
  int threads_;
};

// Follows an input that is blocked in channels or samples, first of all the indices: they lie where the
// forward pass put them. Padding stays zero: a window of zeros has maximum, sum and gradient zero.
LayoutChoice poolLayouts(const KernelSpec& spec, const std::vector<bool>&) {
  LayoutChoice choice;
  const ImageAxes axes = imageAxes(spec.op, spec.attrs);
  Blocks blocks;
  for (size_t i = spec.inputs.size(); i-- > 0 && blocks.of == Blocks::Nothing;)
    blocks = blocksOf(spec.inputs[i], spec.inputLayouts[i], axes);
  for (const TensorType& type : spec.inputs) choice.inputs.push_back(layoutOf(type, axes, blocks));
  for (const TensorType& type : spec.outputs) choice.outputs.push_back(layoutOf(type, axes, blocks));
  return choice;
}

std::unique_ptr<Kernel> makePool(const KernelSpec& spec) { return std::make_unique<PoolKernel>(spec); }

}  // namespace

void registerPoolKernels(KernelTable& table) {
  for (const char* name :
       {"maxPool2d", "maxPool2dBackward", "maxPool2dGather", "avgPool2d", "avgPool2dBackward"}) {
    table[name] = {makePool, poolLayouts};
  }
}

}  // namespace nodegrad
