#pragma once
#include <optional>
#include <string>

#include "core/dtype.h"
#include "core/shape.h"
#include "cudnn.h"
#include "spec/conv.h"

namespace nodegrad::cuda {

// A convolution in one of its passes, as cuDNN does it: summed in float32, and each time with the same bits.
// Images are as they are in memory, weights are [out, …, in / groups] ("KRSC").
class ConvolutionPlan {
 public:
  // Fails with DEVICE, naming the op, where cuDNN has no engine for it.
  // tensorFloat: whether float32 may be rounded to TF32.
  ConvolutionPlan(const std::string& op, const spec::Convolution& conv, bool tensorFloat);

  size_t workspaceBytes() const { return workspaceBytes_; }
  // Whether cuDNN has compiled its code in this process.
  bool isCompiled() const { return isCompiled_; }
  // Queues it. The pass decides which of the tensors is written.
  void run(cudaStream_t stream, const void* x, const void* w, const void* y, void* workspace) const;

 private:
  bool choose(const dnn::Object& graph, dnn::HeuristicsMode mode, bool compiled);
  bool suits(const dnn::Object& config, bool compiled) const;

  const dnn::Library& library_ = dnn::Library::get();
  std::string op_;
  bool exact_;
  std::optional<dnn::Object> plan_;
  bool isCompiled_ = false;
  size_t workspaceBytes_ = 0;
};

}  // namespace nodegrad::cuda
