#pragma once
#include <cstdint>
#include <cstring>
#include <vector>

// A convolution of any layout, summed in float64: what an engine of the stand-in for cuDNN computes.
namespace stubs {

struct Tensor {
  bool bf16 = false;
  std::vector<int64_t> dims, strides;  // batch or out, channels or in, spatial ones

  int64_t bytes() const {
    int64_t last = 0;
    for (size_t d = 0; d < dims.size(); ++d) last += (dims[d] - 1) * strides[d];
    return (last + 1) * (bf16 ? 2 : 4);
  }
  double load(const void* from, int64_t at) const {
    uint32_t bits;
    if (bf16)
      bits = uint32_t{static_cast<const uint16_t*>(from)[at]} << 16;
    else
      bits = static_cast<const uint32_t*>(from)[at];
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
  }
  void store(void* to, int64_t at, double sum) const {
    const auto value = static_cast<float>(sum);
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    if (!bf16)
      static_cast<uint32_t*>(to)[at] = bits;
    else
      static_cast<uint16_t*>(to)[at] = static_cast<uint16_t>(
          value != value ? bits >> 16 | 0x40 : (bits + 0x7fff + (bits >> 16 & 1)) >> 16);
  }
};

struct Convolution {
  int kind;                  // as the operation's descriptor
  bool tensorFloat = false;  // whether float32 is rounded to TF32, of 10 bits after the point
  Tensor x, w, y;
  std::vector<int64_t> strides, dilations, before, after;

  // Calls body with the places of each x, w and y whose product counts.
  template <class Body>
  void each(Body&& body) const {
    const size_t spatial = strides.size();
    const int64_t groups = x.dims[1] / w.dims[1], perGroup = w.dims[0] / groups;
    std::vector<int64_t> out(spatial, 0), tap(spatial, 0);
    const auto next = [&](std::vector<int64_t>& at, const std::vector<int64_t>& sizes) {
      for (size_t s = spatial; s-- > 0;) {
        if (++at[s] < sizes[s + 2]) return true;
        at[s] = 0;
      }
      return false;
    };
    do {
      do {
        int64_t atX = 0, atW = 0, atY = 0;
        bool inside = true;
        for (size_t s = 0; s < spatial; ++s) {
          const int64_t place = out[s] * strides[s] + tap[s] * dilations[s] - before[s];
          inside = inside && place >= 0 && place < x.dims[s + 2];
          atX += place * x.strides[s + 2];
          atW += tap[s] * w.strides[s + 2];
          atY += out[s] * y.strides[s + 2];
        }
        if (!inside) continue;
        for (int64_t n = 0; n < y.dims[0]; ++n)
          for (int64_t k = 0; k < w.dims[0]; ++k)
            for (int64_t c = 0; c < w.dims[1]; ++c)
              body(atX + n * x.strides[0] + (k / perGroup * w.dims[1] + c) * x.strides[1],
                   atW + k * w.strides[0] + c * w.strides[1], atY + n * y.strides[0] + k * y.strides[1]);
      } while (next(tap, w.dims));
    } while (next(out, y.dims));
  }

  const Tensor& result() const { return kind == 10 ? y : kind == 11 ? w : x; }

  double load(const Tensor& tensor, const void* from, int64_t at) const {
    const auto value = static_cast<float>(tensor.load(from, at));
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    if (!tensorFloat || tensor.bf16 || (bits >> 23 & 0xff) == 0xff) return value;
    bits = (bits + 0x1000) & ~0x1fffU;
    float rounded;
    std::memcpy(&rounded, &bits, sizeof rounded);
    return rounded;
  }

  void run(const void* xs, const void* ws, const void* ys) const {
    const Tensor& to = result();
    void* memory = const_cast<void*>(kind == 10 ? ys : kind == 11 ? ws : xs);
    std::vector<double> sums(static_cast<size_t>(to.bytes()) / (to.bf16 ? 2 : 4), 0);
    each([&](int64_t atX, int64_t atW, int64_t atY) {
      if (kind == 10)
        sums[static_cast<size_t>(atY)] += load(x, xs, atX) * load(w, ws, atW);
      else if (kind == 11)
        sums[static_cast<size_t>(atW)] += load(x, xs, atX) * load(y, ys, atY);
      else
        sums[static_cast<size_t>(atX)] += load(w, ws, atW) * load(y, ys, atY);
    });
    for (size_t i = 0; i < sums.size(); ++i) to.store(memory, static_cast<int64_t>(i), sums[i]);
  }
};

}  // namespace stubs
