// Stands for the library of nodegrad-cuda in tests of its loader: a device that adds and multiplies, numbers
// and matrices, and convolves, at once.
// STUB_FAULT has it fail in one way or another.
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>

#include "backend.h"
#include "core/error.h"

namespace nodegrad {

namespace {

bool hasFault(const std::string& fault) {
  const char* value = std::getenv("STUB_FAULT");
  return value && value == fault;
}

class StubBuffer : public Buffer {
 public:
  StubBuffer(size_t bytes, Backend* owner)
      : Buffer(::operator new(bytes, std::align_val_t{64}), bytes, owner) {}
  ~StubBuffer() override { ::operator delete(data(), std::align_val_t{64}); }
};

class StubKernel : public Kernel {
 public:
  explicit StubKernel(const KernelSpec& spec) : spec_(spec) {}
  void run(const void* const* inputs, void* const* outputs, void*) override {
    const auto* a = static_cast<const float*>(inputs[0]);
    const auto* b = static_cast<const float*>(inputs[1]);
    auto* y = static_cast<float*>(outputs[0]);
    if (spec_.op == "matmul")
      multiply(a, b, y);
    else if (spec_.op == "conv")
      convolve(a, b, y);
    else
      for (int64_t i = 0; i < count(spec_.outputs[0].shape); ++i)
        y[i] = spec_.op == "multiply" ? a[i] * b[i] : a[i] + b[i];
    if (hasFault(spec_.op)) y[7] += 1;
  }
  std::string implementation() const override { return "stub"; }

 private:
  void multiply(const float* a, const float* b, float* y) const {
    const int64_t depth = spec_.inputs[0].shape[1], columns = spec_.inputs[1].shape[1];
    for (int64_t i = 0; i < count(spec_.outputs[0].shape); ++i) {
      y[i] = 0;
      for (int64_t k = 0; k < depth; ++k) y[i] += a[i / columns * depth + k] * b[k * columns + i % columns];
    }
  }
  // Of one image, without padding.
  void convolve(const float* x, const float* w, float* y) const {
    const Dims &in = spec_.inputs[0].shape, &kernel = spec_.inputs[1].shape, &out = spec_.outputs[0].shape;
    for (int64_t i = 0; i < count(out); ++i) {
      y[i] = 0;
      for (int64_t t = 0; t < kernel[0] * kernel[1] * kernel[2]; ++t) {
        const int64_t c = t % kernel[2], tap = t / kernel[2];
        const int64_t row = i / out[3] / out[2] + tap / kernel[1];
        const int64_t column = i / out[3] % out[2] + tap % kernel[1];
        y[i] += x[(row * in[2] + column) * in[3] + c] * w[t * out[3] + i % out[3]];
      }
    }
  }

  KernelSpec spec_;
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
    for (const char* op : {"multiply", "add", "matmul", "conv"})
      if (spec.op == op) return std::make_unique<StubKernel>(spec);
    fail(ErrorCode::Device, "expected multiply, add, matmul or conv, received ", spec.op);
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
__attribute__((visibility("default"))) nodegrad::Backend* nodegradCudaOpen(int) {
  using namespace nodegrad;
  if (hasFault("memory")) fail(ErrorCode::OutOfMemory, "expected 300 MiB on the GPU, received 12 MiB");
  return new StubBackend();
}
}
