#pragma once
#include <memory>
#include <vector>

#include "plan/wrapped_backend.h"

namespace nodegrad::plan {

// A backend that has loops and choices, too: the step of a loop, or a branch, is a plan of the other's
// kernels.
class LoopBackend : public WrappedBackend {
 public:
  // compute: of these plans, see Plan.
  LoopBackend(Backend& backend, Compute compute) : WrappedBackend(backend), compute_(compute) {}

  PrecisionChoice precisions(const KernelSpec& spec) const override;
  LayoutChoice layouts(const KernelSpec& spec, const std::vector<bool>& undecided) override;
  std::unique_ptr<Kernel> kernel(const KernelSpec& spec) override;
  bool supports(const KernelSpec& spec) const override;
  bool inPlace(const KernelSpec& spec, size_t output, size_t input) const override;

 private:
  Compute compute_;
};

}  // namespace nodegrad::plan
