#include <algorithm>

#include "cpu/isa/tile_tables.h"
#include "cpu/isa/tile_words.h"
#include "cpu/matmul/kernels.h"

// Products on tiles: sums of 32 rows and 32 columns at a time.
namespace nodegrad::NODEGRAD_ISA_NAMESPACE {
namespace {

constexpr int kLanes = kTileColumns;       // of a vector of columns
constexpr int kPanel = 2;                  // vectors of a panel
constexpr int kRows = 2 * kTileRows;       // of x that are multiplied at a time
constexpr int64_t kTransposedDepth = 512;  // of x that is transposed at a time

// The numbers of a tile that are not all there, with zeros instead of the others.
struct Padded {
  alignas(64) uint16_t numbers[kTileRows * kTileDepth];

  const uint16_t* fill(const uint16_t* from, int64_t stride, int64_t rows, int64_t count) {
    std::fill_n(numbers, kTileRows * kTileDepth, uint16_t{0});
    for (int64_t r = 0; r < rows; ++r) std::copy_n(from + r * stride, count, numbers + r * kTileDepth);
    return numbers;
  }
};

// Rows of x and of y of at most kRows.
struct Rows {
  const uint16_t* x;
  int64_t xStride;
  float* y;
  int64_t yStride, count;
};

// One or two vectors of columns, for one or two tiles of rows. packed: pairs of rows, pairStride apart.
template <bool adds, bool two, bool wide>
void multiplyColumns(const Rows& rows, int64_t depth, const uint16_t* packed, int64_t pairStride, float* y) {
  const int64_t yBytes = rows.yStride * 4, xBytes = rows.xStride * 2, bBytes = pairStride * 2;
  float* below = y + kTileRows * rows.yStride;
  const auto start = [&](auto sum, float* at) {
    if constexpr (adds)
      loadTile<sum.value>(at, yBytes);
    else
      zeroTile<sum.value>();
  };
  start(Number<0>(), y);
  if constexpr (wide) start(Number<1>(), y + kLanes);
  if constexpr (two) start(Number<2>(), below);
  if constexpr (two && wide) start(Number<3>(), below + kLanes);
  const auto step = [&](const uint16_t* a, const uint16_t* aBelow, int64_t aStride, const uint16_t* b,
                        const uint16_t* bNext, int64_t bStride) {
    loadTile<4>(a, aStride);
    loadTile<6>(b, bStride);
    multiplyTiles<0, 4, 6>();
    if constexpr (wide) {
      loadTile<7>(bNext, bStride);
      multiplyTiles<1, 4, 7>();
    }
    if constexpr (two) {
      loadTile<5>(aBelow, aStride);
      multiplyTiles<2, 5, 6>();
      if constexpr (wide) multiplyTiles<3, 5, 7>();
    }
  };
  const uint16_t *x = rows.x, *xBelow = x + kTileRows * rows.xStride;
  int64_t k = 0;
  for (; k + kTileDepth <= depth; k += kTileDepth, packed += kTileRows * pairStride)
    step(x + k, xBelow + k, xBytes, packed, packed + 2 * kLanes, bBytes);
  if (k < depth) {
    Padded a, aBelow, b, bNext;
    const int64_t rest = depth - k, first = std::min<int64_t>(rows.count, kTileRows);
    step(a.fill(x + k, rows.xStride, first, rest),
         two ? aBelow.fill(xBelow + k, rows.xStride, rows.count - first, rest) : nullptr, kTileBytes,
         b.fill(packed, pairStride, rest / 2, 2 * kLanes),
         wide ? bNext.fill(packed + 2 * kLanes, pairStride, rest / 2, 2 * kLanes) : nullptr, kTileBytes);
  }
  storeTile<0>(y, yBytes);
  if constexpr (wide) storeTile<1>(y + kLanes, yBytes);
  if constexpr (two) storeTile<2>(below, yBytes);
  if constexpr (two && wide) storeTile<3>(below + kLanes, yBytes);
}

// Some rows of a packed matrix.
struct Depth {
  int64_t all, first, count;
};

template <bool adds>
void multiplyRows(const Rows& rows, const Depth& depth, const uint16_t* packed, int64_t columns) {
  const bool two = rows.count > kTileRows;
  for (int64_t c = 0; c < columns; c += kPanel) {
    const bool wide = columns - c >= kPanel;
    const int64_t pairStride = (wide ? kPanel : 1) * 2 * kLanes;
    const auto multiply = two ? wide ? multiplyColumns<adds, true, true> : multiplyColumns<adds, true, false>
                          : wide ? multiplyColumns<adds, false, true>
                                 : multiplyColumns<adds, false, false>;
    multiply(rows, depth.count, packed + depth.first / 2 * pairStride, pairStride, rows.y + c * kLanes);
    packed += depth.all / 2 * pairStride;
  }
}

// Tiles of sums and of A for so many rows.
TileShapes shapesOf(int64_t rows) {
  TileShapes shapes;
  const auto first = static_cast<uint8_t>(std::min<int64_t>(rows, kTileRows));
  const auto second = static_cast<uint8_t>(std::max<int64_t>(rows - kTileRows, 1));
  for (int t : {0, 1, 4}) shapes.rows[t] = first;
  for (int t : {2, 3, 5}) shapes.rows[t] = second;
  return shapes;
}

// Calls work(first row, rows) for all rows, the tiles configured.
template <class Work>
void forRows(int64_t rows, const Work& work) {
  const int64_t whole = rows / kRows * kRows;
  if (whole > 0) {
    const TileScope tiles;
    for (int64_t r = 0; r < whole; r += kRows) work(r, kRows);
  }
  if (whole == rows) return;
  const TileScope tiles(shapesOf(rows - whole));
  work(whole, rows - whole);
}

template <bool adds>
void multiply(const uint16_t* x, int64_t xStride, int64_t rows, int64_t depth, const uint16_t* packed,
              int64_t columns, float* y, int64_t yStride) {
  forRows(rows, [&](int64_t r, int64_t count) {
    multiplyRows<adds>({x + r * xStride, xStride, y + r * yStride, yStride, count}, {depth, 0, depth}, packed,
                       columns);
  });
}

// Words [depth / 2][rows] to rows of pairs.
void transpose(const uint16_t* from, int64_t stride, int64_t rows, int64_t depth, uint16_t* to) {
  for (int64_t k = 0; k < depth; k += 2 * kTileRows)
    for (int64_t r = 0; r < rows; r += kTileRows) {
      TileWords words[kTileRows];
      const int64_t pairs = std::min<int64_t>((depth - k) / 2, kTileRows),
                    some = std::min<int64_t>(rows - r, 16);
      for (int64_t p = 0; p < kTileRows; ++p) {
        words[p] = TileWords{};
        if (p >= pairs) continue;
        const uint16_t* at = from + (k / 2 + p) * stride + 2 * r;
        if (some == kTileRows)
          words[p] = loadWords(at);
        else
          __builtin_memcpy(&words[p], at, static_cast<size_t>(some) * 4);
      }
      transposeWords(words);
      for (int64_t i = 0; i < some; ++i) storeWords(to + (r + i) * kTransposedDepth + k, words[i]);
    }
}

template <bool adds>
void multiplyTransposed(const uint16_t* x, int64_t xStride, int64_t rows, int64_t depth,
                        const uint16_t* packed, int64_t columns, float* y, int64_t yStride) {
  alignas(64) uint16_t turned[kRows * kTransposedDepth];
  forRows(rows, [&](int64_t r, int64_t count) {
    for (int64_t k = 0; k < depth; k += kTransposedDepth) {
      const int64_t some = std::min(kTransposedDepth, depth - k);
      transpose(x + k / 2 * xStride + 2 * r, xStride, count, some, turned);
      const Rows block{turned, kTransposedDepth, y + r * yStride, yStride, count};
      if (k > 0 || adds)
        multiplyRows<true>(block, {depth, k, some}, packed, columns);
      else
        multiplyRows<false>(block, {depth, k, some}, packed, columns);
    }
  });
}

// Rows of kLanes numbers, `stride` apart, in pairs.
void pack(const float* from, int64_t fromStride, int64_t rows, uint16_t* to, int64_t stride) {
  for (int64_t r = 0; r < rows; r += 2)
    storeWords(to + r * stride,
               pairsOf(loadFloats(from + r * fromStride), loadFloats(from + (r + 1) * fromStride)));
}

void packTransposed(const float* from, int64_t fromStride, uint16_t* to, int64_t stride) {
  TileWords rows[kLanes];
  for (int r = 0; r < kLanes; ++r) rows[r] = reinterpret_cast<TileWords>(loadFloats(from + r * fromStride));
  transposeWords(rows);
  pack(reinterpret_cast<const float*>(rows), kLanes, kLanes, to, stride);
}

}  // namespace

extern const ProductKernels<uint16_t> tileProductKernels = {.lanes = kLanes,
                                                            .panel = kPanel,
                                                            .depth = 2,
                                                            .pack = pack,
                                                            .packTransposed = packTransposed,
                                                            .multiply = multiply<false>,
                                                            .add = multiply<true>,
                                                            .multiplyTransposed = multiplyTransposed<false>,
                                                            .addTransposed = multiplyTransposed<true>};

}  // namespace nodegrad::NODEGRAD_ISA_NAMESPACE
