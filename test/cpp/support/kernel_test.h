#pragma once
#include <gtest/gtest.h>

#include <cmath>

#include "cpu/isa.h"
#include "cpu/memory/onednn.h"
#include "host/parallel.h"
#include "kernel_run.h"
#include "settings.h"

namespace nodegrad::testing {

// Runs the call in its layouts, by a kernel for it.
inline std::vector<Array> run(Kernel& kernel, const Call& call, const std::vector<int>& reuse = {}) {
  KernelResult result = runKernel(kernel, call, reuse);
  EXPECT_EQ(result.fault, "");
  return std::move(result.outputs);
}
inline std::vector<Array> run(const Call& call, const std::vector<int>& reuse = {}) {
  return run(*cpuBackend().kernel(call.spec()), call, reuse);
}

struct PlannedResult {
  std::vector<Array> outputs;
  LayoutChoice choice;
  std::string implementation;
};

// Runs the call as the plan would: the backend chooses the layouts, given those that the inputs have.
inline PlannedResult runPlanned(const Call& call) {
  const Call planned = inPlannedLayouts(call);
  const auto kernel = cpuBackend().kernel(planned.spec());
  return {run(*kernel, planned), {planned.inputLayouts, planned.outputLayouts}, kernel->implementation()};
}

inline void expectNear(const Array& actual, const std::vector<double>& expected, double relative,
                       double absolute, const std::string& what = "") {
  ASSERT_EQ(actual.data.size(), expected.size()) << what;
  for (size_t i = 0; i < expected.size(); ++i) {
    const double a = actual.data[i], e = expected[i];
    if (std::isnan(e) ? std::isnan(a) : a == e) continue;
    ASSERT_LE(std::abs(a - e), relative * std::abs(e) + absolute)
        << what << " at " << i << ": expected " << e << ", received " << a;
  }
}

// Within float32's rounding of sums of `terms` products of numbers below 1.
inline void expectClose(const Array& actual, const Array& expected, int64_t terms, const std::string& what) {
  const double bound = 1e-6 * std::sqrt(static_cast<double>(terms) + 4) + 1e-6;
  expectNear(actual, expected.data, bound, bound, what);
}

// Stamps a test once for each level that the machine has.
class OnEachIsa : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    onednn::engine();  // keeps the level of its first use: the machine's, in whatever order tests run
    useIsa(GetParam());
  }

 private:
  SavedSettings saved_;
};
#define ON_EACH_ISA(Suite)                                                           \
  INSTANTIATE_TEST_SUITE_P(Isa, Suite, ::testing::ValuesIn(::nodegrad::isaLevels()), \
                           [](const auto& info) { return info.param; })

}  // namespace nodegrad::testing
