#include "cpu/move/strided_copy.h"

#include <xmmintrin.h>

#include <algorithm>
#include <cstring>

#include "host/parallel.h"

namespace nodegrad {
namespace {

constexpr int64_t kLeastThreadElements = 1 << 14;
constexpr int64_t kPiece = 8192;  // of the inner dimension
constexpr int64_t kTile = 16;     // a tile's rows and columns are whole cache lines of 4-byte elements

// to[r][c] = from[c][r], in squares of 4 by 4; strides in elements.
void transpose(const float* from, int64_t in, float* to, int64_t out, int64_t rows, int64_t columns) {
  const int64_t evenRows = rows / 4 * 4, evenColumns = columns / 4 * 4;
  for (int64_t tile = 0; tile < evenColumns; tile += kTile) {
    const int64_t end = std::min(tile + kTile, evenColumns);
    for (int64_t r = 0; r < evenRows; r += 4) {
      for (int64_t c = tile; c < end; c += 4) {
        __m128 v0 = _mm_loadu_ps(from + c * in + r), v1 = _mm_loadu_ps(from + (c + 1) * in + r);
        __m128 v2 = _mm_loadu_ps(from + (c + 2) * in + r), v3 = _mm_loadu_ps(from + (c + 3) * in + r);
        _MM_TRANSPOSE4_PS(v0, v1, v2, v3);
        _mm_storeu_ps(to + r * out + c, v0);
        _mm_storeu_ps(to + (r + 1) * out + c, v1);
        _mm_storeu_ps(to + (r + 2) * out + c, v2);
        _mm_storeu_ps(to + (r + 3) * out + c, v3);
      }
    }
  }
  for (int64_t r = 0; r < rows; ++r) {
    for (int64_t c = r < evenRows ? evenColumns : 0; c < columns; ++c) to[r * out + c] = from[c * in + r];
  }
}

}  // namespace

StridedCopy::StridedCopy(const Dims& sizes, const Dims& in, const Dims& out, size_t elementBytes, int threads)
    : bytes_(elementBytes), threads_(threads) {
  std::vector<Dim> dims;
  for (size_t d = 0; d < sizes.size(); ++d) {
    elements_ *= sizes[d];
    if (sizes[d] == 1) continue;
    if (!dims.empty() && dims.back().in == in[d] * sizes[d] && dims.back().out == out[d] * sizes[d]) {
      dims.back() = {dims.back().size * sizes[d], in[d], out[d]};
    } else {
      dims.push_back({sizes[d], in[d], out[d]});
    }
  }
  if (!dims.empty()) {
    inner_ = dims.back();
    dims.pop_back();
  }
  // Where the input runs along another dimension, that one makes the tiles of a transposition with the inner
  // one; else the next.
  if (!dims.empty()) {
    auto rows = dims.end() - 1;
    if (inner_.in != 1) {
      const auto contiguous = std::find_if(dims.begin(), dims.end(), [](const Dim& d) { return d.in == 1; });
      if (contiguous != dims.end()) rows = contiguous;
    }
    rows_ = *rows;
    dims.erase(rows);
  }
  outer_ = std::move(dims);
  for (const Dim& dim : outer_) outerCount_ *= dim.size;
}

template <class T>
void StridedCopy::copy(const T* from, T* to) const {
  const int64_t across = (inner_.size + kPiece - 1) / kPiece, down = (rows_.size + kTile - 1) / kTile;
  const int64_t work = std::min(rows_.size, kTile) * std::min(inner_.size, kPiece);
  parallelFor(threads_, outerCount_ * down * across, kLeastThreadElements / work,
              [&](int64_t begin, int64_t end, int) {
                for (int64_t item = begin; item < end; ++item) {
                  int64_t index = item / across / down;
                  const int64_t row = item / across % down * kTile, column = item % across * kPiece;
                  int64_t in = row * rows_.in + column * inner_.in,
                          out = row * rows_.out + column * inner_.out;
                  for (size_t d = outer_.size(); d-- > 0; index /= outer_[d].size) {
                    in += index % outer_[d].size * outer_[d].in;
                    out += index % outer_[d].size * outer_[d].out;
                  }
                  copyPiece(from + in, to + out, std::min(kTile, rows_.size - row),
                            std::min(kPiece, inner_.size - column));
                }
              });
}

template <class T>
void StridedCopy::copyPiece(const T* from, T* to, int64_t rows, int64_t columns) const {
  if (inner_.in == 1 && inner_.out == 1) {
    for (int64_t r = 0; r < rows; ++r)
      std::memcpy(to + r * rows_.out, from + r * rows_.in, columns * sizeof(T));
  } else if (inner_.in == 0 && inner_.out == 1) {
    for (int64_t r = 0; r < rows; ++r) std::fill_n(to + r * rows_.out, columns, from[r * rows_.in]);
  } else if (sizeof(T) == 4 && rows_.in == 1 && inner_.out == 1) {
    transpose(reinterpret_cast<const float*>(from), inner_.in, reinterpret_cast<float*>(to), rows_.out, rows,
              columns);
  } else {
    for (int64_t tile = 0; tile < columns; tile += kTile) {
      const int64_t end = std::min(tile + kTile, columns);
      for (int64_t r = 0; r < rows; ++r) {
        for (int64_t c = tile; c < end; ++c)
          to[r * rows_.out + c * inner_.out] = from[r * rows_.in + c * inner_.in];
      }
    }
  }
}

void StridedCopy::run(const void* from, void* to) const {
  if (elements_ == 0) return;
  if (bytes_ == 1) {
    copy(static_cast<const uint8_t*>(from), static_cast<uint8_t*>(to));
  } else if (bytes_ == 2) {
    copy(static_cast<const uint16_t*>(from), static_cast<uint16_t*>(to));
  } else {
    copy(static_cast<const float*>(from), static_cast<float*>(to));
  }
}

}  // namespace nodegrad
