#include "cpu/conv/narrow.h"

#include <algorithm>
#include <vector>

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
    const bool forward = conv.pass == ConvPass::Forward;
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

class NarrowConvKernel : public OwnKernel {
 public:
  explicit NarrowConvKernel(const Convolution& conv)
      : forward_(conv.pass == ConvPass::Forward),
        bias_(conv.bias),
        from_(forward_ ? *imageOf(conv.x, conv.xLayout, conv.axes)
                       : *imageOf(conv.y, conv.yLayout, conv.axes)),
        to_(forward_ ? *imageOf(conv.y, nullptr, conv.axes) : *imageOf(conv.x, nullptr, conv.axes)),
        samples_(conv.x.shape[static_cast<size_t>(conv.axes.n)]),
        fromIndex_(forward_ ? conv.xIndex : conv.yIndex),
        filterIndex_(conv.wIndex) {
    const int spatial = conv.window.spatial;
    for (int i = 0; i < spatial; ++i) {
      const int axis = kMostSpatial - spatial + i;
      taps_[axis] = AxisTaps(conv, i, from_.sizes[axis], to_.sizes[axis]);
      kernel_[axis] = conv.window.kernel[i];
    }
    const int64_t inRun = std::min(from_.run, from_.channels);
    row_ = {from_.channels / inRun,
            inRun / kernels_.lanes,
            from_.runStride,
            taps_[2].step() * from_.strides[2],
            taps_[2].count() * to_.strides[2],
            nullptr};
    lists_.resize(static_cast<size_t>(threads_));
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
    const auto* from = static_cast<const float*>(inputs[fromIndex_]);
    const auto* filters = static_cast<const float*>(inputs[filterIndex_]);
    if (forward_) filters = withChannelsLast(filters, static_cast<float*>(scratch));
    NarrowRow row = row_;
    row.bias = bias_ ? static_cast<const float*>(inputs[2]) : nullptr;
    const int64_t planeRows = to_.sizes[1], sampleRows = to_.sizes[0] * planeRows;
    const int64_t rowWork = std::max<int64_t>(to_.sizes[2] * filterTaps() * filterFloats(), 1);
    parallelFor(threads_, samples_ * sampleRows, kLeastThreadWork / rowWork,
                [&](int64_t begin, int64_t end, int part) {
                  for (int64_t i = begin; i < end; ++i) {
                    const int64_t n = i / sampleRows, d = i % sampleRows / planeRows, h = i % planeRows;
                    makeRow(row, from + n * from_.sample, filters, d, h,
                            static_cast<float*>(outputs[0]) + n * to_.sample + d * to_.strides[0] +
                                h * to_.strides[1],
                            lists_[static_cast<size_t>(part)]);
                  }
                });
  }

 private:
  int64_t filterTaps() const { return kernel_[0] * kernel_[1] * kernel_[2]; }
  int64_t filterFloats() const { return from_.channels * to_.channels; }  // of a tap

  const float* withChannelsLast(const float* filters, float* to) const {
    for (int64_t tap = 0; tap < filterTaps(); ++tap)
      for (int64_t c = 0; c < from_.channels; ++c)
        for (int64_t o = 0; o < to_.channels; ++o)
          to[(tap * to_.channels + o) * from_.channels + c] = *filters++;
    return to;
  }

  // A tap of the two outer axes: a row of the image and a row of the filters.
  struct RowTap {
    const float *x, *w;
  };
  // What one thread needs.
  struct Lists {
    std::vector<RowTap> rows;
    std::vector<NarrowTap> taps;
  };

  void makeRow(const NarrowRow& row, const float* from, const float* filters, int64_t d, int64_t h, float* y,
               Lists& lists) const {
    auto& [rows, taps] = lists;
    rows.clear();
    taps_[0].forTaps(d, [&](int64_t depthTap, int64_t depth) {
      taps_[1].forTaps(h, [&](int64_t heightTap, int64_t height) {
        rows.push_back({from_.at(from, depth, height, 0),
                        filters + (depthTap * kernel_[1] + heightTap) * kernel_[2] * filterFloats()});
      });
    });
    for (int64_t p = 0; p < taps_[2].count(); ++p) {
      const AxisTaps::Phase& phase = taps_[2].phase(p);
      float* first = y + p * to_.strides[2];
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
            taps.push_back({outer.x + (tap.first + begin * taps_[2].step()) * from_.strides[2],
                            outer.w + tap.index * filterFloats()});
        }
        kernels_.row(row, taps.data(), static_cast<int64_t>(taps.size()), static_cast<int>(to_.channels),
                     end - begin, first + begin * row.yStep);
      }
    }
  }

  const NarrowConvKernels& kernels_ = *isa_.narrowConv;
  const bool forward_, bias_;
  const Image from_, to_;
  const int64_t samples_;
  const size_t fromIndex_, filterIndex_;
  AxisTaps taps_[kMostSpatial];
  int64_t kernel_[kMostSpatial] = {1, 1, 1};
  NarrowRow row_;
  std::vector<Lists> lists_;
};

bool isNarrowResult(const TensorType& type, const ImageAxes& axes) {
  return type.shape[static_cast<size_t>(axes.c)] <= isaKernels().narrowConv->results;
}

// Whether the channels fill vectors.
bool fillsVectors(const TensorType& type, const LayoutPtr& layout, const ImageAxes& axes) {
  const auto image = imageOf(type, layout, axes);
  const int64_t lanes = isaKernels().narrowConv->lanes;
  return image && image->channels % lanes == 0 && image->run % lanes == 0;
}

}  // namespace

bool narrowConvSuits(const Convolution& conv) {
  if (conv.pass == ConvPass::BackwardFilter || conv.groups != 1 || conv.isFused() || conv.residual ||
      conv.x.dtype != DType::F32 || conv.w.dtype != DType::F32 || conv.y.dtype != DType::F32 ||
      conv.axes.c != conv.axes.first + conv.axes.spatial)
    return false;
  const bool forward = conv.pass == ConvPass::Forward;
  return isNarrowResult(forward ? conv.y : conv.x, conv.axes) &&
         fillsVectors(forward ? conv.x : conv.y, nullptr, conv.axes);
}

LayoutChoice narrowConvLayouts(const KernelSpec& spec, const Convolution& conv) {
  const bool forward = conv.pass == ConvPass::Forward;
  const TensorType& type = forward ? conv.x : conv.y;
  const LayoutPtr& given = forward ? conv.xLayout : conv.yLayout;
  const LayoutPtr from = fillsVectors(type, given, conv.axes) ? given : nullptr;
  return convChoice(spec, conv, forward ? from : nullptr, nullptr, forward ? nullptr : from);
}

bool hasNarrowConvLayouts(const Convolution& conv) {
  const bool forward = conv.pass == ConvPass::Forward;
  return !conv.wLayout && !(forward ? conv.yLayout : conv.xLayout) &&
         fillsVectors(forward ? conv.x : conv.y, forward ? conv.xLayout : conv.yLayout, conv.axes);
}

std::unique_ptr<Kernel> makeNarrowConv(const Convolution& conv) {
  return std::make_unique<NarrowConvKernel>(conv);
}

}  // namespace nodegrad
