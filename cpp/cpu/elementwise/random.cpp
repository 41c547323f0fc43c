#include "cpu/elementwise/kernels.h"
#include "cpu/kernel_table.h"
#include "cpu/own_kernel.h"

namespace nodegrad {
namespace {

constexpr int64_t kLeastThreadElements = 1 << 13;

class RandomKernel : public OwnKernel {
 public:
  explicit RandomKernel(const KernelSpec& spec)
      : elements_(count(spec.outputs[0].shape)), salt_(static_cast<uint32_t>(spec.attrs.integer("salt"))) {
    const bool uniform = spec.op == "randomUniform";
    make_ = uniform ? isa_.random->uniform
                    : (spec.op == "randomNormal" ? isa_.random->normal : isa_.random->truncatedNormal);
    first_ = static_cast<float>(spec.attrs.number(uniform ? "minval" : "mean"));
    second_ = static_cast<float>(spec.attrs.number(uniform ? "maxval" : "stddev"));
  }

  void run(const void* const* inputs, void* const* outputs, void*) override {
    auto* words = static_cast<const uint32_t*>(inputs[0]);
    const RandomKey key{words[0], salt_, words[1]};
    auto* out = static_cast<float*>(outputs[0]);
    parallelFor(threads_, elements_, kLeastThreadElements, [&](int64_t begin, int64_t end, int) {
      make_(out + begin, begin, end - begin, key, first_, second_);
    });
  }

 private:
  decltype(RandomKernels::uniform) make_;
  int64_t elements_;
  uint32_t salt_;
  float first_, second_;
};

}  // namespace

const KernelFamily family([](KernelTable& table) {
  for (const char* name : {"randomUniform", "randomNormal", "truncatedNormal"})
    table[name] = {.make = makeKernel<RandomKernel>};
});

}  // namespace nodegrad
