#include "cpu/conv/winograd/kernels.h"
#include "cpu/conv/winograd/tiles.h"

namespace nodegrad::winograd {

namespace {

// Measured on Zen 4 with AVX-512 and AVX2.
constexpr int64_t kTiles = 96, kChunkChannels = 32;  // correlated at once: tiles and input channels
constexpr int64_t kManyPairs = 32768;                // of channels: for those sums are not kept twice
constexpr int64_t kSharedBytes = int64_t{12} << 20;  // of transformed tiles that all threads share

class WinogradBackwardFilter : public WinogradKernel {
 public:
  WinogradBackwardFilter(const Convolution& conv, const Sizes& s)
      : WinogradKernel(conv.multiplicandType()),
        conv_(conv),
        in_(s.in),
        out_(s.out),
        top_(s.top),
        left_(s.left),
        x_(s.height, s.width, s.in, lanes_, conv.x.dtype),
        image_(conv, s, lanes_),
        y_(s.outHeight, s.outWidth, s.out, lanes_, conv.y.dtype),
        chunk_(std::min(kChunkChannels / lanes_, x_.blocks())),
        groups_((y_.blocks() + kernels_.gradientColumns - 1) / kernels_.gradientColumns),
        chunks_((x_.blocks() + chunk_ - 1) / chunk_),
        sumElements_(kElements * floatPlane(chunk_ * lanes_ * kernels_.gradientColumns * lanes_)) {}

 protected:
  void transformInput(const void* const* inputs, int64_t block, const WinogradTile* tiles, int64_t count,
                      void* to, int64_t plane) const {
    kernels_.correlatedInput(image_.map(inputs, block), tiles, count, top_, left_, to, plane);
  }

  void transformGradient(const void* const* inputs, int64_t block, const WinogradTile* tiles, int64_t count,
                         void* to, int64_t plane, float* biasSums) const {
    const void* data = inputs[conv_.yIndex];
    const WinogradMap map =
        conv_.pooledGradient ? y_.pooledMap(data, inputs[conv_.argmaxIndex], block) : y_.map(data, block);
    kernels_.outputGradient(map, tiles, count, to, plane, biasSums + block * lanes_);
  }

  // One chunk of input channels with one group of output channels. Transforming their sums at once keeps 9
  // numbers for each pair of channels instead of 36.
  void correlate(int64_t chunk, int64_t group, const void* inputs, int64_t inputPlane, const void* gradients,
                 int64_t gradientPlane, int64_t stride, int64_t count, float* sums, float* filters,
                 bool add) const {
    const int64_t column = y_.blocks() * group / groups_,
                  columns = y_.blocks() * (group + 1) / groups_ - column;
    const int64_t b = chunk * chunk_, rows = std::min(chunk_, x_.blocks() - b) * lanes_;
    const int64_t sumPlane = floatPlane(rows * columns * lanes_);
    for (int64_t e = 0; e < kElements; ++e)
      kernels_.correlate(operands(inputs, e * inputPlane + b * stride),
                         operands(gradients, e * gradientPlane + column * stride), stride, count, rows,
                         columns, sums + e * sumPlane);
    kernels_.filterGradient(sums, sumPlane, rows, columns, filters + b * lanes_ * out_ + column * lanes_, in_,
                            out_, add);
  }

  const Convolution conv_;
  const int64_t in_, out_, top_, left_;
  const BlockedImages x_;
  const ConcatImages image_;
  const BlockedImages y_;
  const int64_t chunk_;            // blocks of input channels whose sums are made at once
  const int64_t groups_, chunks_;  // of output channels, of input channels
  const int64_t sumElements_;
};

// Each part sums over its own tiles.
class SumsOfTiles : public WinogradBackwardFilter {
 public:
  SumsOfTiles(const Convolution& conv, const Sizes& s)
      : WinogradBackwardFilter(conv, s),
        tiles_(tilesOf(s.images, s.outHeight, s.outWidth), kTiles, kernels_.tileStep),
        stride_(tiles_.block() * lanes_),
        inputPlane_(operandPlane(x_.blocks() * stride_)),
        gradientPlane_(operandPlane(y_.blocks() * stride_)) {}

  size_t scratchBytes() const override {
    return static_cast<size_t>(tiles_.parts() * partFloats()) * sizeof(float);
  }

  void run(const void* const* inputs, void* const* outputs, void* scratch) override {
    float* filters = static_cast<float*>(outputs[0]);
    float* memory = static_cast<float*>(scratch);
    tiles_.forBlocks([&](int part, const WinogradTile* tiles, int64_t count, bool first) {
      float* own = memory + part * partFloats();
      float* gradients = own + planeFloats(inputPlane_);
      if (first) std::fill_n(biasSums(own), out_, 0.0f);
      for (int64_t b = 0; b < x_.blocks(); ++b)
        transformInput(inputs, b, tiles, count, operands(own, b * stride_), inputPlane_);
      for (int64_t b = 0; b < y_.blocks(); ++b)
        transformGradient(inputs, b, tiles, count, operands(gradients, b * stride_), gradientPlane_,
                          biasSums(own));
      for (int64_t group = 0; group < groups_; ++group)
        for (int64_t chunk = 0; chunk < chunks_; ++chunk)
          correlate(chunk, group, own, inputPlane_, gradients, gradientPlane_, stride_, count, sums(own),
                    part == 0 ? filters : filterSums(own), !first);
    });
    addParts(filters, 9 * in_ * out_, filterSums(memory));
    if (!conv_.bias) return;
    float* bias = static_cast<float*>(outputs[1]);
    std::copy_n(biasSums(memory), out_, bias);
    addParts(bias, out_, biasSums(memory));
  }

 private:
  // A part's memory: transformed inputs, transformed gradients, the sums of one chunk and group, bias sums,
  // filter sums.
  int64_t partFloats() const {
    return planeFloats(inputPlane_ + gradientPlane_) + sumElements_ + out_ + 9 * in_ * out_;
  }
  float* sums(float* own) const { return own + planeFloats(inputPlane_ + gradientPlane_); }
  float* biasSums(float* own) const { return sums(own) + sumElements_; }
  float* filterSums(float* own) const { return biasSums(own) + out_; }

  // Adds what the parts after the first have summed; first: where part 0 has its own.
  void addParts(float* to, int64_t count, const float* first) const {
    parallelFor(tiles_.parts(), count, 4096, [&](int64_t begin, int64_t end, int) {
      for (int part = 1; part < tiles_.parts(); ++part) {
        const float* more = first + part * partFloats();
        for (int64_t i = begin; i < end; ++i) to[i] += more[i];
      }
    });
  }

  TileParts tiles_;
  int64_t stride_;  // between the blocks of channels of a plane
  int64_t inputPlane_, gradientPlane_;
};

// The threads transform some tiles together, then each sums for its own pairs of channels.
class SumsOfPairs : public WinogradBackwardFilter {
 public:
  SumsOfPairs(const Convolution& conv, const Sizes& s)
      : WinogradBackwardFilter(conv, s),
        tiles_(tilesOf(s.images, s.outHeight, s.outWidth)),
        count_(static_cast<int64_t>(tiles_.size())) {
    const int64_t tileBytes = kElements * (s.in + s.out) * bytes_;
    const int64_t blocks = (count_ * tileBytes + kSharedBytes - 1) / kSharedBytes;
    block_ = roundUp((count_ + blocks - 1) / blocks, 2);  // correlate may want them in pairs
    stride_ = block_ * lanes_;
    inputPlane_ = operandPlane(x_.blocks() * stride_);
    gradientPlane_ = operandPlane(y_.blocks() * stride_);
  }

  // Whether that saves memory and all threads get work.
  static bool suits(const Convolution& conv, const Sizes& s) {
    const WinogradKernels& kernels = kernelsFor(conv.multiplicandType());
    return s.in * s.out >= kManyPairs &&
           s.in * s.out >= teamThreads() * 8 * kChunkChannels * kernels.gradientColumns * kernels.lanes;
  }

  size_t scratchBytes() const override {
    return static_cast<size_t>(planeFloats(inputPlane_ + gradientPlane_) + threads_ * sumElements_ + out_) *
           sizeof(float);
  }

  void run(const void* const* inputs, void* const* outputs, void* scratch) override {
    float* filters = static_cast<float*>(outputs[0]);
    float* transformed = static_cast<float*>(scratch);
    float* gradients = transformed + planeFloats(inputPlane_);
    float* sums = gradients + planeFloats(gradientPlane_);
    float* biasSums = conv_.bias ? static_cast<float*>(outputs[1]) : sums + threads_ * sumElements_;
    std::fill_n(biasSums, out_, 0.0f);
    for (int64_t t = 0; t < count_; t += block_) {
      const WinogradTile* tiles = tiles_.data() + t;
      const int64_t count = std::min(block_, count_ - t);
      parallelFor(threads_, x_.blocks() + y_.blocks(), 1, [&](int64_t begin, int64_t end, int) {
        for (int64_t b = begin; b < end; ++b) {
          if (b < x_.blocks())
            transformInput(inputs, b, tiles, count, operands(transformed, b * stride_), inputPlane_);
          else
            transformGradient(inputs, b - x_.blocks(), tiles, count,
                              operands(gradients, (b - x_.blocks()) * stride_), gradientPlane_, biasSums);
        }
      });
      parallelFor(threads_, groups_ * chunks_, 1, [&](int64_t begin, int64_t end, int part) {
        for (int64_t i = begin; i < end; ++i)
          correlate(i % chunks_, i / chunks_, transformed, inputPlane_, gradients, gradientPlane_, stride_,
                    count, sums + part * sumElements_, filters, t > 0);
      });
    }
  }

 private:
  const int threads_ = teamThreads();
  std::vector<WinogradTile> tiles_;
  int64_t count_;
  int64_t block_;   // tiles that are transformed at once
  int64_t stride_;  // between the blocks of channels of a plane
  int64_t inputPlane_, gradientPlane_;
};

}  // namespace

std::unique_ptr<Kernel> makeBackwardFilter(const Convolution& conv) {
  const Sizes sizes(conv);
  if (SumsOfPairs::suits(conv, sizes)) return std::make_unique<SumsOfPairs>(conv, sizes);
  return std::make_unique<SumsOfTiles>(conv, sizes);
}

}  // namespace nodegrad::winograd
