#include <bit>
#include <cmath>

#include "kernel_table.h"
#include "launch.h"

namespace nodegrad::cuda {

namespace {

enum class Fill { Constant, Nearest, Wrap, Mirror, Reflect };

Fill fillOf(const std::string& mode) {
  if (mode == "nearest") return Fill::Nearest;
  if (mode == "wrap") return Fill::Wrap;
  if (mode == "mirror") return Fill::Mirror;
  return mode == "reflect" ? Fill::Reflect : Fill::Constant;
}

// Images [n, height, width, channels] and what they have beyond their border.
struct Images {
  int64_t n, height, width, channels;
  bool isShared;  // one transform for all
  Fill fill;
  float number;
};

// All is computed by the operations of the CPU, in their order: the pictures are the same.
__device__ inline float modulo(float x, float m) { return x - floorf(x / m) * m; }
__device__ inline float mirrored(float index, float size) {
  return size == 1 ? index * 0.0f : fabsf(modulo(index + (size - 1), 2 * size - 2) - (size - 1));
}
// Of two as near the even one.
__device__ inline float nearestOf(float v) {
  const float size = fabsf(v);
  return size < 0x1p23f ? copysignf((size + 0x1p23f) - 0x1p23f, v) : v;
}
__device__ inline bool within(float index, float size) { return index >= 0.0f && index < size; }

// One step back from beyond the border; what is further away, and NaN, may still be outside.
__device__ inline float foldedOnce(float index, float size, Fill fill) {
  float low = 0.0f, high = size - 1;
  if (fill == Fill::Wrap) {
    low = index + size;
    high = index - size;
  } else if (fill == Fill::Mirror) {
    low = -index;
    high = (2 * size - 2) - index;
  } else if (fill == Fill::Reflect) {
    low = -1.0f - index;
    high = (2 * size - 1) - index;
  }
  return index < 0.0f ? low : index >= size ? high : index;
}

// The index along an axis that a whole number stands for; NaN stands for the first. Beyond a border where
// there is a constant: -1.
__device__ inline int64_t pixelIndex(float index, int64_t length, Fill fill) {
  const auto size = static_cast<float>(length);
  if (within(index, size)) return static_cast<int64_t>(index);
  if (fill == Fill::Constant) return -1;
  float inside = foldedOnce(index, size, fill);
  if (within(inside, size)) return static_cast<int64_t>(inside);
  if (fill == Fill::Wrap) inside = modulo(index, size);
  if (fill == Fill::Mirror) inside = mirrored(index, size);
  if (fill == Fill::Reflect) inside = floorf((mirrored(index * 2.0f + 1.0f, 2 * size + 1) - 1.0f) * 0.5f);
  inside = inside > 0.0f ? inside : 0.0f;
  inside = inside < size - 1 ? inside : size - 1;
  return static_cast<int64_t>(inside);
}

// Whole numbers are only copied, as their bits.
__global__ void warpImages(Images v, bool nearest, const float* x, const float* transforms, float* y) {
  const int64_t pixels = v.n * v.height * v.width, stride = v.width * v.channels;
  for (int64_t i = firstIndex<int64_t>(); i < pixels; i += indexStep<int64_t>()) {
    const auto column = static_cast<float>(i % v.width), row = static_cast<float>(i / v.width % v.height);
    const int64_t image = i / v.width / v.height;
    const float* t = transforms + (v.isShared ? 0 : image * 8);
    const float* from = x + image * v.height * stride;
    float* to = y + i * v.channels;
    const auto pixel = [&](int64_t a, int64_t b, int64_t c) {
      return a < 0 || b < 0 ? v.number : from[a * stride + b * v.channels + c];
    };
    float across = (column * t[0] + t[1] * row) + t[2], down = (column * t[3] + t[4] * row) + t[5];
    if (t[6] != 0 || t[7] != 0) {
      const float scale = (column * t[6] + t[7] * row) + 1.0f;
      across /= scale;
      down /= scale;
    }
    if (nearest) {
      const int64_t a = pixelIndex(nearestOf(down), v.height, v.fill),
                    b = pixelIndex(nearestOf(across), v.width, v.fill);
      for (int64_t c = 0; c < v.channels; ++c) to[c] = pixel(a, b, c);
      continue;
    }
    // Neither turned nor sheared: all pixels of a row are between the same two rows, which are mixed first.
    const bool straight = t[1] == 0 && t[3] == 0 && t[6] == 0 && t[7] == 0;
    if (straight) down = t[4] * row + t[5];
    const float left = floorf(across), top = floorf(down), aside = across - left, below = down - top;
    const int64_t a[] = {pixelIndex(top, v.height, v.fill), pixelIndex(top + 1.0f, v.height, v.fill)};
    const int64_t b[] = {pixelIndex(left, v.width, v.fill), pixelIndex(left + 1.0f, v.width, v.fill)};
    const float weights[] = {(1.0f - below) * (1.0f - aside), (1.0f - below) * aside, below * (1.0f - aside),
                             below * aside};
    for (int64_t c = 0; c < v.channels; ++c) {
      const auto mixed = [&](int64_t at) {
        return at < 0 ? v.number : pixel(a[0], at, c) * (1.0f - below) + pixel(a[1], at, c) * below;
      };
      to[c] = straight ? mixed(b[0]) * (1.0f - aside) + mixed(b[1]) * aside
                       : ((pixel(a[0], b[0], c) * weights[0] + pixel(a[0], b[1], c) * weights[1]) +
                          pixel(a[1], b[0], c) * weights[2]) +
                             pixel(a[1], b[1], c) * weights[3];
    }
  }
}

class WarpKernel : public OwnKernel {
 public:
  WarpKernel(const KernelSpec& spec, const QueuePtr& queue)
      : OwnKernel(queue), nearest_(spec.attrs.boolean("nearest")) {
    const Dims& x = spec.inputs[0].shape;
    const double number = spec.attrs.number("fillValue");
    images_ = {x[0],
               x[1],
               x[2],
               x[3],
               spec.inputs[1].shape[0] == 1,
               fillOf(spec.attrs.text("fillMode")),
               spec.inputs[0].dtype == DType::F32 ? static_cast<float>(number)
                                                  : std::bit_cast<float>(static_cast<int32_t>(number))};
  }

  void run(const void* const* inputs, void* const* outputs, void*) override {
    const int64_t pixels = images_.n * images_.height * images_.width;
    if (pixels * images_.channels == 0) return;
    launch(stream(), {blocksFor(pixels)}, warpImages, images_, nearest_, static_cast<const float*>(inputs[0]),
           static_cast<const float*>(inputs[1]), static_cast<float*>(outputs[0]));
  }

 private:
  bool nearest_;
  Images images_;
};

}  // namespace

void addWarps(KernelTable& table) { table["warp"] = {makeKernel<WarpKernel>}; }

}  // namespace nodegrad::cuda
