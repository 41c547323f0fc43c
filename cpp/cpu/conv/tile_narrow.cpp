#include "cpu/conv/tile_narrow.h"

#include <algorithm>

#include "core/align.h"
#include "cpu/conv/tile_narrow_kernels.h"
#include "cpu/elementwise/activation.h"
#include "cpu/own_kernel.h"

namespace nodegrad {

namespace {

constexpr int64_t kBlock = 16, kMostNumbers = 32;
constexpr int64_t kLine = 32;  // numbers of a cache line

int64_t at(const TensorType& type, int axis) { return type.shape[static_cast<size_t>(axis)]; }

// Threads take bands of neighbouring rows of outputs, whose rows of the image they copy with zeros around.
class TileNarrowKernel : public OwnKernel {
 public:
  TileNarrowKernel(const KernelSpec& spec, const Convolution& conv, const TileKernels& kernels)
      : OwnKernel("amx"),
        kernels_(*kernels.narrow),
        window_(conv.window),
        channels_(at(conv.x, conv.axes.c)),
        height_(at(conv.x, conv.axes.h())),
        width_(at(conv.x, conv.axes.w())),
        images_(at(conv.x, conv.axes.n)),
        numbers_(window_.kernel[1] * channels_),
        pairs_((numbers_ + 1) / 2),
        blocks_(at(conv.y, conv.axes.c) / kBlock),
        bias_(conv.bias),
        relu_(activationOf(spec) == "relu"),
        rowNumbers_(((window_.out[1] - 1) * window_.strides[1]) * channels_ + 2 * pairs_),
        bands_(std::clamp<int64_t>((2 * threads_ + images_ - 1) / images_, 1, window_.out[0])) {}

  size_t scratchBytes() const override {
    return static_cast<size_t>(filterNumbers() + threads_ * bandNumbers()) * sizeof(uint16_t);
  }

  void run(const void* const* inputs, void* const* outputs, void* scratch) override {
    const auto* x = static_cast<const uint16_t*>(inputs[0]);
    auto *filters = static_cast<uint16_t*>(scratch), *padded = filters + filterNumbers();
    packFilters(static_cast<const uint16_t*>(inputs[1]), filters);
    const int64_t rowOut = window_.out[1] * blocks_ * kBlock;
    TileNarrowRow row{nullptr,
                      window_.strides[1] * channels_,
                      window_.kernel[0],
                      window_.dilations[0] * rowNumbers_,
                      pairs_,
                      filters,
                      bias_ ? static_cast<const float*>(inputs[2]) : nullptr,
                      relu_,
                      blocks_,
                      window_.out[1],
                      nullptr};
    parallelFor(threads_, images_ * bands_, 1, [&](int64_t begin, int64_t end, int thread) {
      TileNarrowRow mine = row;
      uint16_t* band = padded + thread * bandNumbers();
      mine.x = band;
      for (int64_t i = begin; i < end; ++i) {
        const int64_t image = i / bands_, first = window_.out[0] * (i % bands_) / bands_,
                      last = window_.out[0] * (i % bands_ + 1) / bands_;
        copyBand(x + image * height_ * width_ * channels_, first, last - first, band);
        mine.y = static_cast<uint16_t*>(outputs[0]) + (image * window_.out[0] + first) * rowOut;
        kernels_.rows(mine, last - first, window_.strides[0] * rowNumbers_, rowOut);
      }
    });
  }

 private:
  int64_t filterNumbers() const { return roundUp(blocks_ * window_.kernel[0] * pairs_ * 2 * kBlock, kLine); }
  // The rows of the image that so many rows of outputs read.
  int64_t rowsOf(int64_t outputs) const {
    return (outputs - 1) * window_.strides[0] + (window_.kernel[0] - 1) * window_.dilations[0] + 1;
  }
  int64_t bandNumbers() const {
    return roundUp(rowsOf((window_.out[0] + bands_ - 1) / bands_) * rowNumbers_, kLine);
  }

  // w: [tap row][tap, channel][output channel].
  void packFilters(const uint16_t* w, uint16_t* to) const {
    for (int64_t block = 0; block < blocks_; ++block)
      for (int64_t r = 0; r < window_.kernel[0]; ++r)
        for (int64_t i = 0; i < 2 * pairs_; ++i)
          for (int64_t o = 0; o < kBlock; ++o)
            to[((block * window_.kernel[0] + r) * pairs_ + i / 2) * 2 * kBlock + 2 * o + i % 2] =
                i < numbers_ ? w[((r * numbers_ + i) * blocks_ + block) * kBlock + o] : uint16_t{0};
  }

  void copyBand(const uint16_t* image, int64_t firstOut, int64_t outputs, uint16_t* to) const {
    const int64_t first = firstOut * window_.strides[0] - window_.pads[0];
    const int64_t before = std::min(window_.pads[2] * channels_, rowNumbers_),
                  inside = std::min(width_ * channels_, rowNumbers_ - before);
    for (int64_t r = first; r < first + rowsOf(outputs); ++r, to += rowNumbers_) {
      if (r < 0 || r >= height_) {
        std::fill_n(to, rowNumbers_, uint16_t{0});
        continue;
      }
      std::fill_n(to, before, uint16_t{0});
      std::copy_n(image + r * width_ * channels_, inside, to + before);
      std::fill(to + before + inside, to + rowNumbers_, uint16_t{0});
    }
  }

  const TileNarrowKernels& kernels_;
  const Window window_;
  const int64_t channels_, height_, width_, images_;
  const int64_t numbers_, pairs_;  // of a row of taps
  const int64_t blocks_;           // of output channels
  const bool bias_, relu_;
  const int64_t rowNumbers_;  // of a copied row, one too many where a row of taps is odd
  const int64_t bands_;       // of an image
};

}  // namespace

bool tileNarrowTakes(const KernelSpec& spec, const Convolution& conv) {
  const Window& w = conv.window;
  const std::string activation = activationOf(spec);
  return conv.pass == ConvPass::Forward && w.spatial == 2 && conv.groups == 1 && !conv.isFused() &&
         !conv.residual && conv.axes.c == conv.axes.first + conv.axes.spatial &&
         conv.x.dtype == DType::BF16 && conv.w.dtype == DType::BF16 && conv.y.dtype == DType::BF16 &&
         w.dilations[1] == 1 && w.kernel[1] * at(conv.x, conv.axes.c) <= kMostNumbers &&
         at(conv.y, conv.axes.c) % kBlock == 0 && (activation == "linear" || activation == "relu");
}

LayoutChoice tileNarrowLayouts(const KernelSpec& spec, const Convolution& conv) {
  return convChoice(spec, conv, nullptr, nullptr, nullptr);
}

bool hasTileNarrowLayouts(const Convolution& conv) { return !conv.xLayout && !conv.wLayout && !conv.yLayout; }

std::unique_ptr<Kernel> makeTileNarrow(const KernelSpec& spec, const Convolution& conv,
                                       const TileKernels& kernels) {
  return std::make_unique<TileNarrowKernel>(spec, conv, kernels);
}

}  // namespace nodegrad
