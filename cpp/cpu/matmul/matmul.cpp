#include <algorithm>
#include <optional>

#include "cpu/kernel_table.h"
#include "cpu/matmul/matrix_product.h"
#include "cpu/memory/onednn.h"

namespace nodegrad {

namespace {

constexpr size_t kMaxRank = DNNL_MAX_NDIMS;

// A stack of matrices as oneDNN sees it: rank dimensions (ones in front), the last two swapped where it is
// transposed in memory.
onednn::Desc stackDesc(const TensorType& type, size_t rank, bool transposed) {
  const Dims& shape = type.shape;
  Dims dims(rank, 1), strides(rank, 1);
  const Dims own = rowMajorStrides(shape);
  std::copy(shape.begin(), shape.end(), dims.end() - static_cast<int64_t>(shape.size()));
  std::copy(own.begin(), own.end(), strides.end() - static_cast<int64_t>(shape.size()));
  std::fill(strides.begin(), strides.end() - static_cast<int64_t>(shape.size()), count(shape));
  if (transposed) {
    std::swap(dims[rank - 1], dims[rank - 2]);
    std::swap(strides[rank - 1], strides[rank - 2]);
  }
  return onednn::Desc(dims, onednn::dataType(type.dtype), strides);
}

// a · b or aᵀ · b of two matrices, as a dense layer has them.
std::optional<MatrixProduct> plainProduct(const KernelSpec& spec) {
  const auto& in = spec.inputs;
  if (in.size() != 2 || in[0].dtype != in[1].dtype || spec.outputs[0].dtype != DType::F32 ||
      in[0].shape.size() != 2 || in[1].shape.size() != 2 || spec.attrs.has("activation"))
    return std::nullopt;
  const bool transposed = spec.attrs.boolean("transposeA"), second = spec.attrs.boolean("transposeB");
  if (transposed && second) return std::nullopt;
  return MatrixProduct{.rows = in[0].shape[transposed ? 1 : 0],
                       .depth = in[1].shape[second ? 1 : 0],
                       .columns = in[1].shape[second ? 0 : 1],
                       .transposeA = transposed,
                       .transposeB = second,
                       .dtype = in[0].dtype};
}

std::unique_ptr<Kernel> makeMatmul(const KernelSpec& spec) {
  const Dims &a = spec.inputs[0].shape, &b = spec.inputs[1].shape, &y = spec.outputs[0].shape;
  if (count(a) == 0 || count(b) == 0) return onednn::zerosKernel(spec);
  if (y.size() > kMaxRank)
    fail(ErrorCode::Device, "[matmul] expected inputs of at most ", kMaxRank, " dimensions, received ",
         y.size(), "; reshape them to fewer");
  if (const auto product = plainProduct(spec))
    if (auto kernel = makeFasterProduct(*product)) return kernel;
  const onednn::Desc source = stackDesc(spec.inputs[0], y.size(), spec.attrs.boolean("transposeA"));
  const onednn::Desc weights = stackDesc(spec.inputs[1], y.size(), spec.attrs.boolean("transposeB"));
  const onednn::Desc target = stackDesc(spec.outputs[0], y.size(), false);
  const dnnl::matmul::primitive_desc pd(onednn::engine(), source, weights, target,
                                        onednn::attributes(spec.op, spec.attrs));
  auto kernel = std::make_unique<onednn::PrimitiveKernel>(spec.op, pd);
  kernel->bindInput(DNNL_ARG_SRC, 0, source);
  kernel->bindInput(DNNL_ARG_WEIGHTS, 1, weights);
  kernel->bindOutput(DNNL_ARG_DST, 0, target);
  return kernel;
}

PrecisionChoice matmulPrecisions(const KernelSpec& spec) {
  if (count(spec.inputs[0].shape) == 0 || count(spec.inputs[1].shape) == 0)
    return {{Precision::Float32, Precision::Float32}, {Precision::Float32}};
  return {{Precision::BFloat16, Precision::BFloat16}, {Precision::Either}};
}

}  // namespace

const KernelFamily family([](KernelTable& table) {
  table["matmul"] = {.make = makeMatmul, .precisions = matmulPrecisions};
});

}  // namespace nodegrad
