#include "spec/conv.h"

#include <memory>

#include "convolution_plan.h"
#include "core/align.h"
#include "kernel_table.h"
#include "strided_copy.h"
#include "zero_kernel.h"

namespace nodegrad::cuda {

namespace {

using spec::Convolution;
using spec::ConvPass;

// As the library is to see it: all tensors of the dtype of those that are multiplied.
Convolution inOneDtype(const KernelSpec& spec) {
  Convolution conv(spec);
  conv.x.dtype = conv.w.dtype = conv.y.dtype = spec.inputs[0].dtype;
  return conv;
}

// How weights of this shape, [spatial …, in, out], are copied to [out, spatial …, in] and back.
struct WeightOrder {
  explicit WeightOrder(const Dims& shape) : elements(count(shape)) {
    const Dims own = rowMajorStrides(shape);
    Dims other = own;
    for (int64_t& stride : other) stride /= shape.back();
    other.back() = elements / shape.back();
    toLibrary = merged(shape, own, other);
    fromLibrary = merged(shape, other, own);
  }

  int64_t elements;
  StridedPair toLibrary, fromLibrary;
};

// A convolution or one of its gradients. Weights have another order of dimensions for cuDNN: they are few
// compared with what is computed with them, so that each run copies them. A result of float32 whose factors
// are bfloat16 is bfloat16 first: cuDNN has no engines for both.
class ConvKernel : public OwnKernel {
 public:
  ConvKernel(const KernelSpec& spec, const QueuePtr& queue)
      : OwnKernel(queue),
        conv_(inOneDtype(spec)),
        plan_(std::make_shared<ConvolutionPlan>(spec.op, conv_, spec.compute == Compute::TensorFloat32)),
        order_(conv_.w.shape),
        widens_(spec.outputs[0].dtype != conv_.x.dtype) {
    const int64_t results = count(spec.outputs[0].shape);
    all_ = merged({results}, {1}, {1});
    if (widens_ && conv_.pass != ConvPass::BackwardFilter)
      resultBytes_ = padded(static_cast<size_t>(results) * sizeOf(conv_.x.dtype));
  }

  std::string implementation() const override { return plan_->isCompiled() ? "cudnn:compiled" : "cudnn"; }
  size_t scratchBytes() const override { return weightBytes_ + resultBytes_ + plan_->workspaceBytes(); }

  void run(const void* const* inputs, void* const* outputs, void* scratch) override {
    queue_->keep(plan_);  // it has the code of what is recorded
    auto* weights = static_cast<std::byte*>(scratch);
    std::byte* narrow = weights + weightBytes_;
    std::byte* workspace = narrow + resultBytes_;
    void* result = resultBytes_ > 0 ? narrow : outputs[0];
    switch (conv_.pass) {
      case ConvPass::Forward:
        giveWeights(inputs[1], weights);
        plan_->run(stream(), inputs[0], weights, result, workspace);
        break;
      case ConvPass::BackwardData:
        giveWeights(inputs[0], weights);
        plan_->run(stream(), result, weights, inputs[1], workspace);
        break;
      case ConvPass::BackwardFilter:
        plan_->run(stream(), inputs[0], weights, inputs[1], workspace);
        return takeWeights(weights, outputs[0]);
    }
    if (resultBytes_ > 0) widenStrided(stream(), narrow, outputs[0], all_, all_.sizes[0]);
  }

 private:
  // With what is aligned after it.
  static size_t padded(size_t bytes) { return roundUp(bytes, kMemoryAlignment); }
  void giveWeights(const void* from, void* to) {
    copyStrided(stream(), from, to, order_.toLibrary, order_.elements, sizeOf(conv_.w.dtype));
  }
  void takeWeights(const void* from, void* to) {
    if (widens_)
      widenStrided(stream(), from, to, order_.fromLibrary, order_.elements);
    else
      copyStrided(stream(), from, to, order_.fromLibrary, order_.elements, sizeOf(conv_.w.dtype));
  }

  Convolution conv_;
  std::shared_ptr<ConvolutionPlan> plan_;
  WeightOrder order_;
  bool widens_;
  size_t weightBytes_ = padded(bytesOf(conv_.w)), resultBytes_ = 0;
  StridedPair all_;
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
    table[op] = {makeConv, nullptr, supportsConv, productPrecisions};
}

}  // namespace nodegrad::cuda
