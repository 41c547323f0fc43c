#include "product.h"

#include "core/error.h"

namespace nodegrad::cuda {

namespace {

// What NVIDIA recommends for Hopper.
constexpr uint64_t kMostWorkspace = 32 << 20;

lt::Number numberOf(DType dtype) { return dtype == DType::BF16 ? lt::kBF16 : lt::kF32; }

}  // namespace

// cuBLASLt's matrices are column-major, in which a row-major one is its transpose: yᵀ = bᵀ · aᵀ. So b comes
// first, and a bias goes along the columns.
ProductPlan::ProductPlan(const Product& product)
    : op_(product.op),
      bias_(product.bias),
      operation_(nullptr, library_.destroyOperation),
      a_(product.transposeA
             ? layout(product.multiplicands, product.m, product.k, product.batch, product.strideA)
             : layout(product.multiplicands, product.k, product.m, product.batch, product.strideA)),
      b_(product.transposeB
             ? layout(product.multiplicands, product.k, product.n, product.batch, product.strideB)
             : layout(product.multiplicands, product.n, product.k, product.batch, product.strideB)),
      y_(layout(product.result, product.n, product.m, product.batch, product.m * product.n)) {
  lt::Operation operation = nullptr;
  const bool rounds = product.tensorFloat && product.multiplicands == DType::F32;
  library_.check(op_, library_.createOperation(&operation, rounds ? lt::kTensorFloat : lt::kExact, lt::kF32));
  operation_.reset(operation);
  if (product.transposeB) set(lt::kTransA, lt::kTransposed);
  if (product.transposeA) set(lt::kTransB, lt::kTransposed);
  if (bias_) {
    set(lt::kEpilogue, lt::kBias);
    // No algorithm is found for a bias that is nowhere.
    set(lt::kBiasPointer, reinterpret_cast<const void*>(product.alignment));
  }
  lt::Preference made = nullptr;
  library_.check(op_, library_.createPreference(&made));
  const Owned<lt::Preference> preference(made, library_.destroyPreference);
  const auto prefer = [&](lt::PreferenceAttribute attribute, auto value) {
    library_.check(op_, library_.setPreference(made, attribute, &value, sizeof value));
  };
  prefer(lt::kMostWorkspace, kMostWorkspace);
  prefer(lt::kReductions, lt::kSeparateReduction);
  for (const auto attribute : {lt::kAlignmentA, lt::kAlignmentB, lt::kAlignmentC, lt::kAlignmentD})
    prefer(attribute, static_cast<uint32_t>(product.alignment));
  lt::Found found{};
  int count = 0;
  lt::Status status = library_.findAlgorithms(library_.handle, operation, b_.get(), a_.get(), y_.get(),
                                              y_.get(), made, 1, &found, &count);
  if (status == lt::kSuccess) status = count > 0 ? found.state : lt::kNotSupported;
  library_.check(op_, status);
  algorithm_ = found.algorithm;
  workspaceBytes_ = found.workspaceBytes;
}

ProductPlan::Owned<lt::Layout> ProductPlan::layout(DType dtype, int64_t rows, int64_t columns, int64_t batch,
                                                   int64_t stride) {
  lt::Layout made = nullptr;
  library_.check(op_, library_.createLayout(&made, numberOf(dtype), static_cast<uint64_t>(rows),
                                            static_cast<uint64_t>(columns), rows));
  Owned<lt::Layout> owned(made, library_.destroyLayout);
  if (batch > 1) {
    if (batch > INT32_MAX)
      fail(ErrorCode::Device, "[", op_, "] expected at most ", INT32_MAX, " products, received ", batch);
    const auto count = static_cast<int32_t>(batch);
    library_.check(op_, library_.setLayout(made, lt::kBatchCount, &count, sizeof count));
    library_.check(op_, library_.setLayout(made, lt::kBatchStride, &stride, sizeof stride));
  }
  return owned;
}

template <class Value>
void ProductPlan::set(lt::OperationAttribute attribute, Value value) {
  library_.check(op_, library_.setOperation(operation_.get(), attribute, &value, sizeof value));
}

void ProductPlan::run(cudaStream_t stream, const void* a, const void* b, const void* bias, void* y,
                      void* workspace) {
  if (bias_) set(lt::kBiasPointer, bias);
  const float one = 1, zero = 0;
  library_.check(
      op_, library_.multiply(library_.handle, operation_.get(), &one, b, b_.get(), a, a_.get(), &zero, y,
                             y_.get(), y, y_.get(), &algorithm_, workspace, workspaceBytes_, stream));
}

}  // namespace nodegrad::cuda
