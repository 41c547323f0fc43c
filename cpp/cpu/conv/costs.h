#pragma once
#include <cstdint>
#include <vector>

#include "cpu/conv/conv.h"

// What the ways to compute a convolution cost on each class of processors.
namespace nodegrad {

// Direct: oneDNN's generated code. Pointwise, Grouped, Depthwise: that for filters of one tap, for several
// groups, and for groups of one channel. Unfolded: its products of matrices and its reference, where it
// generates none. Boxes: the gradient of filters over boxes of positions (filter_gradient.h); TileBoxes: that
// on tiles (tile_gradient.h); TileRows: few channels on tiles (tile_narrow.h). What comes before or after:
// Relayout, an image to blocks of samples or back; Rounding, one to bfloat16 or back.
enum class ConvWay : uint8_t {
  Direct,
  Pointwise,
  Grouped,
  Depthwise,
  Unfolded,
  Winograd,
  Samples,
  Narrow,
  Boxes,
  TileBoxes,
  TileRows,
  Relayout,
  Rounding
};

// What a way does for a pass.
struct ConvWork {
  double products;     // multiplications of two numbers, those included that only fill vectors and tiles up
  double numbers;      // of images: read and written, transformed or packed
  double filters = 0;  // numbers of filters, likewise
};
// lanes: float32 numbers of a vector. prepared: Winograd's filters come transformed.
ConvWork convWork(ConvWay way, const Convolution& conv, int64_t lanes, bool prepared);

// Picoseconds for one of each, on two cores, and for the call itself: starting the threads and what each of
// them prepares, which is most of what a small image takes.
struct ConvPrices {
  double product, number, filter, call;
};

inline double convCost(const ConvWork& work, const ConvPrices& prices) {
  return work.products * prices.product + work.numbers * prices.number + work.filters * prices.filter +
         prices.call;
}

// A row of the table. dtype: of the images that are read.
struct ConvPriceRow {
  const char* processors;  // their class: "base", "avx2", "avx512", "avx512_bf16" (AMD's) or "amx"
  DType dtype;
  ConvWay way;
  ConvPass pass;
  ConvPrices prices;
};
// All rows, which `npm run bench -- --calibrate` measures.
const std::vector<ConvPriceRow>& convPriceTable();

// The class of the instruction set in use.
const char* convProcessors();
// The prices of that class.
const ConvPrices& convPrices(DType dtype, ConvWay way, ConvPass pass);

}  // namespace nodegrad
