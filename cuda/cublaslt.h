#pragma once
#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>
#include <string>

#include "devices/shared_library.h"

// cuBLASLt, as far as products use it. Its own header comes with the library alone, in a wheel of 400 MB.
// https://docs.nvidia.com/cuda/cublas/#using-the-cublaslt-api
namespace nodegrad::cuda::lt {

using Handle = struct HandleObject*;
using Operation = struct OperationObject*;    // cublasLtMatmulDesc_t
using Layout = struct LayoutObject*;          // cublasLtMatrixLayout_t
using Preference = struct PreferenceObject*;  // cublasLtMatmulPreference_t

using Status = int;  // cublasStatus_t
constexpr Status kSuccess = 0, kInvalidValue = 7, kNotSupported = 15;

enum Number : int32_t { kF32 = 0, kBF16 = 14 };             // cudaDataType_t
enum Compute : int32_t { kExact = 68, kTensorFloat = 77 };  // CUBLAS_COMPUTE_32F, …_FAST_TF32
enum Transpose : int32_t { kPlain = 0, kTransposed = 1 };   // CUBLAS_OP_N, _T
enum Epilogue : uint32_t { kNothing = 1, kBias = 4 };       // CUBLASLT_EPILOGUE_…
// CUBLASLT_MATMUL_DESC_…
enum OperationAttribute : int32_t { kTransA = 3, kTransB = 4, kEpilogue = 7, kBiasPointer = 8 };
// CUBLASLT_MATRIX_LAYOUT_BATCH_COUNT, …_STRIDED_BATCH_OFFSET
enum LayoutAttribute : int32_t { kBatchCount = 5, kBatchStride = 6 };
// CUBLASLT_MATMUL_PREF_…
enum PreferenceAttribute : int32_t {
  kMostWorkspace = 1,
  kReductions = 3,
  kAlignmentA = 5,
  kAlignmentB = 6,
  kAlignmentC = 7,
  kAlignmentD = 8,
};
// CUBLASLT_REDUCTION_SCHEME_COMPUTE_TYPE: parts of a sum are added in a separate step, always in one order.
constexpr uint32_t kSeparateReduction = 2;

struct Algorithm {  // cublasLtMatmulAlgo_t
  uint64_t data[8];
};
struct Found {  // cublasLtMatmulHeuristicResult_t
  Algorithm algorithm;
  size_t workspaceBytes;
  Status state;
  float waves;
  int reserved[4];
};

using Create = Status(Handle*);
using StatusName = const char*(Status);
using CreateOperation = Status(Operation*, Compute, Number scale);
using DestroyOperation = Status(Operation);
using SetOperation = Status(Operation, OperationAttribute, const void*, size_t);
using CreateLayout = Status(Layout*, Number, uint64_t rows, uint64_t columns, int64_t leading);
using DestroyLayout = Status(Layout);
using SetLayout = Status(Layout, LayoutAttribute, const void*, size_t);
using CreatePreference = Status(Preference*);
using DestroyPreference = Status(Preference);
using SetPreference = Status(Preference, PreferenceAttribute, const void*, size_t);
using FindAlgorithms = Status(Handle, Operation, Layout a, Layout b, Layout c, Layout d, Preference, int most,
                              Found*, int* count);
using Multiply = Status(Handle, Operation, const void* alpha, const void* a, Layout, const void* b, Layout,
                        const void* beta, const void* c, Layout, void* d, Layout, const Algorithm*,
                        void* workspace, size_t workspaceBytes, cudaStream_t);

// The library, which the loader has found (lib/engine/cudaLibraries.ts), with a handle for each GPU.
class Library {
 public:
  // That of the GPU in use. Fails with DEVICE where it does not load.
  static const Library& get();

  // Fails with DEVICE, naming the op, unless a call has succeeded.
  void check(const std::string& op, Status status) const;

 private:
  Library();
  SharedLibrary library_{"libcublasLt.so.13"};
  StatusName* statusName_ = library_.function<StatusName>("cublasLtGetStatusName");

 public:
  CreateOperation* createOperation = library_.function<CreateOperation>("cublasLtMatmulDescCreate");
  DestroyOperation* destroyOperation = library_.function<DestroyOperation>("cublasLtMatmulDescDestroy");
  SetOperation* setOperation = library_.function<SetOperation>("cublasLtMatmulDescSetAttribute");
  CreateLayout* createLayout = library_.function<CreateLayout>("cublasLtMatrixLayoutCreate");
  DestroyLayout* destroyLayout = library_.function<DestroyLayout>("cublasLtMatrixLayoutDestroy");
  SetLayout* setLayout = library_.function<SetLayout>("cublasLtMatrixLayoutSetAttribute");
  CreatePreference* createPreference = library_.function<CreatePreference>("cublasLtMatmulPreferenceCreate");
  DestroyPreference* destroyPreference =
      library_.function<DestroyPreference>("cublasLtMatmulPreferenceDestroy");
  SetPreference* setPreference = library_.function<SetPreference>("cublasLtMatmulPreferenceSetAttribute");
  FindAlgorithms* findAlgorithms = library_.function<FindAlgorithms>("cublasLtMatmulAlgoGetHeuristic");
  Multiply* multiply = library_.function<Multiply>("cublasLtMatmul");
  Handle handle = nullptr;
};

}  // namespace nodegrad::cuda::lt
