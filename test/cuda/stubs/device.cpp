// Stands for the library of nodegrad-cuda in tests of its loader: a device that adds and multiplies, at once.
// STUB_FAULT has it fail in one way or another.
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>

#include "backend.h"
#include "core/error.h"

namespace nodegrad {

namespace {

bool hasFault(const char* fault) {
  const char* value = std::getenv("STUB_FAULT");
  return value && std::string(value) == fault;
}

class StubBuffer : public Buffer {
 public:
  StubBuffer(size_t bytes, Backend* owner)
      : Buffer(::operator new(bytes, std::align_val_t{64}), bytes, owner) {}
  ~StubBuffer() override { ::operator delete(data(), std::align_val_t{64}); }
};

class StubKernel : public Kernel {
 public:
  explicit StubKernel(const KernelSpec& spec)
      : product_(spec.op == "multiply"), count_(count(spec.outputs[0].shape)) {}
  void run(const void* const* inputs, void* const* outputs, void*) override {
    const auto* a = static_cast<const float*>(inputs[0]);
    const auto* b = static_cast<const float*>(inputs[1]);
    auto* y = static_cast<float*>(outputs[0]);
    for (int64_t i = 0; i < count_; ++i) y[i] = product_ ? a[i] * b[i] : a[i] + b[i];
    if (hasFault("numbers")) y[7] += 1;
  }
  std::string implementation() const override { return "stub"; }

 private:
  bool product_;
  int64_t count_;
};

class StubClock : public Clock {
 public:
  void lap() override {}
  std::vector<double> milliseconds() override { return {}; }
};

class StubBackend : public Backend {
 public:
  std::string name() const override { return "stub 1.0"; }
  std::string architecture() const override { return "sm_75"; }
  bool hasBfloat16() const override { return false; }
  Habits habits() const override { return {.longestChain = 1}; }
  PrecisionChoice precisions(const KernelSpec& spec) const override {
    return {std::vector<Precision>(spec.inputs.size()), std::vector<Precision>(spec.outputs.size())};
  }
  LayoutChoice layouts(const KernelSpec& spec, const std::vector<bool>&) override {
    return {std::vector<LayoutPtr>(spec.inputs.size()), std::vector<LayoutPtr>(spec.outputs.size())};
  }
  std::unique_ptr<Kernel> kernel(const KernelSpec& spec) override {
    if (spec.op == "multiply" || spec.op == "add") return std::make_unique<StubKernel>(spec);
    fail(ErrorCode::Device, "expected multiply or add, received ", spec.op);
  }
  bool supports(const KernelSpec&) const override { return false; }
  bool inPlace(const KernelSpec&, size_t, size_t) const override { return false; }
  std::shared_ptr<Buffer> allocate(size_t bytes) override {
    if (hasFault("allocation"))
      fail(ErrorCode::OutOfMemory, "expected ", bytes, " bytes on the GPU, received none");
    return std::make_shared<StubBuffer>(bytes, this);
  }
  void copy(const void* from, void* to, size_t bytes) override { std::memcpy(to, from, bytes); }
  void toRowMajor(const TensorType& type, const LayoutPtr&, const void* from, void* host) override {
    std::memcpy(host, from, bytesOf(type));
  }
  void fromRowMajor(const TensorType& type, const LayoutPtr&, const void* host, void* to) override {
    std::memcpy(to, host, bytesOf(type));
  }
  std::unique_ptr<Clock> clock() override { return std::make_unique<StubClock>(); }
  void whenDone(std::function<void(std::exception_ptr)> done) override { done(nullptr); }
  int enter(int threads) override { return threads; }
};

}  // namespace

}  // namespace nodegrad

extern "C" {
__attribute__((visibility("default"))) const char* nodegradCudaAbi() {
  return nodegrad::hasFault("abi") ? "another" : STUB_ABI;
}
__attribute__((visibility("default"))) nodegrad::Backend* nodegradCudaOpen() {
  using namespace nodegrad;
  if (hasFault("memory")) fail(ErrorCode::OutOfMemory, "expected 300 MiB on the GPU, received 12 MiB");
  return new StubBackend();
}
}
