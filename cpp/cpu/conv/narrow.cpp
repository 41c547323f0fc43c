#include "cpu/conv/narrow.h"

#include <algorithm>
#include <vector>

#include "core/align.h"
#include "cpu/conv/image.h"
#include "cpu/conv/narrow_kernels.h"
#include "cpu/own_kernel.h"

namespace nodegrad {

namespace {

constexpr int64_t kLeastThreadWork = 1 << 17;  // in multiplications

struct Range {
  int64_t begin, end;
};

// Which positions of the image the taps of an axis multiply, for the positions of the result that are
// `phases` apart: those of each phase are neighbours of each other.
class AxisTaps {
 public:
  struct Tap {
    int64_t index;  // of the filters
    int64_t first;  // the position of the image for the first result of the phase, maybe outside
    Range results;  // of the phase, for which the position is in the image
  };
  struct Phase {
    int64_t results;
    std::vector<Tap> taps;
  };

  AxisTaps() : phases_{{1, {{0, 0, {0, 1}}}}} {}  // of an axis of one position
  AxisTaps(const Convolution& conv, int axis, int64_t image, int64_t result) {
    const Window& w = conv.window;
    const bool forward = conv.pass != ConvPass::BackwardData;
    const int64_t stride = w.strides[axis], pad = w.pads[2 * axis], dilation = w.dilations[axis];
    step_ = forward ? stride : 1;
    phases_.resize(static_cast<size_t>(forward ? 1 : stride));
    for (int64_t p = 0; p < count(); ++p) {
      Phase& phase = phases_[static_cast<size_t>(p)];
      phase.results = std::max<int64_t>((result - p + count() - 1) / count(), 0);
      for (int64_t t = 0; t < w.kernel[axis]; ++t) {
        const int64_t first = forward ? t * dilation - pad : p + pad - t * dilation;
        if (!forward && first % stride != 0) continue;
        Tap tap{t, forward ? first : first / stride, {}};
        tap.results = {std::clamp<int64_t>(ceil(-tap.first), 0, phase.results),
                       std::clamp<int64_t>(ceil(image - tap.first), 0, phase.results)};
        phase.taps.push_back(tap);
      }
    }
  }

  int64_t count() const { return static_cast<int64_t>(phases_.size()); }
  const Phase& phase(int64_t p) const { return phases_[static_cast<size_t>(p)]; }
  // Positions of the image from one result of a phase to the next.
  int64_t step() const { return step_; }
  // The taps of one result and their positions in the image: called as use(tap, position).
  template <class Use>
  void forTaps(int64_t result, Use&& use) const {
    const int64_t i = result / count();
    for (const Tap& tap : phase(result % count()).taps)
      if (tap.results.begin <= i && i < tap.results.end) use(tap.index, tap.first + i * step_);
  }

 private:
  // In steps, rounded up.
  int64_t ceil(int64_t positions) const { return positions <= 0 ? 0 : (positions + step_ - 1) / step_; }

  int64_t step_ = 1;
  std::vector<Phase> phases_;
};

// The images of a convolution, or their gradients: that of many channels is wide, the other one narrow.
struct Side {
  const TensorType& type;
  const LayoutPtr& layout;
};
Side sideOf(const Convolution& conv, bool ofX) {
  return ofX ? Side{conv.x, conv.xLayout} : Side{conv.y, conv.yLayout};
}
Side wideSide(const Convolution& conv) { return sideOf(conv, conv.pass != ConvPass::BackwardData); }
Side narrowSide(const Convolution& conv) { return sideOf(conv, conv.pass == ConvPass::BackwardData); }

class NarrowKernel : public OwnKernel {
 protected:
  explicit NarrowKernel(const Convolution& conv)
      : bias_(conv.bias),
        wide_(*imageOf(wideSide(conv).type, wideSide(conv).layout, conv.axes)),
        narrow_(*imageOf(narrowSide(conv).type, nullptr, conv.axes)) {
    const int spatial = conv.window.spatial;
    for (int i = 0; i < spatial; ++i) {
      const int axis = kMostSpatial - spatial + i;
      taps_[axis] = AxisTaps(conv, i, wide_.sizes[axis], narrow_.sizes[axis]);
      kernel_[axis] = conv.window.kernel[i];
    }
    const int64_t inRun = std::min(wide_.run, wide_.channels);
    row_ = {wide_.channels / inRun,
            inRun / kernels_.lanes,
            wide_.runStride,
            taps_[2].step() * wide_.strides[2],
            taps_[2].count() * narrow_.strides[2],
            nullptr};
    rows_ = conv.x.shape[static_cast<size_t>(conv.axes.n)] * narrow_.sizes[0] * narrow_.sizes[1];
  }

  // A row of the narrow image: of sample n, at depth d and height h.
  struct Row {
    int64_t n, d, h;
  };
  Row row(int64_t i) const {
    const int64_t height = narrow_.sizes[1], sample = narrow_.sizes[0] * height;
    return {i / sample, i % sample / height, i % height};
  }
  int64_t placeOf(const Row& row) const {
    return row.n * narrow_.sample + row.d * narrow_.strides[0] + row.h * narrow_.strides[1];
  }
  // Calls use(row of the wide image, first tap of a row of the filters) for the taps of the two outer axes.
  template <class Use>
  void forRowTaps(const Row& row, const float* wide, Use&& use) const {
    taps_[0].forTaps(row.d, [&](int64_t depthTap, int64_t depth) {
      taps_[1].forTaps(row.h, [&](int64_t heightTap, int64_t height) {
        use(wide_.at(wide + row.n * wide_.sample, depth, height, 0),
            (depthTap * kernel_[1] + heightTap) * kernel_[2]);
      });
    });
  }

  int64_t filterTaps() const { return kernel_[0] * kernel_[1] * kernel_[2]; }
  int64_t filterFloats() const { return wide_.channels * narrow_.channels; }  // of a tap
  int64_t grain() const {
    return kLeastThreadWork / std::max<int64_t>(narrow_.sizes[2] * filterTaps() * filterFloats(), 1);
  }

  const NarrowConvKernels& kernels_ = *isa_.narrowConv;
  const bool bias_;
  const Image wide_, narrow_;
  AxisTaps taps_[kMostSpatial];
  int64_t kernel_[kMostSpatial] = {1, 1, 1};
  NarrowRow row_;
  int64_t rows_;  // of all samples
};

// Makes the narrow image.
class NarrowConvKernel : public NarrowKernel {
 public:
  explicit NarrowConvKernel(const Convolution& conv)
      : NarrowKernel(conv),
        forward_(conv.pass == ConvPass::Forward),
        wideIndex_(forward_ ? conv.xIndex : conv.yIndex),
        filterIndex_(conv.wIndex),
        lists_(static_cast<size_t>(threads_)) {
    for (Lists& lists : lists_) {
      lists.rows.reserve(static_cast<size_t>(kernel_[0] * kernel_[1]));
      lists.taps.reserve(static_cast<size_t>(filterTaps()));
    }
  }

  // Forward, the filters with their channels last.
  size_t scratchBytes() const override {
    return forward_ ? static_cast<size_t>(filterTaps() * filterFloats()) * sizeof(float) : 0;
  }

  void run(const void* const* inputs, void* const* outputs, void* scratch) override {
    const auto* wide = static_cast<const float*>(inputs[wideIndex_]);
    const auto* filters = static_cast<const float*>(inputs[filterIndex_]);
    if (forward_) filters = withChannelsLast(filters, static_cast<float*>(scratch));
    NarrowRow shape = row_;
    shape.bias = bias_ ? static_cast<const float*>(inputs[2]) : nullptr;
    parallelFor(threads_, rows_, grain(), [&](int64_t begin, int64_t end, int part) {
      for (int64_t i = begin; i < end; ++i)
        makeRow(shape, row(i), wide, filters, static_cast<float*>(outputs[0]),
                lists_[static_cast<size_t>(part)]);
    });
  }

 private:
  // A tap of the two outer axes: a row of the image and a row of the filters.
  struct RowTap {
    const float *x, *w;
  };
  // What one thread needs.
  struct Lists {
    std::vector<RowTap> rows;
    std::vector<NarrowTap> taps;
  };

  const float* withChannelsLast(const float* filters, float* to) const {
    for (int64_t tap = 0; tap < filterTaps(); ++tap)
      for (int64_t c = 0; c < wide_.channels; ++c)
        for (int64_t o = 0; o < narrow_.channels; ++o)
          to[(tap * narrow_.channels + o) * wide_.channels + c] = *filters++;
    return to;
  }

  void makeRow(const NarrowRow& shape, const Row& at, const float* wide, const float* filters, float* y,
               Lists& lists) const {
    auto& [rows, taps] = lists;
    rows.clear();
    forRowTaps(at, wide,
               [&](const float* x, int64_t tap) { rows.push_back({x, filters + tap * filterFloats()}); });
    for (int64_t p = 0; p < taps_[2].count(); ++p) {
      const AxisTaps::Phase& phase = taps_[2].phase(p);
      float* first = y + placeOf(at) + p * narrow_.strides[2];
      // Where the same taps are in the image, a part at a time.
      for (int64_t begin = 0, end; begin < phase.results; begin = end) {
        end = phase.results;
        taps.clear();
        for (const AxisTaps::Tap& tap : phase.taps) {
          const auto [from, until] = tap.results;
          if (begin < from) end = std::min(end, from);
          if (begin < from || begin >= until) continue;
          end = std::min(end, until);
          for (const RowTap& outer : rows)
            taps.push_back({outer.x + (tap.first + begin * taps_[2].step()) * wide_.strides[2],
                            outer.w + tap.index * filterFloats()});
        }
        kernels_.row(shape, taps.data(), static_cast<int64_t>(taps.size()),
                     static_cast<int>(narrow_.channels), end - begin, first + begin * shape.yStep);
      }
    }
  }

  const bool forward_;
  const size_t wideIndex_, filterIndex_;
  std::vector<Lists> lists_;
};

// Makes the gradient of the filters: each part sums up over its own rows of dy, the narrow image.
class NarrowFilterGradient : public NarrowKernel {
 public:
  explicit NarrowFilterGradient(const Convolution& conv)
      : NarrowKernel(conv),
        parts_(static_cast<int>(std::clamp<int64_t>(rows_ / std::max<int64_t>(grain(), 1), 1, threads_))) {}

  size_t scratchBytes() const override { return static_cast<size_t>(parts_ * partFloats()) * sizeof(float); }

  void run(const void* const* inputs, void* const* outputs, void* scratch) override {
    const auto *x = static_cast<const float*>(inputs[0]), *dy = static_cast<const float*>(inputs[1]);
    auto* sums = static_cast<float*>(scratch);
    parallelFor(parts_, parts_, 1, [&](int64_t, int64_t, int part) {
      float* own = sums + part * partFloats();
      std::fill_n(own, partFloats(), 0.0f);
      for (int64_t i = rows_ * part / parts_; i < rows_ * (part + 1) / parts_; ++i)
        addRow(row(i), x, dy, own);
    });
    for (int part = 1; part < parts_; ++part)
      for (int64_t i = 0; i < partFloats(); ++i) sums[i] += sums[part * partFloats() + i];
    auto* dw = static_cast<float*>(outputs[0]);
    for (int64_t tap = 0; tap < filterTaps(); ++tap)
      for (int64_t c = 0; c < wide_.channels; ++c)
        for (int64_t o = 0; o < narrow_.channels; ++o)
          *dw++ = sums[(tap * narrow_.channels + o) * wide_.channels + c];
    if (bias_)
      std::copy_n(sums + filterTaps() * filterFloats(), narrow_.channels, static_cast<float*>(outputs[1]));
  }

 private:
  // [tap][channel of dy][channel of x], then those of the bias; in whole cache lines.
  int64_t partFloats() const {
    const int64_t floats = filterTaps() * filterFloats() + narrow_.channels;
    return static_cast<int64_t>(wholeLines(static_cast<size_t>(floats) * sizeof(float)) / sizeof(float));
  }

  void addRow(const Row& at, const float* x, const float* dy, float* sums) const {
    const int64_t channels = narrow_.channels;
    const float* gradients = dy + placeOf(at);
    forRowTaps(at, x, [&](const float* from, int64_t firstTap) {
      for (const AxisTaps::Tap& tap : taps_[2].phase(0).taps) {
        const auto [begin, end] = tap.results;
        kernels_.gradient(row_, from + (tap.first + begin * taps_[2].step()) * wide_.strides[2],
                          gradients + begin * channels, static_cast<int>(channels), end - begin,
                          sums + (firstTap + tap.index) * filterFloats());
      }
    });
    if (!bias_) return;
    float* bias = sums + filterTaps() * filterFloats();
    for (int64_t o = 0; o < channels; ++o) {
      float sum = 0;
      for (int64_t i = o; i < narrow_.sizes[2] * channels; i += channels) sum += gradients[i];
      bias[o] += sum;
    }
  }

  const int parts_;
};

// Whether the channels fill vectors.
bool fillsVectors(const Side& side, const ImageAxes& axes) {
  const auto image = imageOf(side.type, side.layout, axes);
  const int64_t lanes = isaKernels().narrowConv->lanes;
  return image && image->channels % lanes == 0 && image->run % lanes == 0;
}

}  // namespace

bool narrowConvTakes(const Convolution& conv) {
  if (conv.groups != 1 || conv.isFused() || conv.residual || conv.x.dtype != DType::F32 ||
      conv.w.dtype != DType::F32 || conv.y.dtype != DType::F32 ||
      conv.axes.c != conv.axes.first + conv.axes.spatial)
    return false;
  const int64_t results = narrowSide(conv).type.shape[static_cast<size_t>(conv.axes.c)];
  return results <= isaKernels().narrowConv->results &&
         fillsVectors({wideSide(conv).type, nullptr}, conv.axes);
}

LayoutChoice narrowConvLayouts(const KernelSpec& spec, const Convolution& conv) {
  const LayoutPtr wide = fillsVectors(wideSide(conv), conv.axes) ? wideSide(conv).layout : nullptr;
  const bool isX = conv.pass != ConvPass::BackwardData;
  return convChoice(spec, conv, isX ? wide : nullptr, nullptr, isX ? nullptr : wide);
}

bool hasNarrowConvLayouts(const Convolution& conv) {
  return !conv.wLayout && !narrowSide(conv).layout && fillsVectors(wideSide(conv), conv.axes);
}

std::unique_ptr<Kernel> makeNarrowConv(const Convolution& conv) {
  if (conv.pass == ConvPass::BackwardFilter) return std::make_unique<NarrowFilterGradient>(conv);
  return std::make_unique<NarrowConvKernel>(conv);
}

}  // namespace nodegrad
