#pragma once
#include <memory>
#include <string>
#include <vector>

#include "backend.h"

namespace nodegrad::plan {

// A backend that has loops, too: the step of a loop is a plan of the other's kernels.
class LoopBackend : public Backend {
 public:
  // compute: of the steps, see Plan.
  LoopBackend(Backend& backend, DType compute) : backend_(backend), compute_(compute) {}

  std::string name() const override { return backend_.name(); }
  Habits habits() const override { return backend_.habits(); }
  bool hasBfloat16() const override { return backend_.hasBfloat16(); }
  PrecisionChoice precisions(const KernelSpec& spec) const override;
  LayoutChoice layouts(const KernelSpec& spec, const std::vector<bool>& flexible) override;
  std::unique_ptr<Kernel> kernel(const KernelSpec& spec) override;
  bool supports(const KernelSpec& spec) const override;
  bool inPlace(const KernelSpec& spec, size_t output, size_t input) const override;
  void toRowMajor(const TensorType& type, const LayoutPtr& layout, const void* from, void* to) override {
    backend_.toRowMajor(type, layout, from, to);
  }
  void fromRowMajor(const TensorType& type, const LayoutPtr& layout, const void* from, void* to) override {
    backend_.fromRowMajor(type, layout, from, to);
  }
  int enter(int threads) override { return backend_.enter(threads); }

 private:
  Backend& backend_;
  DType compute_;
};

}  // namespace nodegrad::plan
