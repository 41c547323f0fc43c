#include "cpu/activation.h"

#include <algorithm>
#include <atomic>

#include "core/parallel.h"
#include "cpu/isa.h"
#include "cpu/kernel_table.h"
#include "cpu/onednn_faults.h"

namespace nodegrad {

namespace {

constexpr int64_t kGrain = 1 << 14;  // elements for which a thread pays off

// A tensor in memory, padding included, which is zero.
struct Memory {
  size_t index;  // among the inputs or outputs
  DType dtype;
  int64_t elements;
};

Memory memoryOf(size_t index, const TensorType& type, const LayoutPtr& layout) {
  const size_t bytes = layout ? layout->bytes() : bytesOf(type);
  return {index, type.dtype, static_cast<int64_t>(bytes / sizeOf(type.dtype))};
}

class NanKeepingRelu : public Kernel {
 public:
  NanKeepingRelu(std::unique_ptr<Kernel> fused, std::unique_ptr<Kernel> plain, std::vector<Memory> operands,
                 Memory result)
      : fused_(std::move(fused)),
        plain_(std::move(plain)),
        operands_(std::move(operands)),
        result_(result),
        isa_(isaKernels()),
        threads_(teamThreads()) {}

  void run(void* const* inputs, void* const* outputs, void* scratch) override {
    if (fused_ && areModerate(inputs)) return fused_->run(inputs, outputs, scratch);
    plain_->run(inputs, outputs, scratch);
    apply(outputs[result_.index]);
  }
  size_t scratchBytes() const override {
    return std::max(plain_->scratchBytes(), fused_ ? fused_->scratchBytes() : 0);
  }
  std::string implementation() const override { return plain_->implementation(); }

 private:
  bool areModerate(void* const* inputs) const {
    std::atomic<bool> moderate{true};
    for (const Memory& memory : operands_) {
      parallelFor(threads_, memory.elements, kGrain, [&](int64_t begin, int64_t end, int) {
        const bool part =
            memory.dtype == DType::F32
                ? isa_.relu->isModerate(static_cast<const float*>(inputs[memory.index]) + begin, end - begin)
                : isa_.reluBfloat16->isModerate(static_cast<const uint16_t*>(inputs[memory.index]) + begin,
                                                end - begin);
        if (!part) moderate = false;
      });
      if (!moderate) return false;
    }
    return true;
  }

  void apply(void* y) const {
    parallelFor(threads_, result_.elements, kGrain, [&](int64_t begin, int64_t end, int) {
      if (result_.dtype == DType::F32) {
        isa_.relu->relu(static_cast<float*>(y) + begin, end - begin);
      } else {
        isa_.reluBfloat16->relu(static_cast<uint16_t*>(y) + begin, end - begin);
      }
    });
  }

  const std::unique_ptr<Kernel> fused_, plain_;  // fused: null where a pass over the result is less work
  const std::vector<Memory> operands_;
  const Memory result_;
  const IsaKernels& isa_;
  const int threads_;
};

// An op without its activation, and that on its result, in place.
class ActivatedAfterwards : public Kernel {
 public:
  ActivatedAfterwards(std::unique_ptr<Kernel> linear, std::unique_ptr<Kernel> activation)
      : linear_(std::move(linear)), activation_(std::move(activation)) {}

  void run(void* const* inputs, void* const* outputs, void* scratch) override {
    linear_->run(inputs, outputs, scratch);
    activation_->run(outputs, outputs, scratch);
  }
  size_t scratchBytes() const override {
    return std::max(linear_->scratchBytes(), activation_->scratchBytes());
  }
  std::string implementation() const override { return linear_->implementation(); }

 private:
  const std::unique_ptr<Kernel> linear_, activation_;
};

std::unique_ptr<Kernel> activationKernel(const KernelSpec& spec, const std::string& activation) {
  KernelSpec own;
  own.op = activation;
  own.inputs = own.outputs = {spec.outputs[0]};
  own.inputLayouts = own.outputLayouts = {spec.outputLayouts[0]};
  return cpuKernels().at(activation).make(own);
}

}  // namespace

std::unique_ptr<Kernel> withNanKeepingActivation(const KernelSpec& spec, const std::vector<size_t>& operands,
                                                 const MakeKernel& make) {
  const std::string activation = spec.attrs.has("activation") ? spec.attrs.text("activation") : "linear";
  KernelSpec linear = spec;
  linear.attrs.set("activation", std::string("linear"));
  if (activation == "relu") {
    std::vector<Memory> looked;
    int64_t elements = 0;
    for (size_t index : operands) {
      looked.push_back(memoryOf(index, spec.inputs[index], spec.inputLayouts[index]));
      elements += looked.back().elements;
    }
    const Memory result = memoryOf(0, spec.outputs[0], spec.outputLayouts[0]);
    std::unique_ptr<Kernel> fused = elements < result.elements ? make(spec) : nullptr;
    return std::make_unique<NanKeepingRelu>(std::move(fused), make(linear), std::move(looked), result);
  }
  std::unique_ptr<Kernel> fused = make(spec);
  if (!onednn::losesNan(spec.op, activation, fused->implementation())) return fused;
  return std::make_unique<ActivatedAfterwards>(make(linear), activationKernel(spec, activation));
}

}  // namespace nodegrad
