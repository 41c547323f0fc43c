// Stands for cuBLASLt in tests: products in float64, queued on an emulated stream, by calls that are looked
// at more strictly than by the library itself.
#include "cublaslt.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

using namespace nodegrad::cuda::lt;

struct nodegrad::cuda::lt::OperationObject {
  Compute compute;
  Transpose transA = kPlain, transB = kPlain;
  Epilogue epilogue = kNothing;
  const void* bias = nullptr;
};
struct nodegrad::cuda::lt::LayoutObject {
  Number number;
  int64_t rows, columns, leading;
  int32_t batch = 1;
  int64_t stride = 0;
};
struct nodegrad::cuda::lt::PreferenceObject {
  uint64_t mostWorkspace = 0;
  uint32_t reductions = 7, alignments[4] = {256, 256, 256, 256};
};

namespace {

constexpr uint64_t kMade = 0x6c74;  // marks algorithms of ours
constexpr size_t kWorkspace = 1024;
std::string reason;

// Why a call is wrong, which cublasLtGetStatusName tells.
Status wrong(const std::string& why) {
  reason = why;
  return kInvalidValue;
}

template <class Value>
Status take(Value& value, const void* from, size_t bytes) {
  if (bytes != sizeof value) return wrong("an attribute of " + std::to_string(bytes) + " bytes");
  std::memcpy(&value, from, bytes);
  return kSuccess;
}

struct Problem {
  OperationObject operation;
  LayoutObject a, b, c, d;

  // What decides an algorithm.
  uint64_t hash() const {
    uint64_t result = 1469598103934665603U;
    const auto add = [&](auto value) { result = (result ^ static_cast<uint64_t>(value)) * 1099511628211U; };
    add(operation.compute), add(operation.transA), add(operation.transB), add(operation.epilogue);
    for (const LayoutObject* one : {&a, &b, &c, &d})
      add(one->number), add(one->rows), add(one->columns), add(one->leading), add(one->batch),
          add(one->stride);
    return result;
  }
};

size_t bytesOf(Number number) { return number == kF32 ? 4 : 2; }

// The bytes from a matrix's first element to the last of all in the stack.
int64_t spanOf(const LayoutObject& one) {
  const int64_t last = (one.batch - 1) * one.stride + (one.columns - 1) * one.leading + one.rows;
  return last * static_cast<int64_t>(bytesOf(one.number));
}

Status checkProblem(const Problem& p) {
  const auto [m, k] =
      p.operation.transA ? std::pair(p.a.columns, p.a.rows) : std::pair(p.a.rows, p.a.columns);
  const auto [k2, n] =
      p.operation.transB ? std::pair(p.b.columns, p.b.rows) : std::pair(p.b.rows, p.b.columns);
  if (k != k2 || p.d.rows != m || p.d.columns != n) return wrong("shapes that do not fit");
  if (p.a.number != p.b.number) return wrong("factors of two types");
  if (p.d.number == kBF16 && p.a.number != kBF16) return wrong("a result of fewer bits than the factors");
  if (p.operation.compute == kTensorFloat && p.a.number != kF32) return wrong("TF32 of bfloat16");
  for (const LayoutObject* one : {&p.a, &p.b, &p.c})
    if (one->batch != p.d.batch) return wrong("stacks of several sizes");
  if (p.d.batch > 1 && p.d.stride < p.d.leading * p.d.columns) return wrong("results over one another");
  if (std::memcmp(&p.c, &p.d, sizeof p.c) != 0) return wrong("C is not as D");
  if (p.operation.epilogue == kBias && !p.operation.bias) return wrong("no bias");
  return kSuccess;
}

double load(Number number, const void* from, int64_t at, Compute compute) {
  uint32_t bits;
  if (number == kF32)
    bits = static_cast<const uint32_t*>(from)[at];
  else
    bits = uint32_t{static_cast<const uint16_t*>(from)[at]} << 16;
  // TF32 has 10 bits after the point.
  if (compute == kTensorFloat && (bits >> 23 & 0xff) != 0xff) bits = (bits + 0x1000) & ~0x1fffU;
  float value;
  std::memcpy(&value, &bits, sizeof value);
  return value;
}

void store(Number number, void* to, int64_t at, double sum) {
  const auto value = static_cast<float>(sum);
  if (number == kF32) {
    static_cast<float*>(to)[at] = value;
    return;
  }
  uint32_t bits;
  std::memcpy(&bits, &value, sizeof bits);
  const bool nan = value != value;
  static_cast<uint16_t*>(to)[at] =
      static_cast<uint16_t>(nan ? bits >> 16 | 0x40 : (bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

void multiplyAll(const Problem& p, const void* a, const void* b, void* d) {
  const int64_t depth = p.operation.transA ? p.a.rows : p.a.columns;
  for (int64_t s = 0; s < p.d.batch; ++s)
    for (int64_t j = 0; j < p.d.columns; ++j)
      for (int64_t i = 0; i < p.d.rows; ++i) {
        double sum = 0;
        for (int64_t k = 0; k < depth; ++k) {
          const int64_t atA = p.operation.transA ? k + i * p.a.leading : i + k * p.a.leading;
          const int64_t atB = p.operation.transB ? j + k * p.b.leading : k + j * p.b.leading;
          sum += load(p.a.number, a, s * p.a.stride + atA, p.operation.compute) *
                 load(p.b.number, b, s * p.b.stride + atB, p.operation.compute);
        }
        if (p.operation.epilogue == kBias) sum += load(p.d.number, p.operation.bias, i, kExact);
        store(p.d.number, d, s * p.d.stride + i + j * p.d.leading, sum);
      }
}

// Whether an address has the alignment that was promised, as far as emulated memory keeps to it: a piece of
// it ends where a page does, and begins where its size has it.
bool isAligned(const void* address, uint64_t alignment, int64_t span) {
  const auto most = static_cast<uint64_t>(span & -span);
  return reinterpret_cast<uintptr_t>(address) % std::min(alignment, most) == 0;
}

}  // namespace

extern "C" {

size_t cublasLtGetVersion() {
  const char* value = std::getenv("STUB_CUBLASLT");
  return value ? std::strtoul(value, nullptr, 10) : 130100;
}
const char* cublasLtGetStatusName(Status status) {
  if (status == kNotSupported) return "CUBLAS_STATUS_NOT_SUPPORTED";
  static std::string name;
  name = "CUBLAS_STATUS_INVALID_VALUE (" + reason + ")";
  return name.c_str();
}
Status cublasLtCreate(Handle* handle) {
  *handle = reinterpret_cast<Handle>(kMade);
  return kSuccess;
}

Status cublasLtMatmulDescCreate(Operation* made, Compute compute, Number scale) {
  if ((compute != kExact && compute != kTensorFloat) || scale != kF32) return wrong("a way to compute");
  *made = new OperationObject{compute};
  return kSuccess;
}
Status cublasLtMatmulDescDestroy(Operation operation) {
  delete operation;
  return kSuccess;
}
Status cublasLtMatmulDescSetAttribute(Operation operation, OperationAttribute attribute, const void* value,
                                      size_t bytes) {
  switch (attribute) {
    case kTransA: return take(operation->transA, value, bytes);
    case kTransB: return take(operation->transB, value, bytes);
    case kEpilogue: return take(operation->epilogue, value, bytes);
    case kBiasPointer: return take(operation->bias, value, bytes);
  }
  return wrong("an unknown attribute");
}

Status cublasLtMatrixLayoutCreate(Layout* made, Number number, uint64_t rows, uint64_t columns,
                                  int64_t leading) {
  if (number != kF32 && number != kBF16) return wrong("a type of numbers");
  if (rows == 0 || columns == 0 || leading < static_cast<int64_t>(rows)) return wrong("a matrix's sizes");
  *made = new LayoutObject{number, static_cast<int64_t>(rows), static_cast<int64_t>(columns), leading};
  return kSuccess;
}
Status cublasLtMatrixLayoutDestroy(Layout layout) {
  delete layout;
  return kSuccess;
}
Status cublasLtMatrixLayoutSetAttribute(Layout layout, LayoutAttribute attribute, const void* value,
                                        size_t bytes) {
  if (attribute == kBatchStride) return take(layout->stride, value, bytes);
  if (attribute != kBatchCount) return wrong("an unknown attribute");
  const Status status = take(layout->batch, value, bytes);
  return status == kSuccess && layout->batch < 1 ? wrong("a stack's size") : status;
}

Status cublasLtMatmulPreferenceCreate(Preference* made) {
  *made = new PreferenceObject;
  return kSuccess;
}
Status cublasLtMatmulPreferenceDestroy(Preference preference) {
  delete preference;
  return kSuccess;
}
Status cublasLtMatmulPreferenceSetAttribute(Preference preference, PreferenceAttribute attribute,
                                            const void* value, size_t bytes) {
  if (attribute == kMostWorkspace) return take(preference->mostWorkspace, value, bytes);
  if (attribute == kReductions) return take(preference->reductions, value, bytes);
  if (attribute < kAlignmentA || attribute > kAlignmentD) return wrong("an unknown attribute");
  uint32_t& alignment = preference->alignments[attribute - kAlignmentA];
  const Status status = take(alignment, value, bytes);
  const bool power = alignment > 0 && (alignment & (alignment - 1)) == 0;
  return status == kSuccess && !power ? wrong("an alignment") : status;
}

Status cublasLtMatmulAlgoGetHeuristic(Handle handle, Operation operation, Layout a, Layout b, Layout c,
                                      Layout d, Preference preference, int most, Found* found, int* count) {
  if (handle != reinterpret_cast<Handle>(kMade) || most < 1) return wrong("a call");
  const Problem problem{*operation, *a, *b, *c, *d};
  if (const Status status = checkProblem(problem); status != kSuccess) return status;
  if (preference->reductions & 1) return wrong("sums in an order that nobody knows");
  if (preference->mostWorkspace < kWorkspace) return kNotSupported;
  const uint32_t* aligned = preference->alignments;
  *found = {{{kMade, problem.hash(), aligned[0], aligned[1], aligned[3]}}, kWorkspace, kSuccess, 1, {}};
  *count = 1;
  return kSuccess;
}

Status cublasLtMatmul(Handle handle, Operation operation, const void* alpha, const void* a, Layout layoutA,
                      const void* b, Layout layoutB, const void* beta, const void* c, Layout layoutC, void* d,
                      Layout layoutD, const Algorithm* algorithm, void* workspace, size_t workspaceBytes,
                      cudaStream_t stream) {
  if (handle != reinterpret_cast<Handle>(kMade)) return wrong("a handle");
  const Problem problem{*operation, *layoutA, *layoutB, *layoutC, *layoutD};
  if (const Status status = checkProblem(problem); status != kSuccess) return status;
  const uint64_t* made = algorithm->data;
  if (made[0] != kMade || made[1] != problem.hash()) return wrong("an algorithm of another product");
  if (*static_cast<const float*>(alpha) != 1 || *static_cast<const float*>(beta) != 0 || c != d)
    return wrong("what is added");
  if (!workspace || workspaceBytes < kWorkspace || reinterpret_cast<uintptr_t>(workspace) % 16 != 0)
    return wrong("a workspace");
  if (!isAligned(a, made[2], spanOf(problem.a)) || !isAligned(b, made[3], spanOf(problem.b)) ||
      !isAligned(d, made[4], spanOf(problem.d)))
    return wrong("an alignment that was not promised");
  stream->push([=] {
    std::memset(workspace, 0xff, kWorkspace);
    multiplyAll(problem, a, b, d);
  });
  return kSuccess;
}
}
