#include "cpu/cpu_backend.h"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <string>
#include <utility>

#include "cpu/isa.h"
#include "cpu/kernel_table.h"
#include "cpu/memory/onednn.h"
#include "cpu/memory/sequences.h"
#include "host/buffer.h"
#include "host/memory.h"
#include "host/parallel.h"
#include "spec/composition.h"

namespace nodegrad {

namespace {

// What computes nothing but empty tensors, whatever the op.
class NothingKernel : public Kernel {
 public:
  void run(const void* const*, void* const*, void*) override {}
  std::string implementation() const override { return "nothing"; }
};

bool givesNothing(const KernelSpec& spec) {
  return std::all_of(spec.outputs.begin(), spec.outputs.end(),
                     [](const TensorType& type) { return count(type.shape) == 0; });
}

class CpuClock : public Clock {
 public:
  void lap() override { laps_.push_back(std::chrono::steady_clock::now()); }

  std::vector<double> milliseconds() override {
    std::vector<double> times;
    for (size_t i = 1; i < laps_.size(); ++i)
      times.push_back(std::chrono::duration<double, std::milli>(laps_[i] - laps_[i - 1]).count());
    laps_.clear();
    return times;
  }

 private:
  std::vector<std::chrono::steady_clock::time_point> laps_;
};

// Its queue is always empty: every call is done when it returns, and kernels throw what they refuse.
class CpuBackend : public Backend {
 public:
  CpuBackend() { isaKernels(); }  // a wrong setting ends here, not in the first kernel

  std::string name() const override {
    const dnnl_version_t& version = *dnnl_version();
    return "cpu, oneDNN " + std::to_string(version.major) + "." + std::to_string(version.minor) + "." +
           std::to_string(version.patch);
  }

  std::string architecture() const override { return cpuIsa(); }

  bool hasBfloat16() const override { return cpuHasBfloat16(); }

  PrecisionChoice precisions(const KernelSpec& spec) const override {
    const CpuOp& op = find(spec.op);
    if (op.precisions) return onednn::translated(spec.op, [&] { return seeing(op, spec, op.precisions); });
    return onlyFloat32(spec);
  }

  LayoutChoice layouts(const KernelSpec& spec, const std::vector<bool>& undecided) override {
    const CpuOp& op = find(spec.op);
    if (givesNothing(spec)) return {spec.inputLayouts, std::vector<LayoutPtr>(spec.outputs.size())};
    if (!op.layouts)
      return {std::vector<LayoutPtr>(spec.inputs.size()), std::vector<LayoutPtr>(spec.outputs.size())};
    return onednn::translated(spec.op, [&] {
      if (!op.windows || !isOverSequences(spec)) return op.layouts(spec, undecided);
      return asSequences(spec, op.layouts(asPictures(spec), undecided));
    });
  }

  std::unique_ptr<Kernel> kernel(const KernelSpec& spec) override {
    const CpuOp& op = find(spec.op);
    if (givesNothing(spec)) return std::make_unique<NothingKernel>();
    return onednn::translated(spec.op, [&] { return seeing(op, spec, op.make); });
  }

  bool supports(const KernelSpec& spec) const override {
    const auto op = cpuKernels().find(spec.op);
    if (op == cpuKernels().end()) return false;
    if (!op->second.supports) return spec.outputs.size() == spec::countOutputs(spec);
    return onednn::translated(spec.op, [&] { return seeing(op->second, spec, op->second.supports); });
  }

  bool inPlace(const KernelSpec& spec, size_t output, size_t input) const override {
    const CpuOp& op = find(spec.op);
    return op.inPlace && op.inPlace(spec, output, input);
  }

  bool onHost() const override { return true; }

  std::shared_ptr<Buffer> allocate(size_t bytes) override { return allocateHost(bytes, this); }

  std::shared_ptr<Buffer> allocateArena(size_t bytes) override { return allocateHostQuickly(bytes, this); }

  Reservation reserve(size_t bytes) override { return reserveMemory(bytes); }

  void copy(const void* from, void* to, size_t bytes) override {
    if (bytes) std::memcpy(to, from, bytes);  // an empty tensor may have no memory at all
  }

  void toRowMajor(const TensorType& type, const LayoutPtr& layout, const void* from, void* host) override {
    reorder(type, layout, nullptr, from, host);
  }

  void fromRowMajor(const TensorType& type, const LayoutPtr& layout, const void* host, void* to) override {
    reorder(type, nullptr, layout, host, to);
  }

  std::unique_ptr<Clock> clock() override { return std::make_unique<CpuClock>(); }

  void whenDone(std::function<void(std::exception_ptr)> done) override { done(nullptr); }

  int enter(int threads) override { return setTeamThreads(threads); }

 private:
  const CpuOp& find(const std::string& op) const {
    const auto found = cpuKernels().find(op);
    if (found == cpuKernels().end())
      fail(ErrorCode::Device, "[", op, "] expected an op with a kernel for the CPU, it has none");
    return found->second;
  }

  // One of the op's functions, with the node as it takes it.
  template <class Result>
  static Result seeing(const CpuOp& op, const KernelSpec& spec, Result (*function)(const KernelSpec&)) {
    return op.windows && isOverSequences(spec) ? function(asPictures(spec)) : function(spec);
  }

  static void reorder(const TensorType& type, const LayoutPtr& source, const LayoutPtr& target,
                      const void* from, void* to) {
    onednn::translated("reorder", [&] {
      const auto kernel = onednn::reorderKernel(type, source, type, target);
      const auto scratch = kernel->scratchBytes() ? allocateHost(kernel->scratchBytes()) : nullptr;
      kernel->run(&from, &to, scratch ? scratch->data() : nullptr);
    });
  }
};

// Filled before main, in any order.
std::vector<KernelFamily::Add>& families() {
  static std::vector<KernelFamily::Add> all;
  return all;
}

}  // namespace

KernelFamily::KernelFamily(Add add) { families().push_back(add); }

const KernelTable& cpuKernels() {
  static const KernelTable table = [] {
    KernelTable table;
    for (const KernelFamily::Add add : families()) add(table);
    return table;
  }();
  return table;
}

std::unique_ptr<Backend> makeCpuBackend() { return std::make_unique<CpuBackend>(); }

}  // namespace nodegrad
