#pragma once
#include <memory>
#include <utility>
#include <vector>

#include "check.h"
#include "kernel_table.h"

namespace nodegrad::cuda {

// Makes all outputs zero: what products without factors are.
class ZeroKernel : public OwnKernel {
 public:
  ZeroKernel(const KernelSpec& spec, QueuePtr queue) : OwnKernel(std::move(queue)) {
    for (const TensorType& output : spec.outputs) bytes_.push_back(bytesOf(output));
  }
  void run(const void* const*, void* const* outputs, void*) override {
    for (size_t o = 0; o < bytes_.size(); ++o)
      if (bytes_[o] > 0) check(cudaMemsetAsync(outputs[o], 0, bytes_[o], stream()));
  }

 private:
  std::vector<size_t> bytes_;
};

}  // namespace nodegrad::cuda
