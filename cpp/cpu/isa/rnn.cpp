#include "cpu/isa/rnn.h"

#include "cpu/isa/rows.h"
#include "cpu/isa/tables.h"
#include "cpu/isa/vector_math.h"

namespace nodegrad::NODEGRAD_ISA_NAMESPACE {
namespace {

#define NODEGRAD_UNROLL _Pragma("GCC unroll 16")

// The accumulators of multiply: 24 of 32 registers, or 12 of 16.
constexpr int kPanel = 3;
#if defined(__AVX512F__)
constexpr int kTileRows = 8;
#else
constexpr int kTileRows = 4;
#endif

// sum += x · y. The compiler would fold a load that several of these share into each of them, and saturate
// the load ports.
inline __attribute__((always_inline)) void multiplyAdd(Floats& sum, Floats x, Floats y) {
#if defined(__AVX2__)
  asm("vfmadd231ps %2, %1, %0" : "+v"(sum) : "v"(x), "v"(y));
#else
  sum += x * y;
#endif
}
// Without the addition that all(x) costs where -0 has to be kept.
inline Floats broadcast(float x) { return x - Floats{}; }

template <int rows, int columns>
void multiplyTile(const float* x, int64_t xStride, int64_t depth, const float* packed, float* y,
                  int64_t yStride) {
  Floats sums[rows][columns] = {};
#pragma GCC unroll 4
  for (int64_t k = 0; k < depth; ++k, packed += columns * kLanes) {
    Floats w[columns];
    NODEGRAD_UNROLL for (int c = 0; c < columns; ++c) w[c] = load(packed + c * kLanes);
    NODEGRAD_UNROLL for (int r = 0; r < rows; ++r) {
      const Floats v = broadcast(x[r * xStride + k]);
      NODEGRAD_UNROLL for (int c = 0; c < columns; ++c) multiplyAdd(sums[r][c], v, w[c]);
    }
  }
  NODEGRAD_UNROLL for (int r = 0; r < rows; ++r) {
    NODEGRAD_UNROLL for (int c = 0; c < columns; ++c) store(y + r * yStride + c * kLanes, sums[r][c]);
  }
}

using MultiplyTile = void (*)(const float*, int64_t, int64_t, const float*, float*, int64_t);

// For 1 … kTileRows rows.
template <int columns>
constexpr MultiplyTile kMultiplyTile[] = {
    multiplyTile<1, columns>, multiplyTile<2, columns>, multiplyTile<3, columns>, multiplyTile<4, columns>,
#if defined(__AVX512F__)
    multiplyTile<5, columns>, multiplyTile<6, columns>, multiplyTile<7, columns>, multiplyTile<8, columns>,
#endif
};

void multiply(const float* x, int64_t xStride, int64_t rows, int64_t depth, const float* packed,
              int64_t columns, float* y, int64_t yStride) {
  // Tiles of nearly one size: a full one and a small rest would take longer.
  const int64_t tiles = (rows + kTileRows - 1) / kTileRows;
  for (int64_t c = 0; c < columns; c += kPanel) {
    const int64_t some = columns - c < kPanel ? columns - c : kPanel;
    const MultiplyTile* variants = some == 1   ? kMultiplyTile<1>
                                   : some == 2 ? kMultiplyTile<2>
                                               : kMultiplyTile<3>;
    for (int64_t t = 0; t < tiles; ++t) {
      const int64_t begin = rows * t / tiles, end = rows * (t + 1) / tiles;
      variants[end - begin - 1](x + begin * xStride, xStride, depth, packed, y + begin * yStride + c * kLanes,
                                yStride);
    }
    packed += depth * some * kLanes;
  }
}

void lstm(const RnnWidths& widths, const LstmStep& s) {
  const int64_t u = widths.units, w = widths.width;
  for (int64_t j = 0; j < u; j += kLanes) {
    const int64_t n = u - j;
    const Floats i = sigmoidOf(load(s.product + j) + take(s.x + j, n));
    const Floats f = sigmoidOf(load(s.product + w + j) + take(s.x + u + j, n));
    const Floats g = tanhOf(load(s.product + 2 * w + j) + take(s.x + 2 * u + j, n));
    const Floats o = sigmoidOf(load(s.product + 3 * w + j) + take(s.x + 3 * u + j, n));
    const Floats c = f * take(s.before + j, n) + i * g;
    put(s.gates + j, i, n);
    put(s.gates + u + j, f, n);
    put(s.gates + 2 * u + j, g, n);
    put(s.gates + 3 * u + j, o, n);
    put(s.c + j, c, n);
    store(s.h + j, o * tanhOf(c));
  }
}

void lstmBackward(const RnnWidths& widths, const LstmBackwardStep& s) {
  const int64_t u = widths.units, w = widths.width;
  for (int64_t j = 0; j < u; j += kLanes) {
    const int64_t n = u - j;
    const Floats i = take(s.gates + j, n), f = take(s.gates + u + j, n), g = take(s.gates + 2 * u + j, n),
                 o = take(s.gates + 3 * u + j, n), t = tanhOf(take(s.c + j, n));
    const Floats dh = load(s.dh + j) + take(s.dy + j, n);
    const Floats dc = load(s.dc + j) + dh * o * (1.0f - t * t);
    const Floats dz[] = {dc * g * i * (1.0f - i), dc * take(s.before + j, n) * f * (1.0f - f),
                         dc * i * (1.0f - g * g), dh * t * o * (1.0f - o)};
    NODEGRAD_UNROLL for (int gate = 0; gate < 4; ++gate) {
      store(s.dz + gate * w + j, dz[gate]);
      put(s.dx + gate * u + j, dz[gate], n);
    }
    store(s.dc + j, dc * f);
  }
}

void gru(const RnnWidths& widths, const GruStep& s) {
  const int64_t u = widths.units, w = widths.width;
  for (int64_t j = 0; j < u; j += kLanes) {
    const int64_t n = u - j;
    const auto recurrent = [&](int64_t gate) {
      return load(s.product + gate * w + j) + take(s.bias + gate * u + j, n);
    };
    const Floats z = sigmoidOf(recurrent(0) + take(s.x + j, n));
    const Floats r = sigmoidOf(recurrent(1) + take(s.x + u + j, n));
    const Floats q = recurrent(2), g = tanhOf(take(s.x + 2 * u + j, n) + r * q);
    put(s.gates + j, z, n);
    put(s.gates + u + j, r, n);
    put(s.gates + 2 * u + j, g, n);
    put(s.inner + j, q, n);
    store(s.h + j, z * load(s.h + j) + (1.0f - z) * g);
  }
}

void gruGates(const RnnWidths& widths, const GruStep& s) {
  const int64_t u = widths.units, w = widths.width;
  for (int64_t j = 0; j < u; j += kLanes) {
    const int64_t n = u - j;
    const Floats r = sigmoidOf(load(s.product + w + j) + take(s.x + u + j, n)), reset = r * load(s.h + j);
    put(s.gates + j, sigmoidOf(load(s.product + j) + take(s.x + j, n)), n);
    put(s.gates + u + j, r, n);
    put(s.inner + j, reset, n);
    store(s.reset + j, reset);
  }
}

void gruCandidate(const RnnWidths& widths, const GruStep& s) {
  const int64_t u = widths.units;
  for (int64_t j = 0; j < u; j += kLanes) {
    const int64_t n = u - j;
    const Floats z = take(s.gates + j, n), g = tanhOf(load(s.product + j) + take(s.x + 2 * u + j, n));
    put(s.gates + 2 * u + j, g, n);
    store(s.h + j, z * load(s.h + j) + (1.0f - z) * g);
  }
}

void gruBackward(const RnnWidths& widths, const GruBackwardStep& s) {
  const int64_t u = widths.units, w = widths.width;
  for (int64_t j = 0; j < u; j += kLanes) {
    const int64_t n = u - j;
    const Floats z = take(s.gates + j, n), r = take(s.gates + u + j, n), g = take(s.gates + 2 * u + j, n);
    const Floats dh = load(s.dh + j) + load(s.carried + j) + take(s.dy + j, n);
    const Floats dz = dh * (take(s.before + j, n) - g) * z * (1.0f - z);
    const Floats dg = dh * (1.0f - z) * (1.0f - g * g);
    const Floats dr = dg * take(s.inner + j, n) * r * (1.0f - r);
    const Floats dx[] = {dz, dr, dg}, dProduct[] = {dz, dr, dg * r};
    NODEGRAD_UNROLL for (int gate = 0; gate < 3; ++gate) {
      put(s.dx + gate * u + j, dx[gate], n);
      put(s.dProduct + gate * u + j, dProduct[gate], n);
      store(s.dz + gate * w + j, dProduct[gate]);
    }
    store(s.carried + j, dh * z);
  }
}

void gruCandidateBackward(const RnnWidths& widths, const GruBackwardStep& s) {
  const int64_t u = widths.units, w = widths.width;
  for (int64_t j = 0; j < u; j += kLanes) {
    const int64_t n = u - j;
    const Floats z = take(s.gates + j, n), g = take(s.gates + 2 * u + j, n);
    const Floats dh = load(s.dh + j) + load(s.carried + j) + take(s.dy + j, n);
    const Floats dz = dh * (take(s.before + j, n) - g) * z * (1.0f - z);
    const Floats dg = dh * (1.0f - z) * (1.0f - g * g);
    put(s.dx + j, dz, n);
    put(s.dx + 2 * u + j, dg, n);
    store(s.dz + j, dz);
    store(s.dz + 2 * w + j, dg);
    store(s.carried + j, dh * z);
  }
}

void gruGatesBackward(const RnnWidths& widths, const GruBackwardStep& s) {
  const int64_t u = widths.units, w = widths.width;
  for (int64_t j = 0; j < u; j += kLanes) {
    const int64_t n = u - j;
    const Floats r = take(s.gates + u + j, n), dReset = load(s.dh + j);
    const Floats dr = dReset * take(s.before + j, n) * r * (1.0f - r);
    store(s.carried + j, load(s.carried + j) + dReset * r);
    put(s.dx + u + j, dr, n);
    store(s.dz + w + j, dr);
  }
}

void simple(const RnnWidths& widths, const SimpleRnnStep& s) {
  for (int64_t j = 0; j < widths.units; j += kLanes) {
    const int64_t n = widths.units - j;
    const Floats h = tanhOf(load(s.product + j) + take(s.x + j, n));
    put(s.after + j, h, n);
    store(s.h + j, h);
  }
}

void simpleBackward(const RnnWidths& widths, const SimpleRnnBackwardStep& s) {
  for (int64_t j = 0; j < widths.units; j += kLanes) {
    const int64_t n = widths.units - j;
    const Floats h = take(s.after + j, n), dz = (load(s.dh + j) + take(s.dy + j, n)) * (1.0f - h * h);
    put(s.dx + j, dz, n);
    store(s.dz + j, dz);
  }
}

}  // namespace

const RnnKernels rnnKernels = {kLanes,
                               kPanel,
                               kTileRows,
                               multiply,
                               lstm,
                               lstmBackward,
                               gru,
                               gruBackward,
                               gruGates,
                               gruCandidate,
                               gruCandidateBackward,
                               gruGatesBackward,
                               simple,
                               simpleBackward};

}  // namespace nodegrad::NODEGRAD_ISA_NAMESPACE
