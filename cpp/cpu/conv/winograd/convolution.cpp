#include "cpu/conv/winograd/filters.h"
#include "cpu/conv/winograd/kernels.h"
#include "cpu/conv/winograd/moments.h"

namespace nodegrad::winograd {

namespace {

// Measured on Zen 4 with AVX-512 and AVX2. What a part transforms at once is to stay in the second-level
// cache.
constexpr int64_t kTiles = 48, kSlabChannels = 128;  // of a product: tiles and output channels
constexpr int64_t kFewTiles = 144;                   // for which the filters are transformed in the cache
constexpr int64_t kFilterBytes = int64_t{48} << 20;  // of transformed filters, at most

// A convolution of the input or, for the gradient with respect to it, of the output's gradient with filters
// turned by 180° whose input and output channels are exchanged, and with padding 2 - p.
class WinogradConvolution : public WinogradKernel {
 public:
  WinogradConvolution(const Convolution& conv, const Sizes& s, bool relu)
      : WinogradKernel(conv.multiplicandType()),
        conv_(conv),
        backward_(conv.pass == ConvPass::BackwardData),
        relu_(relu),
        in_(s.in),
        out_(s.out),
        top_(backward_ ? 2 - s.top : s.top),
        left_(backward_ ? 2 - s.left : s.left),
        from_(backward_ ? BlockedImages(s.outHeight, s.outWidth, s.out, lanes_, conv.y.dtype)
                        : BlockedImages(s.height, s.width, s.in, lanes_, conv.x.dtype)),
        to_(backward_ ? BlockedImages(s.height, s.width, s.in, lanes_, conv.x.dtype)
                      : BlockedImages(s.outHeight, s.outWidth, s.out, lanes_, conv.y.dtype)),
        image_(conv, s, lanes_),
        pooled_(to_.pooled(conv.pooledDtype)),
        mask_(s.height, s.width, s.in, lanes_, conv.maskDtype),
        residual_(s.outHeight, s.outWidth, s.out, lanes_, conv.residualDtype) {}

 protected:
  void transformInput(const void* const* inputs, int64_t block, const WinogradTile* tiles, int64_t count,
                      void* to, int64_t plane) const {
    const WinogradMap map = !backward_ ? image_.map(inputs, block)
                            : conv_.pooledGradient
                                ? from_.pooledMap(inputs[conv_.yIndex], inputs[conv_.argmaxIndex], block)
                                : from_.map(inputs[conv_.yIndex], block);
    kernels_.input(map, tiles, count, top_, left_, to, plane);
  }

  void transformOutput(const void* const* inputs, void* const* outputs, int64_t block,
                       const WinogradTile* tiles, int64_t count, const float* products, int64_t plane,
                       ChannelMoments moments) const {
    WinogradOutput to{to_.map<void>(nullptr, 0), nullptr, relu_, {}, {}, nullptr, nullptr};
    if (backward_)
      to.map = image_.map(outputs, block);
    else if (conv_.computesImage())
      to.map = to_.map(outputs[conv_.yIndex], block);
    if (conv_.bias) to.bias = static_cast<const float*>(inputs[2]) + block * lanes_;
    if (conv_.residual) to.residual = residual_.map(inputs[conv_.residualIndex], block);
    if (conv_.mask) to.mask = mask_.map(inputs[conv_.maskIndex], block);
    if (conv_.pooling) {
      to.pooled = pooled_.map(outputs[0], block);
      to.argmax = static_cast<uint8_t*>(outputs[1]) + block * pooled_.blockSize();
    }
    float sums[3 * 16];  // of a block's lanes
    if (conv_.statistics) to.moments = sums;
    kernels_.output(products, plane, to, tiles, count);
    if (!conv_.statistics) return;
    const double numbers = static_cast<double>(outputsOf(to.map, tiles, count));
    for (int64_t l = 0; l < lanes_; ++l) {
      const double near = sums[l], sum = sums[lanes_ + l], squares = sums[2 * lanes_ + l];
      moments.add(block * lanes_ + l, numbers, near + sum / numbers, squares - sum * sum / numbers);
    }
  }

  // Of each part of the work, one after the other.
  int64_t momentFloats() const { return conv_.statistics ? ChannelMoments::floats(out_) : 0; }
  ChannelMoments momentsOf(float* memory, int64_t part) const {
    return {memory + part * momentFloats(), conv_.statistics ? out_ : 0};
  }
  void clearMoments(float* memory, int64_t parts) const {
    for (int64_t part = 0; part < parts; ++part) momentsOf(memory, part).clear();
  }
  void writeMoments(float* memory, int64_t parts, void* const* outputs) const {
    if (!conv_.statistics) return;
    ChannelMoments all = momentsOf(memory, 0);
    for (int64_t part = 1; part < parts; ++part) all.add(momentsOf(memory, part));
    all.write(static_cast<float*>(outputs[1]), static_cast<float*>(outputs[2]));
  }

 private:
  static int64_t outputsOf(const WinogradResult& map, const WinogradTile* tiles, int64_t count) {
    int64_t all = 0;
    for (int64_t t = 0; t < count; ++t)
      all +=
          std::min<int64_t>(map.height - tiles[t].row, 4) * std::min<int64_t>(map.width - tiles[t].column, 4);
    return all;
  }

 protected:
  const Convolution conv_;
  const bool backward_, relu_;
  const int64_t in_, out_, top_, left_;
  const BlockedImages from_, to_;
  const ConcatImages image_;
  const BlockedImages pooled_, mask_, residual_;
};

std::vector<WinogradTile> resultTiles(const Convolution& conv, const Sizes& s) {
  return conv.pass == ConvPass::BackwardData ? tilesOf(s.images, s.height, s.width)
                                             : tilesOf(s.images, s.outHeight, s.outWidth);
}

// All filters are transformed, unless they come so, then each thread takes its tiles, some at once.
class ManyTiles : public WinogradConvolution {
 public:
  ManyTiles(const Convolution& conv, const Sizes& s, bool relu)
      : WinogradConvolution(conv, s, relu),
        tiles_(resultTiles(conv, s), kTiles, kernels_.tileStep),
        stride_(tiles_.block() * lanes_),
        slab_(std::min(kSlabChannels / lanes_, to_.blocks())),
        inputPlane_(operandPlane(from_.blocks() * stride_)),
        productPlane_(floatPlane(slab_ * stride_)),
        filters_(from_.blocks() * lanes_, to_.blocks() * lanes_, backward_, conv.multiplicandType()),
        prepared_(isFilterLayout(conv.wLayout)) {
    const int64_t slabBytes = filters_.panels(slab_) * filters_.panelBytes();
    const int64_t slabs = prepared_ ? to_.blocks() : std::max<int64_t>(kFilterBytes / slabBytes, 1);
    group_ = std::min(slabs * slab_, to_.blocks());
  }

  size_t scratchBytes() const override {
    return static_cast<size_t>(filterBytes()) +
           static_cast<size_t>(tiles_.parts() * (partFloats() + momentFloats())) * sizeof(float);
  }

  void run(const void* const* inputs, void* const* outputs, void* scratch) override {
    const float* filters = static_cast<const float*>(inputs[conv_.wIndex]);
    float* moments = static_cast<float*>(scratch);
    float* parts = moments + tiles_.parts() * momentFloats();
    auto* memory = reinterpret_cast<std::byte*>(parts + tiles_.parts() * partFloats());
    const void* transformed = prepared_ ? inputs[conv_.wIndex] : memory;
    clearMoments(moments, tiles_.parts());
    // All output channels at once, unless their filters would take too much memory.
    for (int64_t begin = 0; begin < to_.blocks(); begin += group_) {
      const int64_t end = std::min(begin + group_, to_.blocks());
      if (!prepared_) filters_.transform(filters, begin, end, memory, tiles_.parts());
      tiles_.forBlocks([&](int part, const WinogradTile* tiles, int64_t count, bool) {
        float* own = parts + part * partFloats();
        for (int64_t b = 0; b < from_.blocks(); ++b)
          transformInput(inputs, b, tiles, count, operands(own, b * stride_), inputPlane_);
        for (int64_t slab = begin; slab < end; slab += slab_) {
          const int64_t slabEnd = std::min(slab + slab_, end);
          multiplySlab(own, transformed, begin, slab, slabEnd, count);
          for (int64_t b = slab; b < slabEnd; ++b)
            transformOutput(inputs, outputs, b, tiles, count, products(own) + (b - slab) * stride_,
                            productPlane_, momentsOf(moments, part));
        }
      });
    }
    writeMoments(moments, tiles_.parts(), outputs);
  }

 private:
  // A part's memory: transformed inputs, then their products with one slab of filters.
  int64_t partFloats() const { return planeFloats(inputPlane_) + kElements * productPlane_; }
  float* products(float* own) const { return own + planeFloats(inputPlane_); }

  // Of the scratch memory: room for a group's transformed filters.
  int64_t filterBytes() const { return prepared_ ? 0 : filters_.panels(group_) * filters_.panelBytes(); }

  void multiplySlab(float* own, const void* filters, int64_t group, int64_t slab, int64_t end,
                    int64_t count) const {
    for (int64_t e = 0; e < kElements; ++e) {
      for (int64_t b = slab; b < end; b += kernels_.panel) {
        const int64_t columns = std::min<int64_t>(kernels_.panel, end - b);
        const std::byte* panel =
            static_cast<const std::byte*>(filters) + (b - group) / kernels_.panel * filters_.panelBytes();
        kernels_.multiply(operands(own, e * inputPlane_), stride_, from_.blocks(),
                          operands(panel, e * filters_.plane(columns)), columns, count,
                          products(own) + e * productPlane_ + (b - slab) * stride_, false);
      }
    }
  }

  TileParts tiles_;
  int64_t stride_;  // between the blocks of channels of a plane
  int64_t slab_;    // blocks of output channels whose products a part holds
  int64_t inputPlane_, productPlane_;
  const FilterPanels filters_;
  const bool prepared_;  // the filters come transformed
  int64_t group_;        // blocks of output channels whose filters are transformed at once
};

// All tiles are transformed, then each thread takes its panels of filters, a chunk of their rows at once: the
// transformed filters, four times as many numbers as the filters, never leave the cache.
class FewTiles : public WinogradConvolution {
 public:
  FewTiles(const Convolution& conv, const Sizes& s, bool relu)
      : WinogradConvolution(conv, s, relu),
        tiles_(resultTiles(conv, s)),
        count_(static_cast<int64_t>(tiles_.size())),
        stride_(count_ * lanes_),
        panels_((to_.blocks() + kernels_.panel - 1) / kernels_.panel),
        parts_(static_cast<int>(std::min<int64_t>(teamThreads(), panels_))),
        inputPlane_(operandPlane(from_.blocks() * stride_)),
        productPlane_(floatPlane(kernels_.panel * stride_)) {}

  // Whether all threads get work, and no filter would be read from memory more cheaply than an input.
  static bool suits(const Convolution& conv, const Sizes& s) {
    const WinogradKernels& kernels = kernelsFor(conv.multiplicandType());
    const int64_t out = conv.pass == ConvPass::BackwardData ? s.in : s.out;
    const int64_t panels = (out / kernels.lanes + kernels.panel - 1) / kernels.panel;
    const int64_t rounds = (panels + teamThreads() - 1) / teamThreads();
    return static_cast<int64_t>(resultTiles(conv, s).size()) <= kFewTiles &&
           4 * rounds * teamThreads() <= 5 * panels;
  }

  size_t scratchBytes() const override {
    return static_cast<size_t>(planeFloats(inputPlane_) + parts_ * partFloats() + momentFloats()) *
           sizeof(float);
  }

  void run(const void* const* inputs, void* const* outputs, void* scratch) override {
    float* moments = static_cast<float*>(scratch);  // no two parts have a channel in common
    float* transformed = moments + momentFloats();
    clearMoments(moments, 1);
    parallelFor(parts_, from_.blocks(), 1, [&](int64_t begin, int64_t end, int) {
      for (int64_t b = begin; b < end; ++b)
        transformInput(inputs, b, tiles_.data(), count_, operands(transformed, b * stride_), inputPlane_);
    });
    parallelFor(parts_, panels_, 1, [&](int64_t begin, int64_t end, int part) {
      float* products = transformed + planeFloats(inputPlane_) + part * partFloats();
      void* panel = products + kElements * productPlane_;
      for (int64_t p = begin; p < end; ++p) {
        const int64_t block = p * kernels_.panel;
        const int64_t columns = std::min<int64_t>(kernels_.panel, to_.blocks() - block);
        for (int64_t b = 0; b < from_.blocks(); b += kernels_.sumBlocks) {
          const int64_t chunk = std::min<int64_t>(kernels_.sumBlocks, from_.blocks() - b);
          transformFilters(static_cast<const float*>(inputs[conv_.wIndex]), block, columns, b, chunk, panel);
          for (int64_t e = 0; e < kElements; ++e)
            kernels_.multiply(operands(transformed, e * inputPlane_ + b * stride_), stride_, chunk,
                              operands(panel, e * filterPlane(chunk, columns)), columns, count_,
                              products + e * productPlane_, b > 0);
        }
        for (int64_t c = 0; c < columns; ++c)
          transformOutput(inputs, outputs, block + c, tiles_.data(), count_, products + c * stride_,
                          productPlane_, momentsOf(moments, 0));
      }
    });
    writeMoments(moments, 1, outputs);
  }

 private:
  // A part's memory: the products of a panel, then a chunk of its transformed filters.
  int64_t partFloats() const {
    return kElements * productPlane_ + planeFloats(filterPlane(kernels_.sumBlocks, kernels_.panel));
  }
  // Between the elements of transformed filters for so many blocks of channels.
  int64_t filterPlane(int64_t chunk, int64_t columns) const {
    return operandPlane(chunk * lanes_ * columns * lanes_);
  }

  void transformFilters(const float* filters, int64_t block, int64_t columns, int64_t first, int64_t chunk,
                        void* to) const {
    const float* from = filters + first * lanes_ * (backward_ ? 1 : out_);
    for (int64_t row = 0; row < chunk * lanes_; row += lanes_)
      kernels_.filter(from, in_, out_, backward_, block * lanes_, columns, row, filterPlane(chunk, columns),
                      to);
  }

  std::vector<WinogradTile> tiles_;
  int64_t count_;
  int64_t stride_;  // between the blocks of channels of a plane
  int64_t panels_;
  int parts_;
  int64_t inputPlane_, productPlane_;
};

}  // namespace

std::unique_ptr<Kernel> makeConvolution(const Convolution& conv, bool relu) {
  const Sizes sizes(conv);
  if (!isFilterLayout(conv.wLayout) && FewTiles::suits(conv, sizes))
    return std::make_unique<FewTiles>(conv, sizes, relu);
  return std::make_unique<ManyTiles>(conv, sizes, relu);
}

}  // namespace nodegrad::winograd
