#include "spec/conv.h"

#include <memory>

#include "convolution_plan.h"
#include "kernel_table.h"
#include "strided_copy.h"
#include "zero_kernel.h"

namespace nodegrad::cuda {

namespace {

using spec::Convolution;
using spec::ConvPass;

// A convolution or one of its gradients. Weights have another order of dimensions for cuDNN: they are few
// beside what is computed with them, so that each run copies them.
class ConvKernel : public OwnKernel {
 public:
  ConvKernel(const KernelSpec& spec, const QueuePtr& queue)
      : OwnKernel(queue), conv_(spec), plan_(spec.op, conv_), weights_(count(conv_.w.shape)) {
    const Dims& shape = conv_.w.shape;  // [spatial …, in, out]
    const Dims own = rowMajorStrides(shape);
    Dims other = own;
    const int64_t out = shape.back();
    for (int64_t& stride : other) stride /= out;
    other.back() = weights_ / out;
    toLibrary_ = merged(shape, own, other);
    fromLibrary_ = merged(shape, other, own);
  }

  std::string implementation() const override { return "cudnn"; }
  size_t scratchBytes() const override { return weightBytes() + plan_.workspaceBytes(); }

  void run(const void* const* inputs, void* const* outputs, void* scratch) override {
    const bool forward = conv_.pass == ConvPass::Forward, filter = conv_.pass == ConvPass::BackwardFilter;
    const void* x = conv_.pass == ConvPass::BackwardData ? outputs[0] : inputs[conv_.xIndex];
    const void* y = forward ? outputs[0] : inputs[conv_.yIndex];
    const size_t elementBytes = sizeOf(conv_.w.dtype);
    if (!filter) copyStrided(stream(), inputs[conv_.wIndex], scratch, toLibrary_, weights_, elementBytes);
    plan_.run(stream(), x, scratch, y, static_cast<std::byte*>(scratch) + weightBytes());
    if (filter) copyStrided(stream(), scratch, outputs[0], fromLibrary_, weights_, elementBytes);
  }

 private:
  // With what the workspace after them is aligned to.
  size_t weightBytes() const {
    constexpr size_t kAlignment = 256;
    return (bytesOf(conv_.w) + kAlignment - 1) / kAlignment * kAlignment;
  }

  Convolution conv_;
  ConvolutionPlan plan_;
  int64_t weights_;
  StridedPair toLibrary_, fromLibrary_;
};

std::unique_ptr<Kernel> makeConv(const KernelSpec& spec, const QueuePtr& queue) {
  const Convolution conv(spec);
  if (count(conv.x.shape) > 0 && count(conv.w.shape) > 0 && count(conv.y.shape) > 0)
    return std::make_unique<ConvKernel>(spec, queue);
  if (conv.pass == ConvPass::Forward && count(conv.y.shape) > 0)
    fail(ErrorCode::Shape, "[conv] expected an image of at least one channel, received ", toString(conv.x));
  return std::make_unique<ZeroKernel>(spec, queue);
}

// Nothing is fused: a bias and what follows it are a chain of element-wise steps.
bool supportsConv(const KernelSpec& spec) {
  const Convolution conv(spec);
  const bool linear = !spec.attrs.has("activation") || spec.attrs.text("activation") == "linear";
  return linear && !conv.isFused() && !conv.residual && !conv.bias && spec.outputs.size() == 1;
}

}  // namespace

void addConvolutions(KernelTable& table) {
  for (const char* op : {"conv", "convBackwardData", "convBackwardFilter"})
    table[op] = {makeConv, nullptr, supportsConv};
}

}  // namespace nodegrad::cuda
