#pragma once
#include <cstdint>

// The inner loops of gathered rows and of images read between their pixels.
namespace nodegrad {

struct GatherKernels {
  void (*addRow)(float* to, const float* from, int64_t n);
  void (*addBfloat16Row)(float* to, const uint16_t* from, int64_t n);
};

// What is beyond the border of an image.
enum class WarpFill : uint8_t { Constant, Nearest, Wrap, Mirror, Reflect };

struct WarpImage {
  const float* pixels;  // [height, width, channels]
  int64_t height, width, channels;
  bool isNearest;  // else four pixels are mixed
  bool isLast;     // whether nothing can be read after its pixels
  WarpFill fillMode;
  const float* fill;  // a pixel beyond the border, at least four floats
  float* line;        // room for a row of the image and four more floats
};

struct WarpKernels {
  // Row y of the result, in which each pixel shows a point of the image that eight numbers tell.
  void (*row)(const WarpImage& image, const float* transform, int64_t y, float* to);
};

}  // namespace nodegrad
