#include "cpu/elementwise/random.h"

#include "cpu/isa.h"
#include "host/parallel.h"

namespace nodegrad {
namespace {

constexpr int64_t kLeastThreadElements = 1 << 13;

class RandomKernel : public Kernel {
 public:
  explicit RandomKernel(const KernelSpec& spec)
      : isa_(isaKernels()),
        elements_(count(spec.outputs[0].shape)),
        salt_(static_cast<uint32_t>(spec.attrs.integer("salt"))),
        threads_(teamThreads()) {
    const bool uniform = spec.op == "randomUniform";
    make_ = uniform ? isa_.random->uniform
                    : (spec.op == "randomNormal" ? isa_.random->normal : isa_.random->truncatedNormal);
    first_ = static_cast<float>(spec.attrs.number(uniform ? "minval" : "mean"));
    second_ = static_cast<float>(spec.attrs.number(uniform ? "maxval" : "stddev"));
  }

  std::string implementation() const override { return std::string("own:") + isa_.name; }

  void run(const void* const* inputs, void* const* outputs, void*) override {
    auto* words = static_cast<const uint32_t*>(inputs[0]);
    const RandomKey key{words[0], salt_, words[1]};
    auto* out = static_cast<float*>(outputs[0]);
    parallelFor(threads_, elements_, kLeastThreadElements, [&](int64_t begin, int64_t end, int) {
      make_(out + begin, begin, end - begin, key, first_, second_);
    });
  }

 private:
  const IsaKernels& isa_;
  decltype(RandomKernels::uniform) make_;
  int64_t elements_;
  uint32_t salt_;
  float first_, second_;
  int threads_;
};

std::unique_ptr<Kernel> makeRandom(const KernelSpec& spec) { return std::make_unique<RandomKernel>(spec); }

}  // namespace

void registerRandomKernels(KernelTable& table) {
  for (const char* name : {"randomUniform", "randomNormal", "truncatedNormal"}) table[name] = {makeRandom};
}

}  // namespace nodegrad
