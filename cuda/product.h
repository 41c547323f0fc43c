#pragma once
#include <memory>
#include <string>

#include "core/dtype.h"
#include "cublaslt.h"

namespace nodegrad::cuda {

// A stack of products of row-major matrices: y [m, n] = a [m, k] · b [k, n] (+ bias [n]).
struct Product {
  std::string op;  // for errors
  int64_t m, n, k;
  bool transposeA = false, transposeB = false;  // whether a is [k, m] in memory, b [n, k]
  DType multiplicands = DType::F32, result = DType::F32;
  bool tensorFloat = false;  // whether float32 may be rounded to TF32
  bool bias = false;
  int64_t batch = 1, strideA = 0, strideB = 0;  // in elements; 0: the same matrix in all
  // The bytes that divide all addresses that it runs with.
  size_t alignment = 16;
};

// A product as cuBLASLt does it: summed in float32, and each time with the same bits.
class ProductPlan {
 public:
  // Fails with DEVICE, naming the op, where cuBLASLt cannot do it.
  explicit ProductPlan(const Product& product);

  size_t workspaceBytes() const { return workspaceBytes_; }
  // Queues it. bias is null where there is none.
  void run(cudaStream_t stream, const void* a, const void* b, const void* bias, void* y, void* workspace);

 private:
  template <class Object>
  using Owned = std::unique_ptr<std::remove_pointer_t<Object>, lt::Status (*)(Object)>;
  Owned<lt::Layout> layout(DType dtype, int64_t rows, int64_t columns, int64_t batch, int64_t stride);
  template <class Value>
  void set(lt::OperationAttribute attribute, Value value);

  const lt::Library& library_ = lt::Library::get();
  std::string op_;
  bool bias_;
  Owned<lt::Operation> operation_;
  Owned<lt::Layout> a_, b_, y_;
  lt::Algorithm algorithm_{};
  size_t workspaceBytes_ = 0;
};

}  // namespace nodegrad::cuda
