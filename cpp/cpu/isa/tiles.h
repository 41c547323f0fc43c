#pragma once
#include <cstdint>
#include <type_traits>

// The tile registers of AMX: eight of up to 16 rows of 64 bytes each. They hold numbers for products: A, rows
// of up to 32 bfloat16; B, rows of up to 16 pairs of them, each pair from two rows of a matrix; sums, rows of
// up to 16 floats. Without NODEGRAD_AMX plain C++ does what the instructions do, for tests on any processor.
namespace nodegrad::NODEGRAD_ISA_NAMESPACE {
namespace {

constexpr int kTiles = 8, kTileRows = 16, kTileBytes = 64;
constexpr int kTileDepth = 32;    // of a product: numbers of a row of A
constexpr int kTileColumns = 16;  // of sums, and pairs of a row of B

// A number of a register that code of several of them is given.
template <int n>
using Number = std::integral_constant<int, n>;

// What the registers hold until the next configuration, which makes them zero.
struct alignas(64) TileShapes {
  uint8_t palette = 1, startRow = 0, reserved[14] = {};
  uint16_t bytes[16] = {};  // of a row
  uint8_t rows[16] = {};

  // All rows whole.
  constexpr TileShapes() {
    for (int t = 0; t < kTiles; ++t) bytes[t] = kTileBytes, rows[t] = kTileRows;
  }
};

#if defined(NODEGRAD_AMX)

inline void configureTiles(const TileShapes& shapes) {
  asm volatile("ldtilecfg %0" : : "m"(shapes) : "memory");
}
inline void releaseTiles() { asm volatile("tilerelease" : : : "memory"); }
template <int t>
inline __attribute__((always_inline)) void zeroTile() {
  asm volatile("tilezero %%tmm%c0" : : "i"(t));
}
// stride: bytes from a row to the next.
template <int t>
inline __attribute__((always_inline)) void loadTile(const void* from, int64_t stride) {
  asm volatile("tileloadd (%0,%1,1), %%tmm%c2" : : "r"(from), "r"(stride), "i"(t) : "memory");
}
template <int t>
inline __attribute__((always_inline)) void storeTile(void* to, int64_t stride) {
  asm volatile("tilestored %%tmm%c2, (%0,%1,1)" : : "r"(to), "r"(stride), "i"(t) : "memory");
}
// sum += a · b.
template <int sum, int a, int b>
inline __attribute__((always_inline)) void multiplyTiles() {
  asm volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(sum), "i"(a), "i"(b));
}

#else

struct EmulatedTiles {
  TileShapes shapes;
  unsigned char data[kTiles][kTileRows][kTileBytes];
};
inline EmulatedTiles& emulatedTiles() {
  static thread_local EmulatedTiles tiles;
  return tiles;
}

template <int t>
inline void zeroTile() {
  __builtin_memset(emulatedTiles().data[t], 0, sizeof emulatedTiles().data[t]);
}
inline void releaseTiles() { __builtin_memset(emulatedTiles().data, 0, sizeof emulatedTiles().data); }
inline void configureTiles(const TileShapes& shapes) {
  emulatedTiles().shapes = shapes;
  releaseTiles();
}
template <int t>
inline void loadTile(const void* from, int64_t stride) {
  EmulatedTiles& all = emulatedTiles();
  zeroTile<t>();
  for (int r = 0; r < all.shapes.rows[t]; ++r)
    __builtin_memcpy(all.data[t][r], static_cast<const char*>(from) + r * stride, all.shapes.bytes[t]);
}
template <int t>
inline void storeTile(void* to, int64_t stride) {
  const EmulatedTiles& all = emulatedTiles();
  for (int r = 0; r < all.shapes.rows[t]; ++r)
    __builtin_memcpy(static_cast<char*>(to) + r * stride, all.data[t][r], all.shapes.bytes[t]);
}
// The first numbers of all pairs are added up apart from the second ones, as the instruction does; doubles
// hold the products exactly, as its fused additions do.
template <int sum, int a, int b>
inline void multiplyTiles() {
  EmulatedTiles& all = emulatedTiles();
  double right[kTileRows][2][kTileColumns];
  const auto widened = [](const unsigned char* half) {
    uint16_t bits;
    __builtin_memcpy(&bits, half, sizeof bits);
    const uint32_t word = static_cast<uint32_t>(bits) << 16;
    float v;
    __builtin_memcpy(&v, &word, sizeof v);
    return static_cast<double>(v);
  };
  for (int k = 0; k < kTileRows; ++k)
    for (int c = 0; c < kTileColumns; ++c)
      for (int i : {0, 1}) right[k][i][c] = widened(all.data[b][k] + 4 * c + 2 * i);
  for (int r = 0; r < all.shapes.rows[sum]; ++r) {
    float sums[2][kTileColumns] = {}, old[kTileColumns];
    for (int k = 0; k < all.shapes.bytes[a] / 4; ++k)
      for (int i : {0, 1}) {
        const double left = widened(all.data[a][r] + 4 * k + 2 * i);
        for (int c = 0; c < kTileColumns; ++c)
          sums[i][c] = static_cast<float>(left * right[k][i][c] + static_cast<double>(sums[i][c]));
      }
    __builtin_memcpy(old, all.data[sum][r], sizeof old);
    for (int c = 0; c < kTileColumns; ++c) old[c] += sums[0][c] + sums[1][c];
    __builtin_memcpy(all.data[sum][r], old, sizeof old);
  }
}

#endif

// Configures the registers of this thread while it lives; oneDNN's kernels do so for themselves.
class TileScope {
 public:
  explicit TileScope(const TileShapes& shapes = {}) { configureTiles(shapes); }
  ~TileScope() { releaseTiles(); }
  TileScope(const TileScope&) = delete;
  TileScope& operator=(const TileScope&) = delete;
};

// Vectors of 64 bytes, which every level has in GCC's extension.
typedef uint16_t TileHalves __attribute__((vector_size(64)));
typedef uint32_t TileWords __attribute__((vector_size(64)));
typedef float TileFloats __attribute__((vector_size(64)));
typedef uint32_t LooseTileWords __attribute__((vector_size(64), aligned(2), may_alias));
typedef float LooseTileFloats __attribute__((vector_size(64), aligned(4), may_alias));

}  // namespace
}  // namespace nodegrad::NODEGRAD_ISA_NAMESPACE
