#include "cpu/conv_winograd.h"

#include <algorithm>
#include <cstdlib>
#include <string>

#include "core/parallel.h"
#include "cpu/isa.h"
#include "cpu/onednn.h"

namespace nodegrad {

namespace {

constexpr int64_t kPlaces = 36;  // numbers of a transformed tile
constexpr int64_t kLine = 16;    // floats of a cache line

// Measured on Zen 4 with AVX-512 and AVX2. What a part transforms at once is to stay in the second-level
// cache.
constexpr int64_t kTiles = 48, kSlabChannels = 128;  // of a product: tiles and output channels
constexpr int64_t kGradientTiles = 96,
                  kChunkChannels = 32;               // of a filter's gradient: tiles and input channels
constexpr int64_t kFilterBytes = int64_t{48} << 20;  // of transformed filters, at most

int64_t roundUp(int64_t n, int64_t to) { return (n + to - 1) / to * to; }

// A stride between planes that is an odd number of cache lines: 36 streams with a power of two between them
// would all meet in one set of the cache.
int64_t planeStride(int64_t elements) { return (roundUp(elements, kLine) / kLine | 1) * kLine; }

// The sizes of a convolution in the terms of its forward pass.
struct Sizes {
  int64_t images, height, width, in;  // of x
  int64_t outHeight, outWidth, out;   // of y
  int64_t top, left;                  // padding

  explicit Sizes(const Convolution& conv)
      : images(at(conv.x, conv.axes.n)),
        height(at(conv.x, conv.axes.h)),
        width(at(conv.x, conv.axes.w)),
        in(at(conv.x, conv.axes.c)),
        outHeight(conv.window.outH),
        outWidth(conv.window.outW),
        out(at(conv.y, conv.axes.c)),
        top(conv.window.pads[0]),
        left(conv.window.pads[2]) {}

 private:
  static int64_t at(const TensorType& type, int axis) { return type.shape[static_cast<size_t>(axis)]; }
};

int64_t tileCount(int64_t images, int64_t height, int64_t width) {
  return images * ((height + 3) / 4) * ((width + 3) / 4);
}

std::vector<WinogradTile> tilesOf(int64_t images, int64_t height, int64_t width) {
  std::vector<WinogradTile> tiles;
  tiles.reserve(static_cast<size_t>(tileCount(images, height, width)));
  for (int32_t image = 0; image < images; ++image) {
    for (int32_t row = 0; row < height; row += 4) {
      for (int32_t column = 0; column < width; column += 4) tiles.push_back({image, row, column});
    }
  }
  return tiles;
}

// An image tensor in blocks of channels.
class BlockedImages {
 public:
  BlockedImages(int64_t height, int64_t width, int64_t channels, int64_t lanes)
      : height_(height), width_(width), blocks_(channels / lanes), blockSize_(height * width * lanes) {}
  int64_t blocks() const { return blocks_; }
  WinogradMap map(void* data, int64_t block) const {
    return {static_cast<float*>(data) + block * blockSize_, blocks_ * blockSize_, height_, width_};
  }

 private:
  int64_t height_, width_, blocks_, blockSize_;
};

// Splits tiles evenly over the threads, and each part into blocks of about one size that are whole steps of
// multiply. Both depend on the number of threads alone, and so do the sums' last bits.
class TileParts {
 public:
  TileParts(std::vector<WinogradTile> tiles, int64_t most, int64_t step) : tiles_(std::move(tiles)) {
    const int64_t count = static_cast<int64_t>(tiles_.size());
    parts_ = static_cast<int>(std::clamp<int64_t>(count / step, 1, teamThreads()));
    const int64_t share = (count + parts_ - 1) / parts_, blocks = (share + most - 1) / most;
    block_ = roundUp((share + blocks - 1) / blocks, step);
  }

  int parts() const { return parts_; }
  int64_t block() const { return block_; }

  // Calls body(part, tiles, count, first) for the blocks of every part, the parts at the same time.
  template <class Body>
  void forBlocks(Body&& body) const {
    const int64_t count = static_cast<int64_t>(tiles_.size());
    parallelFor(parts_, parts_, 1, [&](int64_t, int64_t, int part) {
      const int64_t begin = count * part / parts_, end = count * (part + 1) / parts_;
      for (int64_t t = begin; t < end; t += block_)
        body(part, tiles_.data() + t, std::min(block_, end - t), t == begin);
    });
  }

 private:
  std::vector<WinogradTile> tiles_;
  int parts_;
  int64_t block_;
};

class WinogradKernel : public Kernel {
 public:
  std::string implementation() const override { return std::string("winograd:") + isa_.name; }

 protected:
  const IsaKernels& isa_ = isaKernels();
  const WinogradKernels& kernels_ = *isa_.winograd;
  const int64_t lanes_ = kernels_.lanes;
};

// Forward, and the gradient with respect to the input: that is a convolution of the output's gradient with
// filters turned by 180° whose channels have changed places, and with padding 2 - p.
class WinogradConvolution : public WinogradKernel {
 public:
  WinogradConvolution(const Convolution& conv, const Sizes& s, bool relu)
      : backward_(conv.pass == ConvPass::BackwardData),
        bias_(conv.bias),
        relu_(relu),
        fromIndex_(backward_ ? conv.yIndex : conv.xIndex),
        filterIndex_(conv.wIndex),
        in_(s.in),
        out_(s.out),
        top_(backward_ ? 2 - s.top : s.top),
        left_(backward_ ? 2 - s.left : s.left),
        from_(backward_ ? BlockedImages(s.outHeight, s.outWidth, s.out, lanes_)
                        : BlockedImages(s.height, s.width, s.in, lanes_)),
        to_(backward_ ? BlockedImages(s.height, s.width, s.in, lanes_)
                      : BlockedImages(s.outHeight, s.outWidth, s.out, lanes_)),
        tiles_(backward_ ? tilesOf(s.images, s.height, s.width) : tilesOf(s.images, s.outHeight, s.outWidth),
               kTiles, kernels_.tileStep),
        stride_(tiles_.block() * lanes_),
        slab_(std::min(kSlabChannels / lanes_, to_.blocks())),
        inputPlane_(planeStride(from_.blocks() * stride_)),
        productPlane_(planeStride(slab_ * stride_)),
        blockFilters_(kPlaces * from_.blocks() * lanes_ * lanes_) {
    const int64_t slabBytes = slab_ * blockFilters_ * static_cast<int64_t>(sizeof(float));
    group_ = std::min(std::max<int64_t>(kFilterBytes / slabBytes, 1) * slab_, to_.blocks());
  }

  size_t scratchBytes() const override {
    return static_cast<size_t>(group_ * blockFilters_ + tiles_.parts() * partElements()) * sizeof(float);
  }

  void run(void* const* inputs, void* const* outputs, void* scratch) override {
    const float* filters = static_cast<const float*>(inputs[filterIndex_]);
    const float* bias = bias_ ? static_cast<const float*>(inputs[2]) : nullptr;
    float* transformed = static_cast<float*>(scratch);
    // All output channels at once, unless their filters would take too much memory.
    for (int64_t begin = 0; begin < to_.blocks(); begin += group_) {
      const int64_t end = std::min(begin + group_, to_.blocks());
      transformFilters(filters, begin, end, transformed);
      tiles_.forBlocks([&](int part, const WinogradTile* tiles, int64_t count, bool) {
        float* own = transformed + group_ * blockFilters_ + part * partElements();
        for (int64_t b = 0; b < from_.blocks(); ++b) {
          kernels_.input(from_.map(inputs[fromIndex_], b), tiles, count, top_, left_, own + b * stride_,
                         inputPlane_);
        }
        for (int64_t slab = begin; slab < end; slab += slab_) {
          multiplySlab(own, transformed, begin, slab, std::min(slab + slab_, end), count);
          for (int64_t b = slab; b < std::min(slab + slab_, end); ++b) {
            kernels_.output(products(own) + (b - slab) * stride_, productPlane_, to_.map(outputs[0], b),
                            tiles, count, bias ? bias + b * lanes_ : nullptr, relu_);
          }
        }
      });
    }
  }

 private:
  // A part's memory: transformed inputs, then their products with one slab of filters.
  int64_t partElements() const { return kPlaces * (inputPlane_ + productPlane_); }
  float* products(float* own) const { return own + kPlaces * inputPlane_; }

  void transformFilters(const float* filters, int64_t begin, int64_t end, float* to) const {
    const int64_t rows = from_.blocks() * lanes_, chunks = from_.blocks(), panel = kernels_.panel;
    const int64_t panels = (end - begin + panel - 1) / panel;
    parallelFor(tiles_.parts(), panels * chunks, 1, [&](int64_t first, int64_t last, int) {
      for (int64_t i = first; i < last; ++i) {
        const int64_t block = begin + i / chunks * panel, row = i % chunks * lanes_;
        kernels_.filter(filters, in_, out_, backward_, block * lanes_, std::min(panel, end - block), row,
                        rows, to + (block - begin) * blockFilters_);
      }
    });
  }

  void multiplySlab(float* own, const float* filters, int64_t group, int64_t slab, int64_t end,
                    int64_t count) const {
    for (int64_t place = 0; place < kPlaces; ++place) {
      for (int64_t b = slab; b < end; b += kernels_.panel) {
        const int64_t columns = std::min<int64_t>(kernels_.panel, end - b);
        const float* panel =
            filters + (b - group) * blockFilters_ + place * columns * (blockFilters_ / kPlaces);
        kernels_.multiply(own + place * inputPlane_, stride_, from_.blocks(), panel, columns, count,
                          products(own) + place * productPlane_ + (b - slab) * stride_);
      }
    }
  }

  bool backward_, bias_, relu_;
  size_t fromIndex_, filterIndex_;
  int64_t in_, out_, top_, left_;
  BlockedImages from_, to_;
  TileParts tiles_;
  int64_t stride_;  // between the blocks of channels of a plane
  int64_t slab_;    // blocks of output channels whose products a part holds
  int64_t inputPlane_, productPlane_;
  int64_t blockFilters_;  // elements of the transformed filters of one block of output channels
  int64_t group_;         // blocks of output channels whose filters are transformed at once
};

// The gradient with respect to the filters and, as a second output, to the bias. Each part sums over its own
// tiles.
class WinogradBackwardFilter : public WinogradKernel {
 public:
  WinogradBackwardFilter(const Convolution& conv, const Sizes& s)
      : bias_(conv.bias),
        in_(s.in),
        out_(s.out),
        top_(s.top),
        left_(s.left),
        x_(s.height, s.width, s.in, lanes_),
        y_(s.outHeight, s.outWidth, s.out, lanes_),
        tiles_(tilesOf(s.images, s.outHeight, s.outWidth), kGradientTiles, kernels_.tileStep),
        stride_(tiles_.block() * lanes_),
        chunk_(std::min(kChunkChannels / lanes_, x_.blocks())),
        inputPlane_(planeStride(x_.blocks() * stride_)),
        gradientPlane_(planeStride(y_.blocks() * stride_)),
        sumElements_(kPlaces * chunk_ * lanes_ * kernels_.gradientColumns * lanes_) {}

  size_t scratchBytes() const override {
    return static_cast<size_t>(tiles_.parts() * partElements()) * sizeof(float);
  }

  void run(void* const* inputs, void* const* outputs, void* scratch) override {
    float* filters = static_cast<float*>(outputs[0]);
    float* memory = static_cast<float*>(scratch);
    tiles_.forBlocks([&](int part, const WinogradTile* tiles, int64_t count, bool first) {
      float* own = memory + part * partElements();
      if (first) std::fill_n(biasSums(own), out_, 0.0f);
      for (int64_t b = 0; b < x_.blocks(); ++b) {
        kernels_.input(x_.map(inputs[0], b), tiles, count, top_, left_, own + b * stride_, inputPlane_);
      }
      for (int64_t b = 0; b < y_.blocks(); ++b) {
        kernels_.outputGradient(y_.map(inputs[1], b), tiles, count, gradients(own) + b * stride_,
                                gradientPlane_, biasSums(own) + b * lanes_);
      }
      correlateBlocks(own, count, part == 0 ? filters : filterSums(own), !first);
    });
    addParts(filters, 9 * in_ * out_, filterSums(memory));
    if (!bias_) return;
    float* bias = static_cast<float*>(outputs[1]);
    std::copy_n(biasSums(memory), out_, bias);
    addParts(bias, out_, biasSums(memory));
  }

 private:
  // A part's memory: transformed inputs, transformed gradients, the sums of one chunk and column, bias sums,
  // filter sums.
  int64_t partElements() const {
    return kPlaces * (inputPlane_ + gradientPlane_) + sumElements_ + out_ + 9 * in_ * out_;
  }
  float* gradients(float* own) const { return own + kPlaces * inputPlane_; }
  float* sums(float* own) const { return gradients(own) + kPlaces * gradientPlane_; }
  float* biasSums(float* own) const { return sums(own) + sumElements_; }
  float* filterSums(float* own) const { return biasSums(own) + out_; }

  // Transforming each block's sums at once keeps 9 numbers for each pair of channels instead of 36.
  void correlateBlocks(float* own, int64_t count, float* filters, bool add) const {
    const int64_t groups = (y_.blocks() + kernels_.gradientColumns - 1) / kernels_.gradientColumns;
    for (int64_t group = 0; group < groups; ++group) {
      const int64_t column = y_.blocks() * group / groups,
                    columns = y_.blocks() * (group + 1) / groups - column;
      for (int64_t b = 0; b < x_.blocks(); b += chunk_) {
        const int64_t rows = std::min(chunk_, x_.blocks() - b) * lanes_;
        for (int64_t place = 0; place < kPlaces; ++place) {
          kernels_.correlate(own + place * inputPlane_ + b * stride_,
                             gradients(own) + place * gradientPlane_ + column * stride_, stride_, count, rows,
                             columns, sums(own) + place * rows * columns * lanes_);
        }
        kernels_.filterGradient(sums(own), rows, columns, filters + b * lanes_ * out_ + column * lanes_, in_,
                                out_, add);
      }
    }
  }

  // Adds what the parts after the first have summed; first: where part 0 has its own.
  void addParts(float* to, int64_t count, const float* first) const {
    parallelFor(tiles_.parts(), count, 4096, [&](int64_t begin, int64_t end, int) {
      for (int part = 1; part < tiles_.parts(); ++part) {
        const float* more = first + part * partElements();
        for (int64_t i = begin; i < end; ++i) to[i] += more[i];
      }
    });
  }

  bool bias_;
  int64_t in_, out_, top_, left_;
  BlockedImages x_, y_;
  TileParts tiles_;
  int64_t stride_;  // between the blocks of channels of a plane
  int64_t chunk_;   // blocks of input channels whose sums are made at once
  int64_t inputPlane_, gradientPlane_, sumElements_;
};

bool isSwitchedOff() {
  const char* wanted = std::getenv("NODEGRAD_CONV");
  if (!wanted || !*wanted) return false;
  if (std::string(wanted) != "direct")
    fail(ErrorCode::Argument, "[NODEGRAD_CONV] expected 'direct' or nothing, received '", wanted, "'");
  return true;
}

bool hasShape(const KernelSpec& spec, const Convolution& conv) {
  const Window& w = conv.window;
  if (conv.groups != 1 || w.kernel[0] != 3 || w.kernel[1] != 3) return false;
  for (int axis : {0, 1})
    if (w.strides[axis] != 1 || w.dilations[axis] != 1) return false;
  for (int64_t pad : w.pads)
    if (pad > 2) return false;
  if (!spec.attrs.has("activation")) return true;
  const std::string& activation = spec.attrs.text("activation");
  return activation == "linear" || activation == "relu";
}

// Whether the work is less than 85 % of the direct convolution's. Counted for each pair of channels, in units
// of the floating point operations that the matrix products do in the same time.
bool paysOff(const Convolution& conv, const Sizes& s) {
  constexpr double kTransform = 700;  // of a tile and channel, input or output
  // Of a filter: two thirds of it are the memory that 36 numbers for 9 take.
  const double filter = conv.pass == ConvPass::BackwardFilter ? 1500 : 3000;
  const bool backwardData = conv.pass == ConvPass::BackwardData;
  const double tiles = static_cast<double>(backwardData ? tileCount(s.images, s.height, s.width)
                                                        : tileCount(s.images, s.outHeight, s.outWidth));
  const double in = static_cast<double>(s.in), out = static_cast<double>(s.out);
  const double direct = 2 * 9 * static_cast<double>(s.images * s.outHeight * s.outWidth);
  return tiles * (2 * kPlaces + kTransform / in + kTransform / out) + filter < 0.85 * direct;
}

LayoutPtr blocked(const TensorType& type, const ImageAxes& axes, int lanes) {
  const auto at = [&](int axis) { return type.shape[static_cast<size_t>(axis)]; };
  const onednn::Desc desc({at(axes.n), at(axes.c), at(axes.h), at(axes.w)}, dnnl::memory::data_type::f32,
                          lanes == 16 ? onednn::Tag::nChw16c : onednn::Tag::nChw8c);
  return onednn::layoutOf(desc.permute_axes({axes.n, axes.c, axes.h, axes.w}));
}

}  // namespace

bool winogradSuits(const KernelSpec& spec, const Convolution& conv) {
  const int lanes = isaKernels().winograd->lanes;
  if (lanes == 0 || isSwitchedOff() || !hasShape(spec, conv)) return false;
  const Sizes sizes(conv);
  return sizes.in % lanes == 0 && sizes.out % lanes == 0 && paysOff(conv, sizes);
}

LayoutChoice winogradLayouts(const KernelSpec& spec, const Convolution& conv) {
  const int lanes = isaKernels().winograd->lanes;
  return convChoice(spec, conv, blocked(conv.x, conv.axes, lanes), nullptr,
                    blocked(conv.y, conv.axes, lanes));
}

bool hasWinogradLayouts(const Convolution& conv) {
  const int lanes = isaKernels().winograd->lanes;
  return !conv.wLayout && sameLayout(conv.xLayout, blocked(conv.x, conv.axes, lanes)) &&
         sameLayout(conv.yLayout, blocked(conv.y, conv.axes, lanes));
}

std::unique_ptr<Kernel> makeWinograd(const KernelSpec& spec, const Convolution& conv) {
  const Sizes sizes(conv);
  if (conv.pass == ConvPass::BackwardFilter) return std::make_unique<WinogradBackwardFilter>(conv, sizes);
  const bool relu = spec.attrs.has("activation") && spec.attrs.text("activation") == "relu";
  return std::make_unique<WinogradConvolution>(conv, sizes, relu);
}

}  // namespace nodegrad
