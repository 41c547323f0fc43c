#pragma once
#include <cstdint>

// The inner loops of the gradient of a convolution's filters on tiles of bfloat16: sums over positions, which
// are numbers along a line, of the output's gradient times the image. Channels come in blocks of 16.
namespace nodegrad {

constexpr int64_t kTileChannels = 16;
// A tile holds 32 positions of a block: of the gradient as [channel][position], of the image as
// [pair of positions][channel][2].
constexpr int64_t kTilePositions = 32, kTileNumbers = kTileChannels * kTilePositions;

// One or two blocks of channels of each side.
struct TileGradientBlocks {
  const uint16_t* gradient;  // tiles one after another
  int64_t gradientStride;    // numbers from one block to the next
  int gradientBlocks;
  const uint16_t* image;
  int64_t imageStride;
  int imageBlocks;
  int64_t steps;  // of 32 positions
};

struct TileGradientKernels {
  // Copies `n` channels of `count` positions, fromStride apart, to a line [position][16] and those from the
  // 16th on to a second one; channels that are missing become zeros.
  void (*copy)(const uint16_t* from, int64_t fromStride, int64_t count, int64_t n, uint16_t* line,
               uint16_t* second);
  // 16 channels of an even number of positions, `stride` apart, as pairs of positions.
  void (*pair)(const uint16_t* from, int64_t stride, int64_t positions, uint16_t* to);
  // The same as tiles of the gradient. The sums over positions are added to `sums` [16], if not null.
  void (*transpose)(const uint16_t* from, int64_t stride, int64_t steps, uint16_t* tiles, float* sums);
  // The sums for each tap, [tap][gradient block][image block][16][16], stored or added: a tap says how many
  // numbers it is from the image.
  void (*multiply)(const TileGradientBlocks& blocks, const int64_t* taps, int64_t count, float* sums,
                   bool add);
  // The transpose of such sums of 16 × 16, from `parts` of them that are partStride apart, added up.
  void (*total)(const float* sums, int64_t parts, int64_t partStride, float* to);
};

}  // namespace nodegrad
