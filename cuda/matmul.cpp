#include <algorithm>
#include <vector>

#include "kernel_table.h"
#include "operand.h"
#include "product.h"
#include "spec/inner_product.h"
#include "zero_kernel.h"

namespace nodegrad::cuda {

namespace {

// The bytes that divide an address and this offset from it.
size_t alignmentAt(int64_t bytes) {
  constexpr int64_t kMost = 16;  // more bring nothing
  return static_cast<size_t>(bytes == 0 ? kMost : std::min(kMost, bytes & -bytes));
}

class ProductKernel : public OwnKernel {
 public:
  explicit ProductKernel(QueuePtr queue) : OwnKernel(std::move(queue)) {}
  std::string implementation() const override { return "cublaslt"; }
  size_t scratchBytes() const override { return plan_->workspaceBytes(); }

 protected:
  std::unique_ptr<ProductPlan> plan_;
};

// Two stacks of matrices, along whose leading dimensions either may be broadcast.
class MatmulKernel : public ProductKernel {
 public:
  MatmulKernel(const KernelSpec& spec, const QueuePtr& queue) : ProductKernel(queue) {
    const TensorType &a = spec.inputs[0], &b = spec.inputs[1], &y = spec.outputs[0];
    Product product{.op = spec.op,
                    .m = y.shape[y.shape.size() - 2],
                    .n = y.shape.back(),
                    .k = 0,
                    .transposeA = spec.attrs.boolean("transposeA"),
                    .transposeB = spec.attrs.boolean("transposeB"),
                    .multiplicands = a.dtype,
                    .result = y.dtype,
                    .tensorFloat = spec.compute == Compute::TensorFloat32};
    product.k = a.shape[a.shape.size() - (product.transposeA ? 2 : 1)];
    const Dims stack(y.shape.begin(), y.shape.end() - 2);
    const StridedPair dims = merged(stack, stackStrides(a, stack), stackStrides(b, stack));
    const int last = dims.rank - 1;
    if (dims.rank > 0) {
      product.batch = dims.sizes[last];
      product.strideA = dims.from[last];
      product.strideB = dims.to[last];
    }
    // One matrix b for all rows of a.
    if (product.batch > 1 && product.strideB == 0 && !product.transposeA &&
        product.strideA == product.m * product.k) {
      product.m *= product.batch;
      product.batch = 1;
    }
    place(dims, last, product.m * product.n * product.batch);
    for (Offsets& at : offsets_) {
      at = {at.a * elementBytes(a), at.b * elementBytes(b), at.y * elementBytes(y)};
      product.alignment =
          std::min({product.alignment, alignmentAt(at.a), alignmentAt(at.b), alignmentAt(at.y)});
    }
    plan_ = std::make_unique<ProductPlan>(product);
  }

  void run(const void* const* inputs, void* const* outputs, void* scratch) override {
    for (const Offsets& at : offsets_)
      plan_->run(stream(), static_cast<const std::byte*>(inputs[0]) + at.a,
                 static_cast<const std::byte*>(inputs[1]) + at.b, nullptr,
                 static_cast<std::byte*>(outputs[0]) + at.y, scratch);
  }

 private:
  struct Offsets {
    int64_t a = 0, b = 0, y = 0;
  };

  static int64_t elementBytes(const TensorType& type) { return static_cast<int64_t>(sizeOf(type.dtype)); }
  static Dims stackStrides(const TensorType& type, const Dims& stack) {
    const Dims own(type.shape.begin(), type.shape.end() - 2);
    Dims strides = broadcastStrides(own, stack);
    for (int64_t& stride : strides) stride *= type.shape[type.shape.size() - 2] * type.shape.back();
    return strides;
  }

  // Where each of the stacks begins that one call takes, of so many results; `outer` dimensions are left.
  void place(const StridedPair& dims, int outer, int64_t results) {
    int64_t products = 1;
    for (int d = 0; d < outer; ++d) products *= dims.sizes[d];
    for (int64_t p = 0; p < products; ++p) {
      Offsets at{0, 0, p * results};
      int64_t rest = p;
      for (int d = outer - 1; d >= 0; --d) {
        const int64_t index = rest % dims.sizes[d];
        at.a += index * dims.from[d];
        at.b += index * dims.to[d];
        rest /= dims.sizes[d];
      }
      offsets_.push_back(at);
    }
  }

  std::vector<Offsets> offsets_;  // in bytes
};

using spec::InnerProduct;
using Pass = spec::ProductPass;

// A dense layer or one of its gradients.
class InnerProductKernel : public ProductKernel {
 public:
  InnerProductKernel(const KernelSpec& spec, const QueuePtr& queue) : ProductKernel(queue) {
    const InnerProduct ip(spec);
    bias_ = ip.pass == Pass::Forward && ip.bias;
    swapped_ = ip.pass == Pass::BackwardData;
    Product product{.op = spec.op,
                    .m = ip.n,
                    .n = ip.units,
                    .k = ip.k,
                    .multiplicands = spec.inputs[0].dtype,
                    .result = spec.outputs[0].dtype,
                    .tensorFloat = spec.compute == Compute::TensorFloat32,
                    .bias = bias_};
    if (ip.pass == Pass::BackwardData) {
      product.n = ip.k;
      product.k = ip.units;
      product.transposeB = true;
    } else if (ip.pass == Pass::BackwardWeights) {
      product.m = ip.k;
      product.k = ip.n;
      product.transposeA = true;
    }
    plan_ = std::make_unique<ProductPlan>(product);
  }

  void run(const void* const* inputs, void* const* outputs, void* scratch) override {
    plan_->run(stream(), inputs[swapped_ ? 1 : 0], inputs[swapped_ ? 0 : 1], bias_ ? inputs[2] : nullptr,
               outputs[0], scratch);
  }

 private:
  bool bias_ = false;
  bool swapped_;  // the weights come first
};

std::unique_ptr<Kernel> makeMatmul(const KernelSpec& spec, const QueuePtr& queue) {
  if (count(spec.inputs[0].shape) == 0 || count(spec.inputs[1].shape) == 0)
    return std::make_unique<ZeroKernel>(spec, queue);
  return std::make_unique<MatmulKernel>(spec, queue);
}

std::unique_ptr<Kernel> makeInnerProduct(const KernelSpec& spec, const QueuePtr& queue) {
  const InnerProduct ip(spec);
  if (ip.n != 0 && ip.k != 0 && ip.units != 0) return std::make_unique<InnerProductKernel>(spec, queue);
  if (ip.pass == Pass::Forward && count(ip.y.shape) > 0)
    fail(ErrorCode::Shape, "[innerProduct] expected at least one feature a sample, received ",
         toString(ip.x));
  return std::make_unique<ZeroKernel>(spec, queue);
}

// An activation is not fused: cuBLASLt's ReLU is not said to keep NaN, and a chain of element-wise steps
// takes it. Nor is the sum of a bias's gradient.
bool supportsInnerProduct(const KernelSpec& spec) {
  const bool linear = !spec.attrs.has("activation") || spec.attrs.text("activation") == "linear";
  const bool bias = spec.op == "innerProduct" && spec.inputs.size() > 2;
  // A bias has the result's dtype, which may become bfloat16.
  return linear && spec.outputs.size() == 1 && !(bias && spec.compute == Compute::BFloat16);
}

}  // namespace

void addProducts(KernelTable& table) {
  table["matmul"] = {makeMatmul, nullptr, nullptr, productPrecisions};
  for (const char* op : {"innerProduct", "innerProductBackwardData", "innerProductBackwardWeights"})
    table[op] = {makeInnerProduct, nullptr, supportsInnerProduct, productPrecisions};
}

}  // namespace nodegrad::cuda
