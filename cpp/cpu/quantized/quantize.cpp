#include <algorithm>
#include <cmath>

#include "cpu/kernel_table.h"
#include "cpu/own_kernel.h"
#include "cpu/quantized/kernels.h"

namespace nodegrad {

namespace {

constexpr int64_t kLeastThreadNumbers = 1 << 15;
constexpr float kLargest = 127;

class QuantizeKernel : public OwnKernel {
 public:
  explicit QuantizeKernel(const KernelSpec& spec)
      : numbers_(count(spec.inputs[0].shape)),
        factor_(static_cast<float>(1 / spec.attrs.number("scale"))),
        low_(spec.attrs.boolean("signed") ? -kLargest - 1 : 0),
        high_(spec.attrs.boolean("signed") ? kLargest : 255) {}

  void run(const void* const* inputs, void* const* outputs, void*) override {
    const auto* x = static_cast<const float*>(inputs[0]);
    auto* y = static_cast<uint8_t*>(outputs[0]);
    parallelFor(threads_, numbers_, kLeastThreadNumbers, [&](int64_t begin, int64_t end, int) {
      isa_.quantize->bytes(x + begin, end - begin, factor_, low_, high_, y + begin);
    });
  }

 private:
  const int64_t numbers_;
  const float factor_, low_, high_;
};

// What counts as a range: an axis of which all is 0 has one, too.
float scaleOf(float largest) { return (largest == 0 ? 1 : largest) * (1 / kLargest); }

class QuantizeAlongKernel : public OwnKernel {
 public:
  explicit QuantizeAlongKernel(const KernelSpec& spec) {
    const Dims& shape = spec.inputs[0].shape;
    const auto axis = static_cast<size_t>(spec.attrs.integer("axis"));
    for (size_t d = 0; d < axis; ++d) outer_ *= shape[d];
    places_ = shape[axis];
    for (size_t d = axis + 1; d < shape.size(); ++d) inner_ *= shape[d];
  }

  void run(const void* const* inputs, void* const* outputs, void*) override {
    const auto* x = static_cast<const float*>(inputs[0]);
    auto* y = static_cast<uint8_t*>(outputs[0]);
    auto* scales = static_cast<float*>(outputs[1]);
    const int64_t grain = kLeastThreadNumbers / std::max<int64_t>(1, outer_ * inner_) + 1;
    parallelFor(threads_, places_, grain, [&](int64_t begin, int64_t end, int) {
      inner_ == 1 ? columns(x, y, scales, begin, end) : runs(x, y, scales, begin, end);
    });
  }

 private:
  void runs(const float* x, uint8_t* y, float* scales, int64_t begin, int64_t end) const {
    for (int64_t place = begin; place < end; ++place) {
      float largest = 0;
      const auto at = [&](int64_t o) { return (o * places_ + place) * inner_; };
      for (int64_t o = 0; o < outer_; ++o)
        largest = larger(largest, isa_.quantize->largest(x + at(o), inner_));
      scales[place] = scaleOf(largest);
      for (int64_t o = 0; o < outer_; ++o)
        isa_.quantize->bytes(x + at(o), inner_, 1 / scales[place], -kLargest - 1, kLargest, y + at(o));
    }
  }

  // The last axis: its places are next to one another. Weights, before the first step.
  void columns(const float* x, uint8_t* y, float* scales, int64_t begin, int64_t end) const {
    std::fill(scales + begin, scales + end, 0.0f);
    for (int64_t o = 0; o < outer_; ++o)
      for (int64_t place = begin; place < end; ++place)
        scales[place] = larger(scales[place], std::abs(x[o * places_ + place]));
    for (int64_t place = begin; place < end; ++place) scales[place] = scaleOf(scales[place]);
    for (int64_t o = 0; o < outer_; ++o)
      for (int64_t place = begin; place < end; ++place) {
        const int64_t at = o * places_ + place;
        isa_.quantize->bytes(x + at, 1, 1 / scales[place], -kLargest - 1, kLargest, y + at);
      }
  }

  // NaN stays.
  static float larger(float a, float b) { return b > a || std::isnan(b) ? b : a; }

  int64_t outer_ = 1, places_ = 1, inner_ = 1;
};

}  // namespace

const KernelFamily family([](KernelTable& table) {
  table["quantize"] = {.make = makeKernel<QuantizeKernel>};
  table["quantizeAlong"] = {.make = makeKernel<QuantizeAlongKernel>};
});

}  // namespace nodegrad
