#pragma once
#include <cmath>

#include "../launch.h"
#include "../shared_memory.h"

// What the kernels of recurrent steps share: a launch is a step, whose products a thread makes for one unit
// of some samples, each gate by itself. cpp/ops/rnn.h says what the ops compute.
namespace nodegrad::cuda::rnn {

// A block makes so many units (a warp's threads) of so many samples, and takes the products' terms in
// chunks.
constexpr int kUnits = 32, kGroups = 4, kRowsEach = 2, kRows = kGroups * kRowsEach, kChunk = 32;
constexpr int kRnnThreads = kUnits * kGroups;

struct Sequence {
  int64_t n, steps, units, gates;
  bool backwards, zeroOutput;
  const float* mask = nullptr;       // [n, gates · units]
  const uint8_t* counted = nullptr;  // [n, steps]: which steps count for a sample; null: all
  const int32_t* firsts = nullptr;   // [n]: the first step that does

  __device__ int64_t timeOf(int64_t k) const { return backwards ? steps - 1 - k : k; }
  // The offset of a sample's step in [n, steps, …] of so many numbers.
  __device__ int64_t at(int64_t row, int64_t k, int64_t size) const {
    return (row * steps + timeOf(k)) * size;
  }
  __device__ int64_t columns() const { return gates * units; }
  __device__ bool counts(int64_t row, int64_t k) const {
    return !counted || counted[row * steps + timeOf(k)] != 0;
  }
  // Whether the output of a step is h; else it is zeros.
  __device__ bool gives(int64_t row, int64_t k) const {
    return !counted || (zeroOutput ? counts(row, k) : k >= firsts[row]);
  }
  // A gate's part of the mask.
  __device__ float maskAt(int64_t row, int64_t gate, int64_t unit) const {
    return mask ? mask[row * columns() + gate * units + unit] : 1.0f;
  }

  __host__ __device__ int64_t rowTiles() const { return (n + kRows - 1) / kRows; }
  __host__ __device__ int64_t unitTiles() const { return (units + kUnits - 1) / kUnits; }
  LaunchSize size(int products) const {
    return {blocksFor(rowTiles() * unitTiles(), 1), kRnnThreads,
            static_cast<size_t>(products) * kRows * kChunk * sizeof(float)};
  }
};

// The unit and the samples of a thread.
struct Place {
  int64_t unit, row, firstRow;
  int group;
  bool hasUnit;

  __device__ Place(const Sequence& s, int64_t item) {
    const int64_t tiles = (s.units + kUnits - 1) / kUnits;
    group = static_cast<int>(threadIdx.x) / kUnits;
    unit = item % tiles * kUnits + static_cast<int64_t>(threadIdx.x % kUnits);
    firstRow = item / tiles * kRows;
    row = firstRow + group * kRowsEach;
    hasUnit = unit < s.units;
  }
};

// A product for each of some gates, over k: a[row · aRow + gate · aGate + k] · b[gate · bGate + k · bRow +
// unit].
struct Factors {
  const float* a;
  int64_t aRow, aGate;
  const float* b;
  int64_t bGate, bRow;
  int64_t firstGate;  // for the mask, with which a is multiplied
  bool masked;
};
// Every thread of the block calls it. shared: G · kRows · kChunk floats.
template <int G>
__device__ inline void multiply(const Sequence& s, const Place& place, const Factors& f,
                                float (&sums)[kRowsEach][G]) {
  float* shared = sharedMemory<float>();
  for (int r = 0; r < kRowsEach; ++r)
    for (int g = 0; g < G; ++g) sums[r][g] = 0;
  for (int64_t first = 0; first < s.units; first += kChunk) {
    for (int i = static_cast<int>(threadIdx.x); i < G * kRows * kChunk; i += kRnnThreads) {
      const int g = i / kChunk / kRows;
      const int64_t k = first + i % kChunk, row = place.firstRow + i / kChunk % kRows;
      const bool inside = k < s.units && row < s.n;
      const float a = inside ? f.a[row * f.aRow + g * f.aGate + k] : 0.0f;
      shared[i] = inside && f.masked ? a * s.maskAt(row, f.firstGate + g, k) : a;
    }
    __syncthreads();
    const int count = s.units - first < kChunk ? static_cast<int>(s.units - first) : kChunk;
    for (int k = 0; place.hasUnit && k < count; ++k)
      for (int g = 0; g < G; ++g) {
        const float b = f.b[g * f.bGate + (first + k) * f.bRow + place.unit];
        for (int r = 0; r < kRowsEach; ++r)
          sums[r][g] += shared[(g * kRows + place.group * kRowsEach + r) * kChunk + k] * b;
      }
    __syncthreads();
  }
}

// The products of states h [n, units] with gates of the recurrent kernel [units, gates · units].
__device__ inline Factors forwards(const Sequence& s, const float* h, const float* kernel, int64_t firstGate,
                                   bool masked) {
  return {h, s.units, 0, kernel + firstGate * s.units, s.units, s.columns(), firstGate, masked};
}
// The way back from the gates' gradients at step k. kernelT: [gates, units, units], transposed gate by gate.
__device__ inline Factors back(const Sequence& s, const float* dz, int64_t k, const float* kernelT,
                               int64_t firstGate) {
  return {dz + s.timeOf(k) * s.columns() + firstGate * s.units,
          s.steps * s.columns(),
          s.units,
          kernelT + firstGate * s.units * s.units,
          s.units * s.units,
          s.units,
          firstGate,
          false};
}
// What h gets of them, under the mask.
template <int G>
__device__ inline float joined(const Sequence& s, int64_t row, int64_t unit, int64_t firstGate,
                               const float (&sums)[G]) {
  float sum = 0;
  for (int g = 0; g < G; ++g) sum += sums[g] * s.maskAt(row, firstGate + g, unit);
  return sum;
}

__device__ inline float sigmoid(float x) { return 1.0f / (1.0f + expf(-x)); }

// Calls body(row, its number in the thread) for the samples of a thread that are there.
template <class Body>
__device__ inline void forRows(const Sequence& s, const Place& place, const Body& body) {
  for (int r = 0; r < kRowsEach; ++r)
    if (place.hasUnit && place.row + r < s.n) body(place.row + r, r);
}

}  // namespace nodegrad::cuda::rnn
