#pragma once
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "backend.h"
#include "host/buffer.h"
#include "spec/composition.h"

namespace nodegrad::testing {

// A layout that is only a name.
class FakeLayout : public Layout {
 public:
  FakeLayout(std::string name, size_t bytes) : name_(std::move(name)), bytes_(bytes) {}
  size_t bytes() const override { return bytes_; }
  bool equals(const Layout& other) const override { return other.name() == name_; }
  std::string name() const override { return name_; }

 private:
  std::string name_;
  size_t bytes_;
};

class FakeKernel : public Kernel {
 public:
  void run(const void* const*, void* const*, void*) override {}
  std::string implementation() const override { return "fake"; }
};

// Compiles nothing. Convolutions want blocked tensors, chains, updates and copies follow, everything else
// wants row-major. Convolutions and products want bfloat16, chains and sums take anything, pooling, reshape
// and batch normalization all images alike.
class FakeBackend : public Backend {
 public:
  std::string name() const override { return "fake"; }
  std::string architecture() const override { return "none"; }

  bool hasBfloat16() const override { return true; }

  PrecisionChoice precisions(const KernelSpec& spec) const override {
    PrecisionChoice choice{std::vector<Precision>(spec.inputs.size()),
                           std::vector<Precision>(spec.outputs.size())};
    const auto starts = [&](const char* name) { return spec.op.rfind(name, 0) == 0; };
    if (starts("conv") || starts("innerProduct")) {
      choice.inputs[0] = choice.inputs[1] = Precision::BFloat16;
      const bool weights = spec.op == "convBackwardFilter" || spec.op == "innerProductBackwardWeights";
      if (!weights) choice.outputs[0] = Precision::Either;
    } else if (spec.op == "sum") {
      choice.inputs[0] = Precision::Either;
    } else if (spec.op == "fusedElementwise" || starts("maxPool") || spec.op == "reshape" ||
               starts("batchNorm")) {
      const auto image = [&](const TensorType& type) {
        return type.dtype == DType::F32 && (type.shape.size() > 1 || !starts("batchNorm"));
      };
      for (size_t i = 0; i < spec.inputs.size(); ++i)
        if (image(spec.inputs[i])) choice.inputs[i] = Precision::Either;
      for (size_t o = 0; o < spec.outputs.size(); ++o)
        if (image(spec.outputs[o])) choice.outputs[o] = Precision::Either;
      choice.sameDtype = spec.op != "fusedElementwise" && spec.op != "batchNormStatistics";
    }
    return choice;
  }

  LayoutChoice layouts(const KernelSpec& spec, const std::vector<bool>&) override {
    LayoutChoice choice;
    choice.inputs.resize(spec.inputs.size());
    choice.outputs.resize(spec.outputs.size());
    if (spec.op.rfind("conv", 0) == 0) {
      for (size_t i = 0; i < 2; ++i) choice.inputs[i] = blocked(spec.inputs[i]);
      choice.outputs[0] = blocked(spec.outputs[0]);
    } else if (spec.op == "reorder") {
      choice = {spec.inputLayouts, {spec.inputLayouts[0]}};
    } else if (spec.op == "fusedElementwise" || spec.op.find("Update") != std::string::npos) {
      for (size_t i = 0; i < spec.inputs.size(); ++i)
        if (spec.inputs[i] == spec.outputs[0]) choice.inputs[i] = spec.inputLayouts[0];
      for (size_t o = 0; o < spec.outputs.size(); ++o) choice.outputs[o] = spec.inputLayouts[0];
    }
    return choice;
  }

  std::unique_ptr<Kernel> kernel(const KernelSpec& spec) override {
    const bool fused = spec.attrs.has("activation") || spec.attrs.has("residual");
    if ((fused && failsFused) || spec.op == failing) fail(ErrorCode::Device, "[", spec.op, "] has no kernel");
    return std::make_unique<FakeKernel>();
  }

  bool failsFused = false;  // though it told the passes otherwise
  std::string failing;      // an op without a kernel
  bool refuses = false;
  // Everything; of recurrent layers also what keeps nothing for a gradient.
  bool supports(const KernelSpec& spec) const override {
    if (refuses) return false;
    const size_t all = spec::countOutputs(spec), given = spec.outputs.size();
    const bool optional = spec.op == "innerProductBackwardWeights" || spec.op == "convBackwardFilter" ||
                          (spec.op == "conv" && spec.attrs.has("pooling")) ||
                          (spec.op == "batchNormalizationBackward" && given == 3 && spec.inputs.size() < 7);
    return given == all || optional || (spec.op == "lstm" && given == 2);
  }

  bool inPlace(const KernelSpec& spec, size_t output, size_t input) const override {
    const bool chain = spec.op == "fusedElementwise" || spec.op.find("Update") != std::string::npos;
    return chain && spec.inputs[input] == spec.outputs[output];
  }

  bool onHost() const override { return true; }
  std::shared_ptr<Buffer> allocate(size_t bytes) override { return allocateHost(bytes, this); }
  void copy(const void*, void*, size_t) override {}
  void toRowMajor(const TensorType&, const LayoutPtr&, const void*, void*) override {}
  void fromRowMajor(const TensorType&, const LayoutPtr&, const void*, void*) override {}
  std::unique_ptr<Clock> clock() override { return nullptr; }
  void whenDone(std::function<void(std::exception_ptr)> done) override { done(nullptr); }
  int enter(int threads) override { return threads; }

 private:
  static LayoutPtr blocked(const TensorType& type) {
    return std::make_shared<FakeLayout>("blocked", bytesOf(type));
  }
};

}  // namespace nodegrad::testing
