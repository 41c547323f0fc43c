#include "cpu/conv/filter_gradient.h"

#include <algorithm>
#include <optional>

#include "core/align.h"
#include "cpu/conv/filter_gradient_kernels.h"
#include "cpu/conv/filter_places.h"
#include "cpu/conv/image.h"
#include "cpu/conv/tile_gradient.h"
#include "cpu/cpu_backend.h"
#include "cpu/memory/cpu_layout.h"
#include "cpu/memory/onednn.h"
#include "cpu/own_kernel.h"
#include "graph/op.h"

namespace nodegrad {

namespace {

constexpr int64_t kLeastThreadWork = 1 << 17;  // in multiplications
// Of the image and the gradient of a box: with the sums of some taps they stay in the second-level cache, and
// the sums are read and written seldom.
constexpr int64_t kBoxFloats = 1 << 17, kFewestPositions = 64, kMostPositions = 512;
// Of all threads' sums; then threads share them, and each packs the whole image.
constexpr int64_t kMostSums = int64_t{64} << 20;
// From so many on the sums are worth being kept apart from the gradient.
constexpr int64_t kManyPositions = 64;
constexpr int64_t kLine = 16;  // floats of a cache line, and the most channels of the image in a group

int64_t at(const TensorType& type, int axis) { return type.shape[static_cast<size_t>(axis)]; }

// How channels are packed: pieces of so many, the last one maybe in less memory, [piece][position][channels].
struct Pieces {
  int64_t width, last;  // numbers at a position
  int64_t stride;       // from one piece to the next
};

// Packs `count` neighbours along the width; to: of the first piece, position: that of the first neighbour.
void pack(const Image& image, const FilterGradientKernels& kernels, const float* from, int64_t count,
          const Pieces& pieces, float* to, int64_t position) {
  const auto& [channels, sizes, sample, strides, run, runStride] = image;
  const auto [width, last, stride] = pieces;
  if (run == channels && channels > width) {
    // As they are in memory: in any other order each read would be of another page.
    const int64_t whole = channels / width, rest = channels % width;
    for (int64_t i = position; i < position + count; ++i, from += strides[2]) {
      kernels.copy(from, width, whole, width, to + i * width, stride);
      if (rest) kernels.copy(from + whole * width, 0, 1, rest, to + whole * stride + i * last, 0);
    }
    return;
  }
  for (int64_t c = 0; c < channels;) {
    const int64_t piece = c / width, within = c % width;
    const int64_t n = std::min({run - c % run, width - within, channels - c});
    const int64_t step = (piece + 1) * width < channels ? width : last;
    kernels.copy(from + c / run * runStride + c % run, strides[2], count, n,
                 to + piece * stride + position * step + within, step);
    c += n;
  }
}

// One of the spatial axes of a window, of which pictures have none for the depth.
struct Axis {
  int64_t taps = 1, stride = 1, dilation = 1, pad = 0, out = 1;

  // How many neighbours of the image so many output positions reach over.
  int64_t reach(int64_t positions) const { return (positions - 1) * stride + (taps - 1) * dilation + 1; }
};

// The gradient is xᵀ · dy, of a matrix x with a row for each output position and a column for each tap and
// input channel: the image is packed with zeros around it, so that these numbers have the same distances for
// all positions. Threads sum up over their own boxes of positions.
class FilterGradientKernel : public OwnKernel {
 public:
  explicit FilterGradientKernel(const Convolution& conv)
      : x_(*imageOf(conv.x, conv.xLayout, conv.axes)),
        dy_(*imageOf(conv.y, conv.yLayout, conv.axes)),
        samples_(at(conv.x, conv.axes.n)),
        groups_((x_.channels + kLine - 1) / kLine),
        group_((x_.channels + groups_ - 1) / groups_),
        vectors_((dy_.channels + kernels_.lanes - 1) / kernels_.lanes),
        panels_((vectors_ + kernels_.panel - 1) / kernels_.panel),
        panel_((vectors_ + panels_ - 1) / panels_),
        columns_(vectors_ * kernels_.lanes),
        bias_(conv.bias),
        places_(conv.w, conv.wLayout) {
    const Window& window = conv.window;
    for (int i = 0; i < window.spatial; ++i)
      axes_[kMostSpatial - window.spatial + i] = {window.kernel[i], window.strides[i], window.dilations[i],
                                                  window.pads[2 * i], window.out[i]};
    chooseBoxes();
    for (int64_t d = 0; d < axes_[0].taps; ++d)
      for (int64_t h = 0; h < axes_[1].taps; ++h)
        for (int64_t w = 0; w < axes_[2].taps; ++w) {
          const int64_t tap = (d * axes_[0].dilation * packed_[1] + h * axes_[1].dilation) * packed_[2] +
                              w * axes_[2].dilation;
          for (int64_t c = 0; c < x_.channels; ++c)
            offsets_.push_back(c / group_ * groupFloats() + tap * group_ + c % group_);
        }
    tiles_ = (rows() + kernels_.rows - 1) / kernels_.rows;
    chooseThreads();
  }

  size_t scratchBytes() const override {
    return static_cast<size_t>(parts_ * partFloats() + parts_ * splits_ * boxFloats()) * sizeof(float);
  }

  void run(const void* const* inputs, void* const* outputs, void* scratch) override {
    const auto *x = static_cast<const float*>(inputs[0]), *dy = static_cast<const float*>(inputs[1]);
    auto* sums = static_cast<float*>(scratch);
    float* boxes = sums + parts_ * partFloats();
    parallelFor(threads_, parts_ * splits_, 1, [&](int64_t begin, int64_t end, int) {
      for (int64_t i = begin; i < end; ++i)
        sum(x, dy, i / splits_, i % splits_, sums + i / splits_ * partFloats(), boxes + i * boxFloats());
    });
    parallelFor(threads_, rows(), std::max<int64_t>(kLeastThreadWork / (columns_ * parts_), 1),
                [&](int64_t begin, int64_t end, int) {
                  forPanels([&](int64_t vector, int64_t vectors) {
                    const int64_t first = vector * kernels_.lanes;
                    const int64_t some = std::min(vectors * kernels_.lanes, dy_.channels - first);
                    for (int64_t r = begin; r < end; ++r) {
                      float* to = static_cast<float*>(outputs[0]) + places_.rows[static_cast<size_t>(r)];
                      addParts(sums + sumsAt(r, vector, vectors), first, some, to);
                    }
                  });
                });
    if (bias_) {
      auto* bias = static_cast<float*>(outputs[1]);
      for (int64_t c = 0; c < dy_.channels; ++c) bias[c] = total(sums + rows() * columns_ + c);
    }
  }

 private:
  // Of the gradient: taps and input channels.
  int64_t rows() const { return static_cast<int64_t>(offsets_.size()); }
  int64_t boxes() const { return samples_ * counts_[0] * counts_[1] * counts_[2]; }
  int64_t partFloats() const { return roundUp((rows() + 1) * columns_, kLine); }
  int64_t groupFloats() const { return roundUp(packed_[0] * packed_[1] * packed_[2] * group_, kLine); }
  int64_t imageFloats() const { return groups_ * groupFloats(); }
  int64_t boxFloats() const { return imageFloats() + roundUp(box_[0] * box_[1] * box_[2] * columns_, kLine); }

  // Whole rows and planes of the output as far as they are small.
  void chooseBoxes() {
    int64_t left = std::clamp(kBoxFloats / (x_.channels + columns_), kFewestPositions, kMostPositions);
    for (int axis = kMostSpatial; axis-- > 0;) {
      const int64_t out = axes_[axis].out, most = std::clamp<int64_t>(left, 1, out);
      counts_[axis] = (out + most - 1) / most;
      box_[axis] = (out + counts_[axis] - 1) / counts_[axis];
      packed_[axis] = axes_[axis].reach(box_[axis]);
      left /= box_[axis];
    }
  }

  // Many boxes are shared by the threads; of few ones each thread makes some tiles.
  void chooseThreads() {
    const int64_t positions = axes_[0].out * axes_[1].out * axes_[2].out;
    const int64_t work = samples_ * positions * rows() * columns_;
    const int64_t useful = std::clamp<int64_t>(work / kLeastThreadWork, 1, threads_);
    const int64_t fitting = std::max<int64_t>(kMostSums / partFloats(), 1);
    parts_ = boxes() >= 4 * useful ? std::min(useful, fitting) : 1;
    splits_ = std::clamp<int64_t>(useful / parts_, 1, tiles_);
  }

  // The sums of some boxes, of some tiles of rows.
  void sum(const float* x, const float* dy, int64_t part, int64_t split, float* sums, float* memory) const {
    const int64_t firstTile = tiles_ * split / splits_, endTile = tiles_ * (split + 1) / splits_;
    forPanels([&](int64_t vector, int64_t vectors) {
      std::fill(sums + sumsAt(rowsBefore(firstTile), vector, vectors),
                sums + sumsAt(rowsBefore(endTile), vector, vectors), 0.0f);
    });
    float* bias = bias_ && split == 0 ? sums + rows() * columns_ : nullptr;
    if (bias) std::fill_n(bias, columns_, 0.0f);
    float *image = memory, *gradient = memory + imageFloats();
    const int64_t end = boxes() * (part + 1) / parts_;
    for (int64_t i = boxes() * part / parts_; i < end; ++i) {
      const int64_t w = i % counts_[2], h = i / counts_[2] % counts_[1],
                    d = i / (counts_[2] * counts_[1]) % counts_[0],
                    n = i / (counts_[2] * counts_[1] * counts_[0]);
      const int64_t first[3] = {d * box_[0], h * box_[1], w * box_[2]};
      GradientBox box;
      for (int axis = 0; axis < kMostSpatial; ++axis)
        box.out[axis] = std::min(box_[axis], axes_[axis].out - first[axis]);
      box.steps[2] = axes_[2].stride * group_;
      box.steps[1] = axes_[1].stride * packed_[2] * group_;
      box.steps[0] = axes_[0].stride * packed_[1] * packed_[2] * group_;
      packImage(x + n * x_.sample, first, box, image);
      packGradient(dy + n * dy_.sample, first, box, gradient);
      forPanels(box, gradient, [&](const float* panel, int64_t vector, int64_t vectors) {
        for (int64_t t = firstTile; t < endTile; ++t) {
          const int64_t begin = rowsBefore(t);
          kernels_.add(box, image, offsets_.data() + begin, rowsBefore(t + 1) - begin, panel, vectors,
                       sums + sumsAt(begin, vector, vectors));
        }
        if (bias) kernels_.addBias(box, panel, vectors, bias + vector * kernels_.lanes);
      });
    }
  }

  // Calls work(first vector, vectors) for each panel.
  template <class Work>
  void forPanels(const Work& work) const {
    for (int64_t v = 0; v < vectors_; v += panel_) work(v, std::min(panel_, vectors_ - v));
  }
  // The same with the memory of the panel of a packed gradient.
  template <class Float, class Work>
  void forPanels(const GradientBox& box, Float* packed, const Work& work) const {
    const int64_t positions = box.out[0] * box.out[1] * box.out[2];
    forPanels([&](int64_t vector, int64_t vectors) {
      work(packed + vector * kernels_.lanes * positions, vector, vectors);
    });
  }

  int64_t rowsBefore(int64_t tile) const { return rows() * tile / tiles_; }
  // Sums are [panel][row][columns of the panel]: tiles one after another.
  int64_t sumsAt(int64_t row, int64_t vector, int64_t vectors) const {
    return (rows() * vector + row * vectors) * kernels_.lanes;
  }

  void packImage(const float* x, const int64_t* first, const GradientBox& box, float* to) const {
    int64_t begin[kMostSpatial], reach[kMostSpatial];
    for (int axis = 0; axis < kMostSpatial; ++axis) {
      begin[axis] = first[axis] * axes_[axis].stride - axes_[axis].pad;
      reach[axis] = axes_[axis].reach(box.out[axis]);
    }
    const int64_t from = std::clamp<int64_t>(-begin[2], 0, reach[2]);
    const int64_t inside = std::clamp<int64_t>(x_.sizes[2] - begin[2], from, reach[2]);
    const auto clear = [&](int64_t position, int64_t count) {
      for (int64_t group = 0; group < groups_ && count > 0; ++group)
        std::fill_n(to + group * groupFloats() + position * group_, count * group_, 0.0f);
    };
    for (int64_t d = 0; d < reach[0]; ++d) {
      for (int64_t h = 0; h < reach[1]; ++h) {
        const int64_t line = (d * packed_[1] + h) * packed_[2], atD = begin[0] + d, atH = begin[1] + h;
        if (atD < 0 || atD >= x_.sizes[0] || atH < 0 || atH >= x_.sizes[1]) {
          clear(line, reach[2]);
          continue;
        }
        clear(line, from);
        pack(x_, kernels_, x_.at(x, atD, atH, begin[2] + from), inside - from,
             {group_, group_, groupFloats()}, to, line + from);
        clear(line + inside, reach[2] - inside);
      }
    }
  }

  void packGradient(const float* dy, const int64_t* first, const GradientBox& box, float* to) const {
    const int64_t positions = box.out[0] * box.out[1] * box.out[2], width = panel_ * kernels_.lanes,
                  rest = columns_ - (panels_ - 1) * width;
    if (dy_.channels < columns_) std::fill_n(to + (panels_ - 1) * width * positions, rest * positions, 0.0f);
    int64_t position = 0;
    for (int64_t d = first[0]; d < first[0] + box.out[0]; ++d)
      for (int64_t h = first[1]; h < first[1] + box.out[1]; ++h, position += box.out[2])
        pack(dy_, kernels_, dy_.at(dy, d, h, first[2]), box.out[2], {width, rest, width * positions}, to,
             position);
  }

  // The sum of all parts at a place.
  float total(const float* sums) const {
    float sum = *sums;
    for (int64_t part = 1; part < parts_; ++part) sum += sums[part * partFloats()];
    return sum;
  }

  // The columns from `first` on of one row of the gradient.
  void addParts(const float* sums, int64_t first, int64_t count, float* row) const {
    const int64_t* places = places_.columns.data() + first;
    for (int64_t begin = 0, end; begin < count; begin = end) {
      for (end = begin + 1; end < count && places[end] == places[end - 1] + 1;) ++end;
      float* to = row + places[begin];
      std::copy(sums + begin, sums + end, to);
      for (int64_t part = 1; part < parts_; ++part)
        for (int64_t i = begin; i < end; ++i) to[i - begin] += sums[part * partFloats() + i];
    }
  }

  const FilterGradientKernels& kernels_ = *isa_.filterGradient;
  Image x_, dy_;
  int64_t samples_;
  int64_t groups_, group_;                      // of the image's channels, which are packed one after another
  int64_t vectors_, panels_, panel_, columns_;  // of the gradient; panel_: vectors of each but the last
  bool bias_;
  Axis axes_[kMostSpatial];
  int64_t box_[kMostSpatial], counts_[kMostSpatial], packed_[kMostSpatial];
  std::vector<int64_t> offsets_;  // of the rows' numbers in the packed image
  FilterPlaces places_;
  int64_t tiles_, parts_ = 1, splits_ = 1;
};

}  // namespace

bool filterGradientTakes(const Convolution& conv) {
  return conv.pass == ConvPass::BackwardFilter && conv.groups == 1 && !conv.isFused() &&
         conv.x.dtype == DType::F32 && conv.y.dtype == DType::F32;
}

LayoutChoice filterGradientLayouts(const KernelSpec& spec, const Convolution& conv) {
  const auto kept = [&](const TensorType& type, const LayoutPtr& layout) {
    return imageOf(type, layout, conv.axes) ? layout : nullptr;
  };
  return convChoice(spec, conv, kept(conv.x, conv.xLayout),
                    isDense(conv.w, conv.wLayout) ? conv.wLayout : nullptr, kept(conv.y, conv.yLayout));
}

bool hasFilterGradientLayouts(const Convolution& conv) {
  return isDense(conv.w, conv.wLayout) && imageOf(conv.x, conv.xLayout, conv.axes) &&
         imageOf(conv.y, conv.yLayout, conv.axes);
}

std::unique_ptr<Kernel> makeFilterGradient(const Convolution& conv) {
  return std::make_unique<FilterGradientKernel>(conv);
}

std::unique_ptr<Kernel> makeTransposedProduct(int64_t depth, int64_t rows, int64_t columns, bool sums,
                                              DType dtype) {
  const auto floats = [](const Dims& shape) { return TensorType{DType::F32, shape}; };
  KernelSpec spec{"convBackwardFilter",
                  checkAttrs(findOp("conv"), {}),
                  {{dtype, {1, 1, depth, rows}}, {dtype, {1, 1, depth, columns}}},
                  {floats({1, 1, rows, columns})},
                  {nullptr, nullptr},
                  {nullptr},
                  nullptr};
  if (sums) {
    spec.outputs.push_back(floats({columns}));
    spec.outputLayouts.push_back(nullptr);
  }
  const Convolution conv(spec);
  return dtype == DType::F32 ? makeFilterGradient(conv) : makeTileGradient(conv, *bfloat16Kernels().tiles);
}

bool transposedProductSuits(int64_t depth, int64_t rows, int64_t columns, DType dtype) {
  constexpr int64_t kFewestColumns = 32, kLeastWork = 1 << 21;
  if (columns < kFewestColumns || rows < kFewestColumns || depth * rows * columns < kLeastWork) return false;
  // With AVX2 oneDNN's products of matrices [4096, 128 … 512] took 1.05 to 1.4 times as long, those of
  // [128, 9216] and [128, 128] 1.6 times; of [128, 784] and [128, 10] they were faster (Zen 3).
  if (dtype == DType::F32) return depth >= kManyPositions && isaKernels().name == std::string("avx2");
  // With AMX those of [1920 … 4096, 96 … 512] took 1.2 to 1.5 times as long; of [128, 784] and [128, 512]
  // they were as fast, of [128, 9216] and [128, 128] 1.7 times as fast (Granite Rapids).
  constexpr int64_t kFewestPositions = 256;
  return depth >= kFewestPositions && cpuHasTiles();
}

}  // namespace nodegrad
