#pragma once
#include <map>
#include <memory>
#include <string>

#include "backend.h"
#include "precisions.h"
#include "queue.h"

namespace nodegrad::cuda {

using QueuePtr = std::shared_ptr<Queue>;

// What the GPU knows of one op.
struct CudaOp {
  std::unique_ptr<Kernel> (*make)(const KernelSpec& spec, const QueuePtr& queue) = nullptr;
  // Whether output o may be written over input i. Null: never.
  bool (*inPlace)(const KernelSpec& spec, size_t output, size_t input) = nullptr;
  // Whether it takes what a plan would make of this op, as Backend::supports. Null: always.
  bool (*supports)(const KernelSpec& spec) = nullptr;
  // What may be bfloat16, as Backend::precisions. Null: nothing.
  PrecisionChoice (*precisions)(const KernelSpec& spec) = nullptr;
};
using KernelTable = std::map<std::string, CudaOp>;

// Calls body with a number of the type that a float32 or bfloat16 tensor has in memory.
template <class Body>
auto withFloatType(DType dtype, Body&& body) {
  return dtype == DType::BF16 ? body(uint16_t{}) : body(float{});
}

// Each adds one family.
void addAttention(KernelTable& table);
void addConvolutions(KernelTable& table);
void addElementwise(KernelTable& table);
void addFft(KernelTable& table);
void addGathers(KernelTable& table);
void addGru(KernelTable& table);
void addLayerNorms(KernelTable& table);
void addLstm(KernelTable& table);
void addMatrices(KernelTable& table);
void addMoves(KernelTable& table);
void addNorms(KernelTable& table);
void addOrders(KernelTable& table);
void addPools(KernelTable& table);
void addProducts(KernelTable& table);
void addRandom(KernelTable& table);
void addReductions(KernelTable& table);
void addScans(KernelTable& table);
void addSegments(KernelTable& table);
void addSimpleRnn(KernelTable& table);
void addSoftmax(KernelTable& table);
void addUpdates(KernelTable& table);
void addWarps(KernelTable& table);

template <class OwnKernel>
std::unique_ptr<Kernel> makeKernel(const KernelSpec& spec, const QueuePtr& queue) {
  return std::make_unique<OwnKernel>(spec, queue);
}

// A kernel of ours.
class OwnKernel : public Kernel {
 public:
  explicit OwnKernel(QueuePtr queue) : queue_(std::move(queue)) {}
  std::string implementation() const override { return "own:cuda"; }

 protected:
  cudaStream_t stream() const { return queue_->stream(); }
  QueuePtr queue_;
};

}  // namespace nodegrad::cuda
