#include "cpu/conv/tile_gradient.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "cpu/conv/filter_places.h"
#include "cpu/conv/image.h"
#include "cpu/conv/position_boxes.h"
#include "cpu/conv/tile_gradient_kernels.h"
#include "cpu/own_kernel.h"

namespace nodegrad {

namespace {

// Of what a thread packs of a box: it stays in the second-level cache.
constexpr int64_t kBoxBytes = 800 << 10;
// Of the sums of a thread. More are shared by all threads.
constexpr int64_t kOwnSums = 1280 << 10;
constexpr int64_t kSums = kTileChannels * kTileChannels;

int64_t at(const TensorType& type, int axis) { return type.shape[static_cast<size_t>(axis)]; }

// The gradient is a sum over positions of an output's gradient times the image that is a tap away. A box of
// positions is packed to lines, one for each block of 16 channels, where every tap is so many positions away,
// whatever the position: zeros follow each row.
class TileGradientKernel : public OwnKernel {
  using Box = PositionBoxes::Box;
  using Plane = PositionBoxes::Plane;

 public:
  TileGradientKernel(const Convolution& conv, const TileKernels& kernels)
      : OwnKernel("amx"),
        kernels_(*kernels.gradient),
        x_(*imageOf(conv.x, conv.xLayout, conv.axes)),
        dy_(*imageOf(conv.y, conv.yLayout, conv.axes)),
        dyBlocks_(ceilDiv(dy_.channels, kTileChannels)),
        bias_(conv.bias),
        places_(conv.w, conv.wLayout) {
    const Window& window = conv.window;
    PositionBoxes::Axes axes;
    for (int i = 0; i < window.spatial; ++i) {
      const int axis = kMostSpatial - window.spatial + i;
      axes[axis] = {window.kernel[i],   window.strides[i], window.dilations[i],
                    window.pads[2 * i], x_.sizes[axis],    window.out[i]};
    }
    int64_t samples = at(conv.x, conv.axes.n);
    rows_ = x_.channels;
    if (isFlat(axes, samples))
      flatten(axes, samples);
    else if (isNarrow(axes[2]))
      joinColumns(axes[2]);
    xBlocks_ = ceilDiv(x_.channels, kTileChannels);
    // The gradient's tiles of all blocks; two blocks of the image in both parities, and two lines.
    int64_t planes = 1;
    for (const PositionBoxes::Axis& axis : axes) planes *= std::min(axis.stride, axis.taps);
    const int64_t bytes = (dyBlocks_ * 2 + planes * 8 + 4) * kTileChannels;
    boxes_ = PositionBoxes(axes, samples, kBoxBytes / bytes, threads_);
    for (const PositionBoxes::Tap& tap : boxes_.taps())
      taps_.push_back((tap.plane * 2 + tap.position % 2) * imageNumbers() +
                      tap.position / 2 * 2 * kTileChannels);
    const bool few = boxes_.count() < 2 * threads_;
    shared_ = threads_ > 1 && (few || sumsFloats() * 4 > kOwnSums);
    parts_ = shared_ ? 1 : std::min<int64_t>(threads_, boxes_.count());
    splits_ = shared_ ? std::min(ceilDiv(threads_, pairs(xBlocks_)), pairs(dyBlocks_)) : 1;
  }

  size_t scratchBytes() const override {
    return static_cast<size_t>(parts_ * (sumsFloats() + biasFloats())) * sizeof(float) +
           static_cast<size_t>(parts_ * gradientNumbers() + threads_ * ownNumbers()) * sizeof(uint16_t);
  }

  void run(const void* const* inputs, void* const* outputs, void* scratch) override {
    const auto *x = static_cast<const uint16_t*>(inputs[0]), *dy = static_cast<const uint16_t*>(inputs[1]);
    auto* sums = static_cast<float*>(scratch);
    float* bias = sums + parts_ * sumsFloats();
    auto* gradients = reinterpret_cast<uint16_t*>(bias + parts_ * biasFloats());
    uint16_t* own = gradients + parts_ * gradientNumbers();
    if (bias_) std::fill_n(bias, parts_ * biasFloats(), 0.0f);
    if (shared_)
      sumTogether(x, dy, sums, bias, gradients, own);
    else
      parallelFor(threads_, parts_, 1, [&](int64_t begin, int64_t end, int thread) {
        for (int64_t part = begin; part < end; ++part)
          sumPart(x, dy, part, sums + part * sumsFloats(), bias + part * biasFloats(),
                  gradients + part * gradientNumbers(), own + thread * ownNumbers());
      });
    auto* dw = static_cast<float*>(outputs[0]);
    parallelFor(threads_, pairs(xBlocks_) * pairs(dyBlocks_), 1, [&](int64_t begin, int64_t end, int) {
      for (int64_t i = begin; i < end; ++i) put(sums, i / pairs(dyBlocks_), i % pairs(dyBlocks_), dw);
    });
    if (!bias_) return;
    for (int64_t part = 1; part < parts_; ++part)
      for (int64_t c = 0; c < dy_.channels; ++c) bias[c] += bias[part * biasFloats() + c];
    std::copy_n(bias, dy_.channels, static_cast<float*>(outputs[1]));
  }

 private:
  // Numbers of a row whose taps are joined: zeros before it, its own, all, and those from an output's first
  // one to the next output's.
  struct Joined {
    int64_t before, row, all, step;
  };

  static int64_t pairs(int64_t blocks) { return ceilDiv(blocks, 2); }
  static int64_t inPair(int64_t blocks, int64_t pair) { return std::min<int64_t>(blocks - 2 * pair, 2); }

  int64_t taps() const { return static_cast<int64_t>(taps_.size()); }
  int64_t steps(int64_t samples) const { return ceilDiv(samples * boxes_.samplePositions(), kTilePositions); }
  // The sums of a pair of blocks of each side.
  int64_t pairFloats() const { return taps() * 4 * kSums; }
  int64_t sumsFloats() const { return pairs(xBlocks_) * pairs(dyBlocks_) * pairFloats(); }
  int64_t biasFloats() const { return bias_ ? dyBlocks_ * kTileChannels : 0; }
  int64_t blockNumbers() const { return steps(boxes_.samples()) * kTileNumbers; }
  int64_t gradientNumbers() const { return dyBlocks_ * blockNumbers(); }
  // A line of a block of the image, with one position after it; it serves the gradient, too.
  int64_t lineNumbers() const { return (boxes_.length() + 2) * kTileChannels; }
  // Of a block, a plane and a parity.
  int64_t imageNumbers() const { return boxes_.length() * kTileChannels; }
  // A pair of blocks in both parities.
  int64_t packedNumbers() const { return 4 * static_cast<int64_t>(boxes_.planes().size()) * imageNumbers(); }
  // Of a thread.
  int64_t ownNumbers() const {
    const int64_t numbers = 2 * lineNumbers() + packedNumbers() + (joined_ ? joined_->all : 0);
    return ceilDiv(numbers, kTilePositions) * kTilePositions;
  }

  // Whether the gradient is the product of two matrices that are row-major in memory, as for pointwise
  // filters.
  bool isFlat(const PositionBoxes::Axes& axes, int64_t samples) const {
    const auto isMatrix = [&](const Image& image) {
      int64_t stride = image.channels;
      for (int axis = kMostSpatial; axis-- > 0; stride *= image.sizes[axis])
        if (image.sizes[axis] > 1 && image.strides[axis] != stride) return false;
      return image.run == image.channels && (samples == 1 || image.sample == stride);
    };
    const auto meetsAll = [](const PositionBoxes::Axis& axis) {
      return axis.taps == 1 && axis.in == axis.out && axis.pad == 0;
    };
    return std::all_of(axes.begin(), axes.end(), meetsAll) && isMatrix(x_) && isMatrix(dy_);
  }
  // All positions are those of one row.
  void flatten(PositionBoxes::Axes& axes, int64_t& samples) {
    flat_ = true;
    const int64_t positions = samples * axes[0].out * axes[1].out * axes[2].out;
    samples = 1;
    axes = {};
    axes[2].in = axes[2].out = positions;
  }

  // Whether the neighbours that a row of taps meets are next to each other, and few enough for a pair of
  // blocks.
  bool isNarrow(const PositionBoxes::Axis& width) const {
    return width.taps > 1 && width.dilation == 1 && width.taps * x_.channels <= 2 * kTileChannels &&
           x_.run == x_.channels && x_.strides[2] == x_.channels;
  }
  // Takes them for channels of one tap.
  void joinColumns(PositionBoxes::Axis& width) {
    rows_ = x_.channels * width.taps;
    joined_ =
        Joined{x_.channels * width.pad, x_.channels * width.in,
               x_.channels * (width.out - 1) * width.stride + 2 * kTileChannels, x_.channels * width.stride};
    // Whole blocks: what is too much meets no place.
    x_.channels = x_.run = ceilDiv(x_.channels * width.taps, kTileChannels) * kTileChannels;
    width = {1, 1, 1, 0, width.out, width.out};
  }

  // Each thread some boxes.
  void sumPart(const uint16_t* x, const uint16_t* dy, int64_t part, float* sums, float* bias,
               uint16_t* gradient, uint16_t* own) const {
    const int64_t first = boxes_.count() * part / parts_, end = boxes_.count() * (part + 1) / parts_;
    for (int64_t i = first; i < end; ++i) {
      const Box box = boxes_.box(i);
      for (int64_t pair = 0; pair < pairs(dyBlocks_); ++pair)
        packGradient(dy, box, pair, own, gradient, bias);
      for (int64_t pair = 0; pair < pairs(xBlocks_); ++pair)
        addPair(x, box, pair, 0, pairs(dyBlocks_), gradient, own, sums, i > first);
    }
  }

  // All threads the same box, each some channels.
  void sumTogether(const uint16_t* x, const uint16_t* dy, float* sums, float* bias, uint16_t* gradient,
                   uint16_t* own) const {
    for (int64_t i = 0; i < boxes_.count(); ++i) {
      const Box box = boxes_.box(i);
      const int64_t all = pairs(dyBlocks_);
      parallelFor(threads_, all, 1, [&](int64_t begin, int64_t end, int thread) {
        for (int64_t pair = begin; pair < end; ++pair)
          packGradient(dy, box, pair, own + thread * ownNumbers(), gradient, bias);
      });
      parallelFor(threads_, pairs(xBlocks_) * splits_, 1, [&](int64_t begin, int64_t end, int thread) {
        for (int64_t item = begin; item < end; ++item) {
          const int64_t split = item % splits_;
          addPair(x, box, item / splits_, all * split / splits_, all * (split + 1) / splits_, gradient,
                  own + thread * ownNumbers(), sums, i > 0);
        }
      });
    }
  }

  // The lines of a pair of blocks of channels that are being packed.
  class Lines {
   public:
    Lines(const TileGradientKernels& kernels, const Image& image, int64_t pair, uint16_t* first,
          uint16_t* second)
        : kernels_(kernels),
          image_(image),
          channel_(2 * pair * kTileChannels),
          n_(std::min(2 * kTileChannels, image.channels - channel_)),
          first_(first),
          second_(second) {}

    int64_t blocks() const { return ceilDiv(n_, kTileChannels); }
    int64_t position() const { return position_; }
    const uint16_t* line(int64_t block) const { return block == 0 ? first_ : second_; }

    void clear(int64_t count) {
      for (uint16_t* line : {first_, second_})
        std::fill_n(line + position_ * kTileChannels, count * kTileChannels, uint16_t{0});
      position_ += count;
    }
    // Neighbours of an image's row, from the first one's first channel on.
    void copy(const uint16_t* from, int64_t stride, int64_t count) {
      const int64_t step = position_ * kTileChannels;
      const auto at = [&](int64_t channel) {
        return from + channel / image_.run * image_.runStride + channel % image_.run;
      };
      if (n_ <= kTileChannels || image_.run == image_.channels || image_.run % (2 * kTileChannels) == 0) {
        kernels_.copy(at(channel_), stride, count, n_, first_ + step, second_ + step);
      } else {
        kernels_.copy(at(channel_), stride, count, kTileChannels, first_ + step, nullptr);
        kernels_.copy(at(channel_ + kTileChannels), stride, count, n_ - kTileChannels, second_ + step,
                      nullptr);
      }
      position_ += count;
    }

   private:
    const TileGradientKernels& kernels_;
    const Image& image_;
    int64_t channel_, n_;
    uint16_t *first_, *second_;
    int64_t position_ = 0;
  };
  Lines linesOf(const Image& image, int64_t pair, uint16_t* own) const {
    return {kernels_, image, pair, own, own + lineNumbers()};
  }

  // Tiles of a pair of blocks.
  void packGradient(const uint16_t* dy, const Box& box, int64_t pair, uint16_t* own, uint16_t* gradient,
                    float* bias) const {
    if (flat_) {
      for (int64_t block = 2 * pair; block < std::min(2 * pair + 2, dyBlocks_); ++block)
        packMatrix(
            dy_, dy, box, block, own, [&](const uint16_t* from, int64_t stride, int64_t step, int64_t count) {
              kernels_.transpose(from, stride, count, gradient + block * blockNumbers() + step * kTileNumbers,
                                 bias_ ? bias + block * kTileChannels : nullptr);
            });
      return;
    }
    Lines lines = linesOf(dy_, pair, own);
    const PositionBoxes::Axis& width = boxes_.axis(2);
    for (int64_t s = 0; s < box.samples; ++s)
      for (int64_t d = 0; d < boxes_.axis(0).pitch; ++d)
        for (int64_t h = 0; h < boxes_.axis(1).pitch; ++h) {
          if (d >= box.out[0] || h >= box.out[1]) {
            lines.clear(width.pitch);
            continue;
          }
          lines.copy(dy + (box.sample + s) * dy_.sample + (box.first[0] + d) * dy_.strides[0] +
                         (box.first[1] + h) * dy_.strides[1] + box.first[2] * dy_.strides[2],
                     dy_.strides[2], box.out[2]);
          lines.clear(width.pitch - box.out[2]);
        }
    lines.clear(steps(box.samples) * kTilePositions - lines.position());
    for (int64_t i = 0; i < lines.blocks(); ++i) {
      const int64_t block = 2 * pair + i;
      kernels_.transpose(lines.line(i), kTileChannels, steps(box.samples), gradient + block * blockNumbers(),
                         bias_ ? bias + block * kTileChannels : nullptr);
    }
  }

  // Calls pack(from, stride, first step, steps) for the positions of a box of a matrix: from where they are
  // or, where steps or blocks are not filled, from a line.
  template <class Pack>
  void packMatrix(const Image& image, const uint16_t* matrix, const Box& box, int64_t block, uint16_t* line,
                  const Pack& pack) const {
    const int64_t channel = block * kTileChannels, n = std::min(kTileChannels, image.channels - channel);
    const int64_t all = steps(1), whole = n == kTileChannels ? box.out[2] / kTilePositions : 0;
    const uint16_t* from = matrix + box.first[2] * image.channels + channel;
    if (whole > 0) pack(from, image.channels, 0, whole);
    if (whole == all) return;
    const int64_t rest = box.out[2] - whole * kTilePositions;
    kernels_.copy(from + whole * kTilePositions * image.channels, image.channels, rest, n, line, nullptr);
    std::fill(line + rest * kTileChannels, line + (all - whole) * kTileNumbers, uint16_t{0});
    pack(line, kTileChannels, whole, all - whole);
  }

  // One plane of a pair of blocks.
  void packImage(const uint16_t* x, const Box& box, int64_t pair, const Plane& plane, uint16_t* own,
                 uint16_t* to, int64_t blockStride) const {
    if (flat_) {
      for (int64_t block = 2 * pair; block < std::min(2 * pair + 2, xBlocks_); ++block, to += blockStride)
        packMatrix(x_, x, box, block, own,
                   [&](const uint16_t* from, int64_t stride, int64_t step, int64_t count) {
                     kernels_.pair(from, stride, count * kTilePositions, to + step * kTileNumbers);
                   });
      return;
    }
    Lines lines = linesOf(x_, pair, own);
    const auto inside = [&](int axis) {
      return boxes_.axis(axis).inside(box.first[axis], plane.phases[axis]);
    };
    const auto depth = inside(0), height = inside(1), width = inside(2);
    lines.clear(boxes_.margin());
    for (int64_t s = 0; s < box.samples; ++s)
      for (int64_t d = 0; d < boxes_.axis(0).pitch; ++d)
        for (int64_t h = 0; h < boxes_.axis(1).pitch; ++h) {
          if (d < depth.begin || d >= depth.end || h < height.begin || h >= height.end) {
            lines.clear(boxes_.axis(2).pitch);
            continue;
          }
          const int64_t row = depth.index + (d - depth.begin) * boxes_.axis(0).stride,
                        column = height.index + (h - height.begin) * boxes_.axis(1).stride;
          const uint16_t* from =
              x + (box.sample + s) * x_.sample + row * x_.strides[0] + column * x_.strides[1];
          lines.clear(width.begin);
          if (joined_)
            lines.copy(paddedRow(from, own) + width.index * joined_->step, joined_->step,
                       width.end - width.begin);
          else
            lines.copy(from + width.index * x_.strides[2], boxes_.axis(2).stride * x_.strides[2],
                       width.end - width.begin);
          lines.clear(boxes_.axis(2).pitch - width.end);
        }
    lines.clear(boxes_.length() + 1 - lines.position());
    for (int64_t i = 0; i < lines.blocks(); ++i, to += blockStride)
      for (int odd : {0, 1})
        if (plane.parities[odd])
          kernels_.pair(lines.line(i) + odd * kTileChannels, kTileChannels, boxes_.length(),
                        to + odd * imageNumbers());
  }

  // A row of the image with zeros around it, at the end of a thread's memory.
  const uint16_t* paddedRow(const uint16_t* from, uint16_t* own) const {
    const auto& [before, row, all, step] = *joined_;
    uint16_t* to = own + 2 * lineNumbers() + packedNumbers();
    std::fill_n(to, std::min(before, all), uint16_t{0});
    const int64_t inside = std::clamp<int64_t>(all - before, 0, row);
    std::copy_n(from, inside, to + std::min(before, all));
    std::fill(to + std::min(before, all) + inside, to + all, uint16_t{0});
    return to;
  }

  // Adds what a pair of the image's blocks gives with some pairs of the gradient's.
  void addPair(const uint16_t* x, const Box& box, int64_t xPair, int64_t begin, int64_t end,
               const uint16_t* gradient, uint16_t* own, float* sums, bool add) const {
    uint16_t* image = own + 2 * lineNumbers();
    const int64_t blockStride = 2 * static_cast<int64_t>(boxes_.planes().size()) * imageNumbers();
    for (size_t plane = 0; plane < boxes_.planes().size(); ++plane)
      packImage(x, box, xPair, boxes_.planes()[plane], own,
                image + 2 * static_cast<int64_t>(plane) * imageNumbers(), blockStride);
    for (int64_t pair = begin; pair < end; ++pair)
      kernels_.multiply(
          {gradient + 2 * pair * blockNumbers(), blockNumbers(), static_cast<int>(inPair(dyBlocks_, pair)),
           image, blockStride, static_cast<int>(inPair(xBlocks_, xPair)), steps(box.samples)},
          taps_.data(), taps(), sums + (xPair * pairs(dyBlocks_) + pair) * pairFloats(), add);
  }

  // Writes the totals of a pair of blocks of each side.
  void put(const float* sums, int64_t xPair, int64_t dyPair, float* dw) const {
    const float* from = sums + (xPair * pairs(dyBlocks_) + dyPair) * pairFloats();
    const int64_t gradients = inPair(dyBlocks_, dyPair), images = inPair(xBlocks_, xPair);
    alignas(64) float total[kSums];
    for (int64_t tap = 0; tap < taps(); ++tap)
      for (int64_t g = 0; g < gradients; ++g)
        for (int64_t i = 0; i < images; ++i, from += kSums) {
          kernels_.total(from, parts_, sumsFloats(), total);
          const int64_t in = (2 * xPair + i) * kTileChannels, out = (2 * dyPair + g) * kTileChannels;
          const int64_t columns = std::min(kTileChannels, dy_.channels - out);
          const int64_t* to = places_.columns.data() + out;
          const bool together = to[columns - 1] - to[0] == columns - 1;
          for (int64_t c = 0; c < std::min(kTileChannels, rows_ - in); ++c) {
            float* row = dw + places_.rows[static_cast<size_t>(tap * rows_ + in + c)];
            if (together)
              std::copy_n(total + c * kTileChannels, columns, row + to[0]);
            else
              for (int64_t k = 0; k < columns; ++k) row[to[k]] = total[c * kTileChannels + k];
          }
        }
  }

  const TileGradientKernels& kernels_;
  Image x_, dy_;
  int64_t rows_ = 0;                // of the gradient for a tap: channels of the image, maybe of joined taps
  int64_t xBlocks_ = 0, dyBlocks_;  // of channels
  bool bias_;
  FilterPlaces places_;
  PositionBoxes boxes_;
  std::optional<Joined> joined_;
  std::vector<int64_t> taps_;  // where each begins in the packed image
  bool flat_ = false, shared_ = false;
  int64_t parts_ = 1, splits_ = 1;
};

// Whether blocks of channels are next to each other in memory.
bool hasRuns(const TensorType& type, const LayoutPtr& layout, const ImageAxes& axes) {
  const auto image = imageOf(type, layout, axes);
  return image && (image->run == image->channels || image->run % kTileChannels == 0);
}

bool isChannelsLast(const ImageAxes& axes) { return axes.c == axes.first + axes.spatial; }

}  // namespace

bool tileGradientTakes(const Convolution& conv) {
  const auto fits = [&](const TensorType& type, const LayoutPtr& layout) {
    return isChannelsLast(conv.axes) || hasRuns(type, layout, conv.axes);
  };
  return conv.pass == ConvPass::BackwardFilter && conv.groups == 1 && !conv.isFused() &&
         conv.x.dtype == DType::BF16 && conv.y.dtype == DType::BF16 && fits(conv.x, conv.xLayout) &&
         fits(conv.y, conv.yLayout);
}

LayoutChoice tileGradientLayouts(const KernelSpec& spec, const Convolution& conv) {
  const auto kept = [&](const TensorType& type, const LayoutPtr& layout) {
    return hasRuns(type, layout, conv.axes) ? layout : nullptr;
  };
  return convChoice(spec, conv, kept(conv.x, conv.xLayout),
                    isDense(conv.w, conv.wLayout) ? conv.wLayout : nullptr, kept(conv.y, conv.yLayout));
}

bool hasTileGradientLayouts(const Convolution& conv) {
  return isDense(conv.w, conv.wLayout) && hasRuns(conv.x, conv.xLayout, conv.axes) &&
         hasRuns(conv.y, conv.yLayout, conv.axes);
}

std::unique_ptr<Kernel> makeTileGradient(const Convolution& conv, const TileKernels& kernels) {
  return std::make_unique<TileGradientKernel>(conv, kernels);
}

}  // namespace nodegrad
