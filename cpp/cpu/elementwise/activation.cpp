#include "cpu/elementwise/activation.h"

#include <algorithm>
#include <atomic>

#include "core/align.h"
#include "cpu/elementwise/kernels.h"
#include "cpu/isa.h"
#include "cpu/kernel_table.h"
#include "cpu/memory/cpu_layout.h"
#include "cpu/memory/onednn_faults.h"
#include "host/parallel.h"

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

KernelSpec withoutActivation(KernelSpec spec) {
  spec.attrs.set("activation", std::string("linear"));
  return spec;
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

  void run(const void* const* inputs, void* const* outputs, void* scratch) override {
    if (fused_ && areModerate(inputs)) return fused_->run(inputs, outputs, scratch);
    plain_->run(inputs, outputs, scratch);
    apply(outputs[result_.index]);
  }
  size_t scratchBytes() const override {
    return std::max(plain_->scratchBytes(), fused_ ? fused_->scratchBytes() : 0);
  }
  std::string implementation() const override { return plain_->implementation(); }

 private:
  bool areModerate(const void* const* inputs) const {
    std::atomic<bool> moderate{true};
    for (const Memory& memory : operands_) {
      parallelFor(threads_, memory.elements, kGrain, [&](int64_t begin, int64_t end, int) {
        withFloatType(memory.dtype, [&](auto number) {
          using T = decltype(number);
          const auto* x = static_cast<const T*>(inputs[memory.index]);
          if (!kernelsFor<T>(isa_.relu).isModerate(x + begin, end - begin)) moderate = false;
        });
      });
      if (!moderate) return false;
    }
    return true;
  }

  void apply(void* y) const {
    parallelFor(threads_, result_.elements, kGrain, [&](int64_t begin, int64_t end, int) {
      withFloatType(result_.dtype, [&](auto number) {
        using T = decltype(number);
        kernelsFor<T>(isa_.relu).relu(static_cast<T*>(y) + begin, end - begin);
      });
    });
  }

  const std::unique_ptr<Kernel> fused_, plain_;  // fused: null where a pass over the result is less work
  const std::vector<Memory> operands_;
  const Memory result_;
  const IsaKernels& isa_;
  const int threads_;
};

// An op without its activation, and that on its result. Results in bfloat16 are rounded once: the op's are
// float32 then, in scratch memory.
class ActivatedAfterwards : public Kernel {
 public:
  ActivatedAfterwards(const KernelSpec& spec, const std::string& activation, const MakeKernel& make) {
    KernelSpec linear = withoutActivation(spec);
    linear.outputs[0].dtype = DType::F32;
    linear.outputLayouts[0] = withDtype(spec.outputLayouts[0], DType::F32);
    KernelSpec own;
    own.op = activation;
    own.inputs = linear.outputs;
    own.inputLayouts = linear.outputLayouts;
    own.outputs = spec.outputs;
    own.outputLayouts = spec.outputLayouts;
    linear_ = make(linear);
    activation_ = cpuKernels().at(activation).make(own);
    if (spec.outputs[0].dtype == DType::F32) return;
    const LayoutPtr& layout = linear.outputLayouts[0];
    between_ = wholeLines(layout ? layout->bytes() : bytesOf(linear.outputs[0]));
  }

  void run(const void* const* inputs, void* const* outputs, void* scratch) override {
    void* result = between_ ? scratch : outputs[0];
    void* rest = static_cast<char*>(scratch) + between_;
    linear_->run(inputs, &result, rest);
    activation_->run(&result, outputs, rest);
  }
  size_t scratchBytes() const override {
    return between_ + std::max(linear_->scratchBytes(), activation_->scratchBytes());
  }
  std::string implementation() const override { return linear_->implementation(); }

 private:
  std::unique_ptr<Kernel> linear_, activation_;
  size_t between_ = 0;  // bytes of the op's result, where it is not the activation's
};

}  // namespace

std::string activationOf(const KernelSpec& spec) {
  return spec.attrs.has("activation") ? spec.attrs.text("activation") : "linear";
}

std::unique_ptr<Kernel> withActivationAfterwards(const KernelSpec& spec, const MakeKernel& make) {
  const std::string activation = activationOf(spec);
  if (activation == "linear") return make(spec);
  return std::make_unique<ActivatedAfterwards>(spec, activation, make);
}

std::unique_ptr<Kernel> withNanKeepingActivation(const KernelSpec& spec, const std::vector<size_t>& operands,
                                                 const MakeKernel& make) {
  const std::string activation = activationOf(spec);
  if (activation == "relu") {
    std::vector<Memory> looked;
    int64_t elements = 0;
    for (size_t index : operands) {
      looked.push_back(memoryOf(index, spec.inputs[index], spec.inputLayouts[index]));
      elements += looked.back().elements;
    }
    const Memory result = memoryOf(0, spec.outputs[0], spec.outputLayouts[0]);
    std::unique_ptr<Kernel> fused = elements < result.elements ? make(spec) : nullptr;
    return std::make_unique<NanKeepingRelu>(std::move(fused), make(withoutActivation(spec)),
                                            std::move(looked), result);
  }
  std::unique_ptr<Kernel> fused = make(spec);
  if (!onednn::losesNan(spec, activation, fused->implementation())) return fused;
  return withActivationAfterwards(spec, make);
}

}  // namespace nodegrad
