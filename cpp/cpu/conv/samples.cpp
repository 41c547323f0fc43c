#include "cpu/conv/samples.h"

#include <algorithm>
#include <optional>
#include <string>

#include "core/align.h"
#include "cpu/conv/samples_kernels.h"
#include "cpu/elementwise/activation.h"
#include "cpu/isa.h"
#include "cpu/memory/cpu_layout.h"
#include "host/parallel.h"

namespace nodegrad {

namespace {

// Of the images that a gradient is summed over before the next weights are: they stay in the second-level
// cache.
constexpr int64_t kGradientBytes = int64_t{512} << 10;
constexpr int64_t kLeastThreadWork = 1 << 17;  // in multiplications
constexpr int64_t kLine = 16;                  // floats of a cache line

int64_t at(const TensorType& type, int axis) { return type.shape[static_cast<size_t>(axis)]; }

int64_t lanes() { return isaKernels().sampleConv->lanes; }

SampleConv forwardSizes(const Convolution& conv) {
  const Window& w = conv.window;
  return {at(conv.x, conv.axes.c),
          at(conv.x, conv.axes.h()),
          at(conv.x, conv.axes.w()),
          at(conv.y, conv.axes.c),
          w.out[0],
          w.out[1],
          {w.kernel[0], w.kernel[1]},
          {w.strides[0], w.strides[1]},
          {w.dilations[0], w.dilations[1]},
          {w.pads[0], w.pads[2]}};
}

// The gradient with respect to the input is a convolution of the output's gradient with filters turned by
// 180° whose input and output channels are exchanged.
SampleConv backwardSizes(const Convolution& conv) {
  SampleConv c = forwardSizes(conv);
  std::swap(c.in, c.out);
  std::swap(c.height, c.outHeight);
  std::swap(c.width, c.outWidth);
  for (int axis : {0, 1}) c.pads[axis] = conv.window.extent(axis) - 1 - c.pads[axis];
  return c;
}

int64_t multiplications(const SampleConv& c) {
  return c.in * c.out * c.taps[0] * c.taps[1] * c.outHeight * c.outWidth;
}

std::optional<SampleActivation> sampleActivation(const KernelSpec& spec) {
  const std::string name = activationOf(spec);
  if (name == "linear") return SampleActivation::Linear;
  if (name == "relu") return SampleActivation::Relu;
  if (name == "tanh") return SampleActivation::Tanh;
  if (name == "sigmoid") return SampleActivation::Sigmoid;
  return std::nullopt;
}

class SampleKernel : public Kernel {
 public:
  std::string implementation() const override { return std::string("samples:") + isa_.name; }

 protected:
  SampleKernel(const SampleConv& sizes, int64_t images)
      : isa_(isaKernels()),
        kernels_(*isa_.sampleConv),
        sizes_(sizes),
        blocks_(images / kernels_.lanes),
        threads_(teamThreads()),
        xBlock_(sizes.in * sizes.height * sizes.width * kernels_.lanes),
        yBlock_(sizes.out * sizes.outHeight * sizes.outWidth * kernels_.lanes),
        filter_(sizes.in * sizes.out * sizes.taps[0] * sizes.taps[1]) {}

  const IsaKernels& isa_;
  const SampleConvKernels& kernels_;
  SampleConv sizes_;
  int64_t blocks_;
  int threads_;
  int64_t xBlock_, yBlock_, filter_;  // elements
};

// Forward, and the gradient with respect to the input.
class SampleConvolution : public SampleKernel {
 public:
  SampleConvolution(const KernelSpec& spec, const Convolution& conv)
      : SampleKernel(conv.pass == ConvPass::Forward ? forwardSizes(conv) : backwardSizes(conv),
                     at(conv.x, conv.axes.n)),
        activation_(*sampleActivation(spec)),
        backward_(conv.pass == ConvPass::BackwardData),
        bias_(conv.bias),
        xIndex_(backward_ ? conv.yIndex : conv.xIndex),
        wIndex_(conv.wIndex) {}

  size_t scratchBytes() const override {
    return static_cast<size_t>(threads_ * packedElements()) * sizeof(float);
  }

  void run(const void* const* inputs, void* const* outputs, void* scratch) override {
    const float* x = static_cast<const float*>(inputs[xIndex_]);
    const float* bias = bias_ ? static_cast<const float*>(inputs[2]) : nullptr;
    float* y = static_cast<float*>(outputs[0]);
    const int64_t rows = sizes_.outHeight;
    const int64_t rowWork = std::max<int64_t>(multiplications(sizes_) / rows * kernels_.lanes, 1);
    parallelFor(threads_, blocks_ * rows, kLeastThreadWork / rowWork,
                [&](int64_t begin, int64_t end, int part) {
                  float* packed = static_cast<float*>(scratch) + part * packedElements();
                  pack(static_cast<const float*>(inputs[wIndex_]), packed);
                  for (int64_t i = begin; i < end; ++i) {
                    const int64_t block = i / rows;
                    kernels_.row(sizes_, x + block * xBlock_, packed, bias, activation_, y + block * yBlock_,
                                 i % rows);
                  }
                });
  }

 private:
  // Each part packs the filters for itself: that is little compared with its rows, and no part waits.
  int64_t packedElements() const { return roundUp(filter_, kLine); }

  void pack(const float* filters, float* to) const {
    const SampleConv& c = sizes_;
    const int64_t groups = (c.out + kernels_.group - 1) / kernels_.group, taps = c.taps[0] * c.taps[1];
    for (int64_t g = 0; g < groups; ++g) {
      const int64_t begin = c.out * g / groups, end = c.out * (g + 1) / groups;
      for (int64_t i = 0; i < c.in; ++i) {
        for (int64_t tap = 0; tap < taps; ++tap) {
          for (int64_t o = begin; o < end; ++o)
            *to++ = backward_ ? filters[((taps - 1 - tap) * c.out + o) * c.in + i]
                              : filters[(tap * c.in + i) * c.out + o];
        }
      }
    }
  }

  SampleActivation activation_;
  bool backward_, bias_;
  size_t xIndex_, wIndex_;
};

// The gradient with respect to the filters and, as a second output, to the bias. Each part sums over its own
// blocks of samples.
class SampleBackwardFilter : public SampleKernel {
 public:
  explicit SampleBackwardFilter(const Convolution& conv)
      : SampleKernel(forwardSizes(conv), at(conv.x, conv.axes.n)),
        bias_(conv.bias),
        together_(std::max<int64_t>(
            kGradientBytes / (static_cast<int64_t>(sizeof(float)) * (xBlock_ + yBlock_)), 1)) {
    const int64_t most = multiplications(sizes_) * kernels_.lanes * blocks_ / kLeastThreadWork;
    parts_ = static_cast<int>(std::clamp<int64_t>(std::min(most, blocks_), 1, threads_));
  }

  size_t scratchBytes() const override {
    return static_cast<size_t>(parts_ * partElements()) * sizeof(float);
  }

  void run(const void* const* inputs, void* const* outputs, void* scratch) override {
    const float* x = static_cast<const float*>(inputs[0]);
    const float* dy = static_cast<const float*>(inputs[1]);
    float* sums = static_cast<float*>(scratch);
    parallelFor(parts_, parts_, 1, [&](int64_t, int64_t, int part) {
      float* own = sums + part * partElements();
      std::fill_n(own, partElements(), 0.0f);
      const int64_t end = blocks_ * (part + 1) / parts_;
      for (int64_t b = blocks_ * part / parts_; b < end; b += together_) {
        kernels_.gradient(sizes_, x + b * xBlock_, dy + b * yBlock_, std::min(together_, end - b), own,
                          bias_ ? own + filter_ : nullptr);
      }
    });
    addParts(sums, filter_, static_cast<float*>(outputs[0]));
    if (bias_) addParts(sums + filter_, sizes_.out, static_cast<float*>(outputs[1]));
  }

 private:
  int64_t partElements() const { return roundUp(filter_ + sizes_.out, kLine); }

  void addParts(const float* first, int64_t count, float* to) const {
    parallelFor(threads_, count, 1 << 14, [&](int64_t begin, int64_t end, int) {
      std::copy(first + begin, first + end, to + begin);
      for (int part = 1; part < parts_; ++part) {
        const float* more = first + part * partElements();
        for (int64_t i = begin; i < end; ++i) to[i] += more[i];
      }
    });
  }

  bool bias_;
  int64_t together_;  // blocks of samples
  int parts_;
};

}  // namespace

bool sampleConvTakes(const KernelSpec& spec, const Convolution& conv) {
  if (conv.window.spatial != 2 || conv.groups != 1 || conv.isFused() || conv.residual ||
      conv.x.dtype != DType::F32 || conv.w.dtype != DType::F32 || conv.y.dtype != DType::F32 ||
      at(conv.x, conv.axes.n) % lanes() != 0 || !sampleActivation(spec))
    return false;
  if (conv.pass != ConvPass::BackwardData) return true;
  const Window& w = conv.window;
  for (int axis : {0, 1})
    if (w.strides[axis] != 1 || w.pads[2 * axis] >= w.extent(axis)) return false;
  return true;
}

bool isInSamples(const TensorType& type, const LayoutPtr& layout, const ImageAxes& axes) {
  return layout && sameLayout(layout, sampleBlocks(type, axes, lanes()));
}

LayoutChoice sampleConvLayouts(const KernelSpec& spec, const Convolution& conv) {
  return convChoice(spec, conv, sampleBlocks(conv.x, conv.axes, lanes()), nullptr,
                    sampleBlocks(conv.y, conv.axes, lanes()));
}

bool hasSampleConvLayouts(const Convolution& conv) {
  return !conv.wLayout && isInSamples(conv.x, conv.xLayout, conv.axes) &&
         isInSamples(conv.y, conv.yLayout, conv.axes);
}

std::unique_ptr<Kernel> makeSampleConv(const KernelSpec& spec, const Convolution& conv) {
  if (conv.pass == ConvPass::BackwardFilter) return std::make_unique<SampleBackwardFilter>(conv);
  return std::make_unique<SampleConvolution>(spec, conv);
}

}  // namespace nodegrad
