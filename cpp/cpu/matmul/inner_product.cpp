#include "spec/inner_product.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "cpu/cpu_backend.h"
#include "cpu/elementwise/activation.h"
#include "cpu/kernel_table.h"
#include "cpu/matmul/matrix_product.h"
#include "cpu/matmul/split_product.h"
#include "cpu/memory/onednn.h"

namespace nodegrad {

namespace {

using onednn::Desc;

using Pass = spec::ProductPass;
using spec::InnerProduct;

// The layout of w in which its rows have the order of one sample of x; null for both where the samples of x
// are row-major. Nothing where the samples of x do not follow one another without gaps.
std::optional<LayoutPtr> weightsLayout(const TensorType& x, const LayoutPtr& xLayout, const TensorType& w) {
  const int64_t units = w.shape[1];
  if (!xLayout) return LayoutPtr();
  const Geometry image = geometry(x, xLayout);
  const bool batchBlocked = std::any_of(image.blocks.begin(), image.blocks.end(),
                                        [](const auto& block) { return block.first == 0; });
  const int64_t sample = x.shape[0] ? count(x.shape) / x.shape[0] : 0;
  if (batchBlocked || onednn::isPadded(image) || image.shape != x.shape || image.elements != count(x.shape) ||
      (x.shape[0] > 1 && image.strides[0] != sample))
    return std::nullopt;
  Geometry weights = onednn::withoutBlocks(image);
  weights.shape.erase(weights.shape.begin());
  weights.strides.erase(weights.strides.begin());
  for (int64_t& stride : weights.strides) stride *= units;
  weights.shape.push_back(units);
  weights.strides.push_back(1);
  weights.padded = weights.shape;
  weights.elements = sample * units;
  return onednn::layoutOf(w.dtype, weights);
}

// The layouts that a convolution may have given an image of this type, row-major not among them.
std::vector<LayoutPtr> imageLayouts(const TensorType& x) {
  using onednn::Tag;
  std::vector<LayoutPtr> layouts;
  if (x.shape.size() != 4) return layouts;
  for (const std::vector<int>& toTensor : {std::vector<int>{0, 3, 1, 2}, std::vector<int>{0, 1, 2, 3}}) {
    Dims dims(4);  // n, c, h, w
    for (size_t i = 0; i < 4; ++i) dims[i] = x.shape[static_cast<size_t>(toTensor[i])];
    for (Tag tag : {Tag::nChw16c, Tag::nChw8c, Tag::nChw4c, Tag::nhwc, Tag::nchw})
      layouts.push_back(onednn::layoutOf(Desc(dims, onednn::dataType(x.dtype), tag).permute_axes(toTensor)));
  }
  return layouts;
}

bool hasNothingToCompute(const InnerProduct& ip) { return ip.n == 0 || ip.k == 0 || ip.units == 0; }

LayoutChoice innerProductLayouts(const KernelSpec& spec, const std::vector<bool>&) {
  const InnerProduct ip(spec);
  LayoutChoice choice{std::vector<LayoutPtr>(spec.inputs.size()),
                      std::vector<LayoutPtr>(spec.outputs.size())};
  for (size_t i = 2; i < spec.inputs.size(); ++i)
    if (ip.pass != Pass::Forward) choice.inputs[i] = spec.inputLayouts[i];  // read for its shape alone
  if (hasNothingToCompute(ip)) return choice;
  if (ip.pass == Pass::BackwardData) {
    for (const LayoutPtr& x : imageLayouts(ip.x)) {
      const auto w = weightsLayout(ip.x, x, ip.w);
      if (!w || !ip.wLayout || !sameLayout(*w, ip.wLayout)) continue;
      choice.inputs[0] = ip.wLayout;
      choice.outputs[0] = x;
      break;
    }
    return choice;
  }
  const auto w = weightsLayout(ip.x, ip.xLayout, ip.w);
  if (!w) return choice;
  choice.inputs[0] = ip.xLayout;
  (ip.pass == Pass::Forward ? choice.inputs[1] : choice.outputs[0]) = *w;
  return choice;
}

// The products that our own kernel may make.
std::optional<MatrixProduct> plainProduct(const KernelSpec& spec, const InnerProduct& ip) {
  const std::string activation = activationOf(spec);
  if (activation != "linear" && activation != "relu") return std::nullopt;
  const bool weights = ip.pass == Pass::BackwardWeights;
  const DType dtype = ip.x.dtype;
  if ((weights ? ip.y : ip.w).dtype != dtype || (weights ? ip.w : ip.y).dtype != DType::F32)
    return std::nullopt;
  if (ip.pass == Pass::Forward && dtype == DType::F32)
    return MatrixProduct{
        .rows = ip.n, .depth = ip.k, .columns = ip.units, .bias = ip.bias, .relu = activation == "relu"};
  if (ip.pass == Pass::BackwardData && dtype == DType::F32)
    return MatrixProduct{
        .rows = ip.n, .depth = ip.units, .columns = ip.k, .transposeB = true, .bFirst = true};
  if (weights)
    return MatrixProduct{.rows = ip.k,
                         .depth = ip.n,
                         .columns = ip.units,
                         .transposeA = true,
                         .sums = ip.bias,
                         .dtype = dtype};
  return std::nullopt;
}

// Whether oneDNN's products of matrices are faster than its inner products. In bfloat16 on tiles: the latter
// have code for them only where weights are laid out anew. In float32 they took 0.77 to 0.96 times as long
// for 512 and more units, and 0.94 to 1.08 times for fewer (Granite Rapids).
bool matmulSuits(const InnerProduct& ip) {
  constexpr int64_t kManyUnits = 512, kManySamples = 256;
  if (!cpuHasTiles() || ip.pass == Pass::BackwardWeights) return false;
  if (ip.w.dtype == DType::BF16) return true;
  return ip.units >= kManyUnits && (ip.pass == Pass::BackwardData || ip.n >= kManySamples);
}

// y = x · w [+ bias], or dx = dy · wᵀ, as a product of matrices.
std::unique_ptr<Kernel> makeMatmul(const KernelSpec& spec, const InnerProduct& ip) {
  using onednn::Tag;
  const bool forward = ip.pass == Pass::Forward;
  const auto matrix = [](DType dtype, int64_t rows, int64_t columns, Tag tag) {
    return Desc({rows, columns}, onednn::dataType(dtype), tag);
  };
  const Desc x = matrix(ip.x.dtype, ip.n, ip.k, Tag::ab), y = matrix(ip.y.dtype, ip.n, ip.units, Tag::ab);
  const Desc w =
      forward ? matrix(ip.w.dtype, ip.k, ip.units, Tag::ab) : matrix(ip.w.dtype, ip.units, ip.k, Tag::ba);
  const Desc bias = ip.bias ? matrix(DType::F32, 1, ip.units, Tag::ab) : Desc();
  const dnnl::matmul::primitive_desc pd(onednn::engine(), forward ? x : y, w, bias, forward ? y : x,
                                        onednn::attributes(spec.op, spec.attrs));
  auto kernel = std::make_unique<onednn::PrimitiveKernel>(spec.op, pd);
  kernel->bindInput(DNNL_ARG_SRC, forward ? 0 : 1, forward ? x : y);
  kernel->bindInput(DNNL_ARG_WEIGHTS, forward ? 1 : 0, w);
  if (ip.bias) kernel->bindInput(DNNL_ARG_BIAS, 2, bias);
  kernel->bindOutput(DNNL_ARG_DST, 0, forward ? y : x);
  return kernel;
}

std::unique_ptr<Kernel> makePrimitive(const KernelSpec& spec);

// The gradient of the weights and, as a sum, that of the bias: of 2560 samples and 512 units oneDNN's own
// took 0.5 ms for what is read in 0.1 (Granite Rapids, float32).
class WithBiasGradient : public Kernel {
 public:
  explicit WithBiasGradient(const KernelSpec& spec) {
    KernelSpec weights = spec, bias;
    weights.outputs.pop_back();
    weights.outputLayouts.pop_back();
    bias.op = "sum";
    bias.attrs = {{"axes", Dims{0}}, {"keepDims", false}};
    bias.inputs = {spec.inputs[1]};
    bias.outputs = {spec.outputs[1]};
    bias.inputLayouts = bias.outputLayouts = {nullptr};
    weights_ = makePrimitive(weights);
    bias_ = cpuKernels().at(bias.op).make(bias);
  }

  void run(const void* const* inputs, void* const* outputs, void* scratch) override {
    weights_->run(inputs, outputs, scratch);
    bias_->run(inputs + 1, outputs + 1, scratch);
  }
  size_t scratchBytes() const override { return std::max(weights_->scratchBytes(), bias_->scratchBytes()); }
  std::string implementation() const override { return weights_->implementation(); }

 private:
  std::unique_ptr<Kernel> weights_, bias_;
};

std::unique_ptr<Kernel> makePrimitive(const KernelSpec& spec) {
  constexpr int64_t kManySamples = 256;  // of whose gradients the sum is worth a kernel
  const InnerProduct ip(spec);
  const auto rows = weightsLayout(ip.x, ip.xLayout, ip.w);
  if (!rows || !sameLayout(*rows, ip.wLayout) || ip.yLayout) onednn::raise(spec.op, dnnl_unimplemented);
  if (auto product = plainProduct(spec, ip)) {
    const bool sums = std::exchange(product->sums, false);
    if (sums && splitProductSuits(*product)) return std::make_unique<WithBiasGradient>(spec);
    product->sums = sums;
    if (auto kernel = makeFasterProduct(*product)) return kernel;
  }
  if (ip.pass == Pass::BackwardWeights && ip.bias && ip.n >= kManySamples)
    return std::make_unique<WithBiasGradient>(spec);
  if (matmulSuits(ip)) return makeMatmul(spec, ip);
  const Desc x({ip.n, ip.k}, onednn::dataType(ip.x.dtype), onednn::Tag::ab);
  const Desc w({ip.units, ip.k}, onednn::dataType(ip.w.dtype), onednn::Tag::ba);
  const Desc y({ip.n, ip.units}, onednn::dataType(ip.y.dtype), onednn::Tag::ab);
  const Desc bias = ip.bias ? onednn::rowMajorDesc(DType::F32, {ip.units}) : Desc();
  const auto& engine = onednn::engine();
  const dnnl::primitive_attr attr = onednn::attributes(spec.op, spec.attrs);
  const auto forward = [&](const Desc& source, const Desc& weights, const Desc& b,
                           const dnnl::primitive_attr& a) {
    return dnnl::inner_product_forward::primitive_desc(engine, dnnl::prop_kind::forward_training, source,
                                                       weights, b, y, a);
  };
  // What oneDNN is to be told of the forward pass: its source and weights are of dy's dtype.
  const auto hint = [&] {
    const auto dtype = onednn::dataType(ip.y.dtype);
    return forward(Desc({ip.n, ip.k}, dtype, onednn::Tag::ab), Desc({ip.units, ip.k}, dtype, onednn::Tag::ba),
                   Desc(), {});
  };
  std::unique_ptr<onednn::PrimitiveKernel> kernel;
  switch (ip.pass) {
    case Pass::Forward:
      kernel = std::make_unique<onednn::PrimitiveKernel>(spec.op, forward(x, w, bias, attr));
      kernel->bindInput(DNNL_ARG_SRC, 0, x);
      kernel->bindInput(DNNL_ARG_WEIGHTS, 1, w);
      if (ip.bias) kernel->bindInput(DNNL_ARG_BIAS, 2, bias);
      kernel->bindOutput(DNNL_ARG_DST, 0, y);
      break;
    case Pass::BackwardData:
      kernel = std::make_unique<onednn::PrimitiveKernel>(
          spec.op, dnnl::inner_product_backward_data::primitive_desc(engine, x, w, y, hint(), attr));
      kernel->bindInput(DNNL_ARG_WEIGHTS, 0, w);
      kernel->bindInput(DNNL_ARG_DIFF_DST, 1, y);
      kernel->bindOutput(DNNL_ARG_DIFF_SRC, 0, x);
      break;
    case Pass::BackwardWeights:
      kernel = std::make_unique<onednn::PrimitiveKernel>(
          spec.op, dnnl::inner_product_backward_weights::primitive_desc(engine, x, w, bias, y, hint(), attr));
      kernel->bindInput(DNNL_ARG_SRC, 0, x);
      kernel->bindInput(DNNL_ARG_DIFF_DST, 1, y);
      kernel->bindOutput(DNNL_ARG_DIFF_WEIGHTS, 0, w);
      if (ip.bias) kernel->bindOutput(DNNL_ARG_DIFF_BIAS, 1, bias);
      break;
  }
  return kernel;
}

std::unique_ptr<Kernel> makeInnerProduct(const KernelSpec& spec) {
  const InnerProduct ip(spec);
  if (hasNothingToCompute(ip)) {
    if (ip.pass == Pass::Forward && count(ip.y.shape) > 0)
      fail(ErrorCode::Shape, "[innerProduct] expected at least one feature a sample, received ",
           toString(ip.x));
    return onednn::zerosKernel(spec);
  }
  std::vector<size_t> operands{0, 1};
  if (ip.bias) operands.push_back(2);
  return withNanKeepingActivation(spec, operands, makePrimitive);
}

// A bias's gradient is made where it is asked for.
bool supportsInnerProduct(const KernelSpec&) { return true; }

PrecisionChoice innerProductPrecisions(const KernelSpec& spec) {
  PrecisionChoice choice = onlyFloat32(spec);
  const InnerProduct ip(spec);
  // For few rows a copy of the weights in each step takes longer than the products save: at 2 rows a net was
  // 1.4 times slower in bfloat16, at 8 1.15 times, at 16 1.7 times faster (Zen 4).
  constexpr int64_t kEnoughRows = 16;
  const bool copied = ip.pass == Pass::BackwardWeights || !spec.isInvariant(ip.pass == Pass::Forward ? 1 : 0);
  if (hasNothingToCompute(ip) || (copied && ip.n < kEnoughRows)) return choice;
  choice.inputs[0] = choice.inputs[1] = Precision::BFloat16;
  if (spec.op != "innerProductBackwardWeights") choice.outputs[0] = Precision::Either;
  return choice;
}

}  // namespace

const KernelFamily family([](KernelTable& table) {
  for (const char* op : {"innerProduct", "innerProductBackwardData", "innerProductBackwardWeights"})
    table[op] = {.make = makeInnerProduct,
                 .layouts = innerProductLayouts,
                 .supports = supportsInnerProduct,
                 .precisions = innerProductPrecisions};
});

}  // namespace nodegrad
