#include "cpu/conv/costs.h"

#include <algorithm>
#include <cstring>

#include "core/align.h"
#include "core/error.h"
#include "cpu/conv/winograd/tiles.h"
#include "cpu/cpu_backend.h"

namespace nodegrad {

namespace {

double at(const TensorType& type, int axis) {
  return static_cast<double>(type.shape[static_cast<size_t>(axis)]);
}
double numbersOf(const TensorType& type) { return static_cast<double>(count(type.shape)); }
double filled(double channels, int64_t block) {
  return static_cast<double>(roundUp(static_cast<int64_t>(channels), block));
}

// How many taps lie in the image, added up over the positions of the output.
double tapsInside(const Convolution& conv) {
  double all = 1;
  for (int axis = 0; axis < conv.window.spatial; ++axis) {
    const Window& w = conv.window;
    const int64_t size = conv.x.shape[static_cast<size_t>(conv.axes.first + axis)];
    int64_t taps = 0;
    for (int64_t o = 0; o < w.out[axis]; ++o)
      for (int64_t tap = 0; tap < w.kernel[axis]; ++tap) {
        const int64_t position = o * w.strides[axis] + tap * w.dilations[axis] - w.pads[2 * axis];
        taps += position >= 0 && position < size;
      }
    all *= static_cast<double>(taps);
  }
  return all * at(conv.x, conv.axes.n);
}

ConvWork winogradWork(const Convolution& conv, bool prepared) {
  const winograd::Sizes s(conv);
  const auto in = static_cast<double>(s.in), out = static_cast<double>(s.out);
  const auto tiles = static_cast<double>(conv.pass == ConvPass::BackwardData
                                             ? winograd::tileCount(s.images, s.height, s.width)
                                             : winograd::tileCount(s.images, s.outHeight, s.outWidth));
  const double elements = winograd::kElements;
  // Half of what a filter's transform takes is the memory of 36 numbers for 9, which stays.
  return {tiles * elements * in * out, tiles * elements * (in + out), in * out * (prepared ? 0.5 : 1)};
}

}  // namespace

ConvWork convWork(ConvWay way, const Convolution& conv, int64_t lanes, bool prepared) {
  if (way == ConvWay::Winograd) return winogradWork(conv, prepared);
  const auto groups = static_cast<double>(conv.groups);
  // Of a group.
  const double in = at(conv.x, conv.axes.c) / groups, out = at(conv.y, conv.axes.c) / groups;
  const double taps = tapsInside(conv);
  const Window& w = conv.window;
  ConvWork work{taps * groups * in * out, numbersOf(conv.x) + numbersOf(conv.y), numbersOf(conv.w)};
  constexpr int64_t kTile = 16;  // rows and columns of a tile, and a block of its channels
  // What is multiplied by all numbers of a vector, AVX2 spreads over one first. With fewer vectors to
  // multiply by it that takes more of the time: about that of one more.
  constexpr int64_t kAvx2Lanes = 8;
  const double spreading = lanes == kAvx2Lanes ? kAvx2Lanes : 0;
  const auto setChannels = [&](double from, double to) { work.products = taps * groups * from * to; };
  switch (way) {
    case ConvWay::Direct:
    case ConvWay::Pointwise:
    case ConvWay::Grouped:
      if (conv.multiplicandType() == DType::BF16 && cpuHasTiles()) {
        // Rows of tiles are positions of one row of the image; with one tap rows are joined.
        const double width = at(conv.pass == ConvPass::BackwardData ? conv.x : conv.y, conv.axes.w());
        const bool joins = way == ConvWay::Pointwise && conv.pass != ConvPass::BackwardFilter;
        setChannels(filled(in, kTile), filled(out, kTile) * (joins ? 1 : filled(width, kTile) / width));
      } else if (conv.pass == ConvPass::BackwardData) {
        // A vector goes along the channels that are made or, of filters, along the output's.
        setChannels(filled(in, lanes) + spreading, out);
      } else {
        setChannels(in, filled(out, lanes) + (conv.pass == ConvPass::Forward ? spreading : 0));
      }
      break;
    case ConvWay::Boxes: setChannels(in, filled(out, lanes)); break;
    case ConvWay::TileBoxes: {
      // A row of taps of few channels is like one tap of their product.
      const auto row = static_cast<double>(w.kernel[w.spatial - 1]);
      if (row * in <= 2 * kTile)
        work.products = taps / row * filled(row * in, kTile) * filled(out, kTile);
      else
        setChannels(filled(in, kTile), filled(out, kTile));
      break;
    }
    case ConvWay::TileRows:
      work.products = taps / static_cast<double>(w.kernel[1]) * 2 * kTile * filled(out, kTile);
      break;
    case ConvWay::Samples:
      // Threads share whole blocks of samples of that pass; of an odd number one of two cores waits.
      if (conv.pass == ConvPass::BackwardFilter) {
        const double blocks = std::max(at(conv.x, conv.axes.n) / static_cast<double>(lanes), 1.0);
        work.products *= filled(blocks, 2) / blocks;
      }
      break;
    case ConvWay::Unfolded:
      work.numbers = taps * groups * in + numbersOf(conv.y);
      break;  // a copy for each tap
    case ConvWay::Depthwise:
    case ConvWay::Narrow: break;
    case ConvWay::Winograd:
    case ConvWay::Relayout:
    case ConvWay::Rounding: fail(ErrorCode::Internal, "no pass of a convolution");
  }
  return work;
}

const char* convProcessors() {
  if (cpuHasTiles()) return "amx";
  if (cpuHasBfloat16()) return "avx512_bf16";
  return std::strcmp(cpuIsa(), "amx") == 0 ? "avx512" : cpuIsa();
}

const ConvPrices& convPrices(DType dtype, ConvWay way, ConvPass pass) {
  const char* processors = convProcessors();
  const std::vector<ConvPriceRow>& table = convPriceTable();
  const auto row = std::find_if(table.begin(), table.end(), [&](const ConvPriceRow& r) {
    return r.dtype == dtype && r.way == way && r.pass == pass && std::strcmp(r.processors, processors) == 0;
  });
  if (row == table.end()) fail(ErrorCode::Internal, "no prices of a way to compute a convolution");
  return row->prices;
}

}  // namespace nodegrad
