#pragma once
#include <cstdint>

// The inner loops of convolution by Winograd's minimal filtering F(4×4, 3×3) (Lavin and Gray, "Fast
// Algorithms for Convolutional Neural Networks", 2015). A 6×6 patch of the input, a 3×3 filter and a 4×4 tile
// of the output each become 36 numbers; there the convolution is a product, summed over the channels by one
// matrix multiplication for each of the 36 elements.
namespace nodegrad {

// One block of channels of a batch of images: [image][row][column][lanes]. Data: void, or const void of a map
// that is only read.
template <class Data>
struct WinogradMapOf {
  Data* data;           // of the first image
  bool bfloat16;        // else float
  int64_t imageStride;  // in elements
  int64_t height, width;
  // Where set, the map is the gradient of what a 2×2 max-pooling read, and data and this are the gradient of
  // its output and the position of each maximum in its window, [image][row / 2][column / 2][lanes]; height
  // and width are the whole map's.
  const uint8_t* argmax = nullptr;
};
using WinogradMap = WinogradMapOf<const void>;
using WinogradResult = WinogradMapOf<void>;

// What becomes of one block of output channels. Where one of the maps is bfloat16, whatever follows takes the
// numbers as rounded to that: the pooling, and of a map that is, the moments.
struct WinogradOutput {
  WinogradResult map;     // data null: only what is pooled is wanted
  const float* bias;      // or null
  bool relu;              // cuts negative values off
  WinogradMap mask;       // data null, or a map of the same sizes: what is not positive there becomes 0
  WinogradResult pooled;  // data null: none. Else the maxima of windows of 2×2, strided by 2,
  uint8_t* argmax;        // and which number of its window each is (0 … 3)
  float* moments;  // null, or [3][lanes]: a number near these outputs, and the sums of their distances from
                   // it and of the squares of these
  WinogradMap residual = {};  // data null, or a map of the same sizes that is added before the ReLU
};

// A tile of 4×4 outputs by its upper left corner.
struct WinogradTile {
  int32_t image, row, column;
};

// On operands of the products that are float or bfloat16; the sums are float. Maps that are read hold such
// operands.
//
// A transformed tile is a vector of `lanes` channels in each of 36 planes, which lie `plane` elements apart;
// the tiles of one block of channels follow one another, the next block comes `stride` elements later.
// bfloat16 is multiplied in pairs of what is summed over, which lie side by side: of channels in panels of
// filters, [36][rows / 2][columns · lanes][2], and of tiles in what correlate takes, [tiles / 2][lanes][2],
// of which the last is zero where their number is odd.
struct WinogradKernels {
  int lanes;  // channels of a block; 0: this level has none of these kernels
  int operandBytes;
  int panel;     // blocks of output channels in a panel of transformed filters (the last one may have fewer)
  int tileStep;  // tiles that multiply takes at once
  int gradientColumns;  // blocks of output channels that correlate takes at once, at most
  int sumBlocks;        // blocks of input channels that multiply sums up on their own

  // The patches that the tiles read, in a map padded by `top` rows and `left` columns of zeros, for multiply
  // and for correlate.
  void (*input)(const WinogradMap& map, const WinogradTile* tiles, int64_t count, int64_t top, int64_t left,
                void* to, int64_t plane);
  void (*correlatedInput)(const WinogradMap& map, const WinogradTile* tiles, int64_t count, int64_t top,
                          int64_t left, void* to, int64_t plane);
  // To tiles of outputs.
  void (*output)(const float* from, int64_t plane, const WinogradOutput& to, const WinogradTile* tiles,
                 int64_t count);
  // Tiles of gradients with respect to the output, for correlate, whose sum is added to sum[lanes].
  void (*outputGradient)(const WinogradMap& map, const WinogradTile* tiles, int64_t count, void* to,
                         int64_t plane, float* sum);

  // `lanes` rows, the first of which is given, of a panel [36][rows][columns · lanes], its planes `plane`
  // elements apart, of filters [3][3][in][out]. Rows are the `in` and columns the `out` from `column` on;
  // flipped, for the gradient with respect to the input, the other way round.
  void (*filter)(const float* filters, int64_t in, int64_t out, bool flipped, int64_t column, int64_t columns,
                 int64_t row, int64_t plane, void* panel);
  // From the sums over tiles [36][rows][columns · lanes], planes as above, to a corner of the gradient of
  // filters [3][3][in][out], stored or added.
  void (*filterGradient)(const float* sums, int64_t plane, int64_t rows, int64_t columns, float* corner,
                         int64_t in, int64_t out, bool add);

  // products[c][tile] = sum over blocks of inputs[tile] · filters, c < columns blocks of outputs, in one
  // plane; or added to them.
  void (*multiply)(const void* inputs, int64_t stride, int64_t blocks, const void* filters, int64_t columns,
                   int64_t count, float* products, bool add);
  // sums[row][c] = sum over tiles of inputs[tile][row] · gradients[c][tile] for `rows` channels (a multiple
  // of lanes), in one plane.
  void (*correlate)(const void* inputs, const void* gradients, int64_t stride, int64_t count, int64_t rows,
                    int64_t columns, float* sums);
};

}  // namespace nodegrad
