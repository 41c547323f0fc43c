#include <cmath>

#include "device/philox.h"
#include "kernel_table.h"
#include "launch.h"

namespace nodegrad::cuda {

namespace {

enum class Distribution { Uniform, Normal, TruncatedNormal };

struct Draw {
  Distribution distribution;
  uint32_t salt;
  float first, second;  // the bounds, or mean and deviation
  int64_t count;
};

// Standard normals by Box and Muller: of each four words the first two make two numbers and the last two
// another two.
__device__ inline float normalOf(const PhiloxWords& words, int at) {
  const int pair = at / 2 * 2;
  const float radius = sqrtf(-2.0f * logf(philoxUniform(words.at[pair]) + 0x1p-24f));  // of (0, 1]
  float sine, cosine;
  sincospif(2.0f * philoxUniform(words.at[pair + 1]), &sine, &cosine);
  return radius * (at % 2 != 0 ? sine : cosine);
}

// A number beyond two deviations is drawn again, from the same position of the next attempt's words.
__device__ inline float truncatedOf(PhiloxKey key, uint64_t block, int at) {
  for (uint32_t attempt = 0;; ++attempt) {
    const float number = normalOf(philoxBlock(key, block, attempt), at);
    if (fabsf(number) <= 2.0f) return number;
  }
}

// Four elements a thread at a time, which share a block of words.
__global__ void draw(Draw what, const uint32_t* seedAndStep, float* to) {
  const PhiloxKey key{seedAndStep[0], what.salt, seedAndStep[1]};
  const int64_t blocks = (what.count + 3) / 4;
  for (int64_t block = firstIndex<int64_t>(); block < blocks; block += indexStep<int64_t>()) {
    const PhiloxWords words = philoxBlock(key, static_cast<uint64_t>(block), 0);
    for (int at = 0; at < 4 && block * 4 + at < what.count; ++at) {
      float number;
      if (what.distribution == Distribution::Uniform)
        // Rounded once, as on CPUs with fused multiplication and addition.
        number = fmaf(philoxUniform(words.at[at]), what.second - what.first, what.first);
      else if (what.distribution == Distribution::Normal)
        number = what.first + what.second * normalOf(words, at);
      else
        number = what.first + what.second * truncatedOf(key, static_cast<uint64_t>(block), at);
      to[block * 4 + at] = number;
    }
  }
}

class RandomKernel : public OwnKernel {
 public:
  RandomKernel(const KernelSpec& spec, const QueuePtr& queue) : OwnKernel(queue) {
    const bool uniform = spec.op == "randomUniform";
    draw_.distribution = uniform                     ? Distribution::Uniform
                         : spec.op == "randomNormal" ? Distribution::Normal
                                                     : Distribution::TruncatedNormal;
    draw_.salt = static_cast<uint32_t>(spec.attrs.integer("salt"));
    draw_.first = static_cast<float>(spec.attrs.number(uniform ? "minval" : "mean"));
    draw_.second = static_cast<float>(spec.attrs.number(uniform ? "maxval" : "stddev"));
    draw_.count = count(spec.outputs[0].shape);
  }

  void run(const void* const* inputs, void* const* outputs, void*) override {
    if (draw_.count == 0) return;
    launch(stream(), {blocksFor(draw_.count / 4 + 1)}, draw, draw_, static_cast<const uint32_t*>(inputs[0]),
           static_cast<float*>(outputs[0]));
  }

 private:
  Draw draw_;
};

}  // namespace

void addRandom(KernelTable& table) {
  for (const char* name : {"randomUniform", "randomNormal", "truncatedNormal"})
    table[name] = {makeKernel<RandomKernel>};
}

}  // namespace nodegrad::cuda
