#pragma once
#include <algorithm>
#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

#include "core/align.h"
#include "cpu/conv/conv.h"
#include "cpu/conv/winograd/kernels.h"
#include "cpu/isa.h"
#include "host/parallel.h"

// What the convolutions by Winograd's algorithm share (cpu/conv/winograd/winograd.h).
namespace nodegrad::winograd {

constexpr int64_t kElements = 36;  // numbers of a transformed tile

// A stride between planes that is an odd number of cache lines: 36 streams with a power of two between them
// would all meet in one set of the cache. bytes: of an element.
inline int64_t planeStride(int64_t elements, int64_t bytes) {
  const int64_t line = 64 / bytes;
  return (roundUp(elements, line) / line | 1) * line;
}

// The kernels for operands of a dtype, F32 or BF16.
inline const WinogradKernels& kernelsFor(DType operandType) {
  return operandType == DType::F32 ? *isaKernels().winograd : *bfloat16Kernels().winograd;
}
inline std::string implementationFor(DType operandType) {
  return std::string("winograd:") + (operandType == DType::F32 ? isaKernels().name : bfloat16Kernels().name);
}

// The sizes of a convolution in the terms of its forward pass.
struct Sizes {
  int64_t images, height, width, in;  // of x
  int64_t outHeight, outWidth, out;   // of y
  int64_t top, left;                  // padding

  explicit Sizes(const Convolution& conv)
      : images(at(conv.x, conv.axes.n)),
        height(at(conv.x, conv.axes.h())),
        width(at(conv.x, conv.axes.w())),
        in(at(conv.x, conv.axes.c)),
        outHeight(conv.window.out[0]),
        outWidth(conv.window.out[1]),
        out(at(conv.y, conv.axes.c)),
        top(conv.window.pads[0]),
        left(conv.window.pads[2]) {}

 private:
  static int64_t at(const TensorType& type, int axis) { return type.shape[static_cast<size_t>(axis)]; }
};

inline int64_t tileCount(int64_t images, int64_t height, int64_t width) {
  return images * ((height + 3) / 4) * ((width + 3) / 4);
}

inline std::vector<WinogradTile> tilesOf(int64_t images, int64_t height, int64_t width) {
  std::vector<WinogradTile> tiles;
  tiles.reserve(static_cast<size_t>(tileCount(images, height, width)));
  for (int32_t image = 0; image < images; ++image) {
    for (int32_t row = 0; row < height; row += 4) {
      for (int32_t column = 0; column < width; column += 4) tiles.push_back({image, row, column});
    }
  }
  return tiles;
}

// An image tensor in blocks of channels.
class BlockedImages {
 public:
  BlockedImages(int64_t height, int64_t width, int64_t channels, int64_t lanes, DType dtype)
      : height_(height),
        width_(width),
        lanes_(lanes),
        blocks_(channels / lanes),
        blockSize_(height * width * lanes),
        dtype_(dtype) {}
  int64_t blocks() const { return blocks_; }
  int64_t blockSize() const { return blockSize_; }
  template <class Data>
  WinogradMapOf<Data> map(Data* data, int64_t block) const {
    return mapOf(data, block, blockSize_, nullptr);
  }
  // What a 2×2 pooling makes of it.
  BlockedImages pooled(DType dtype) const {
    return {height_ / 2, width_ / 2, blocks_ * lanes_, lanes_, dtype};
  }
  // Where it is the gradient of such a pooling's output: see WinogradMap::argmax.
  WinogradMap pooledMap(const void* data, const void* argmax, int64_t block) const {
    return mapOf(data, block, (height_ / 2) * (width_ / 2) * lanes_, static_cast<const uint8_t*>(argmax));
  }

 private:
  template <class Data>
  WinogradMapOf<Data> mapOf(Data* data, int64_t block, int64_t size, const uint8_t* argmax) const {
    using Byte = std::conditional_t<std::is_const_v<Data>, const std::byte, std::byte>;
    const int64_t bytes = block * size * static_cast<int64_t>(sizeOf(dtype_));
    return {static_cast<Byte*>(data) + bytes,        dtype_ == DType::BF16, blocks_ * size, height_, width_,
            argmax ? argmax + block * size : nullptr};
  }

  int64_t height_, width_, lanes_, blocks_, blockSize_;
  DType dtype_;
};

// The images x of a convolution, which may be parts of the channels each.
class ConcatImages {
 public:
  ConcatImages(const Convolution& conv, const Sizes& s, int64_t lanes) : indices_(conv.concatIndices) {
    for (size_t p = 0; p < conv.concatChannels.size(); ++p)
      parts_.emplace_back(s.height, s.width, conv.concatChannels[p], lanes, conv.concatDtypes[p]);
  }
  // tensors: the inputs or outputs that they are among.
  template <class Data>
  WinogradMapOf<Data> map(Data* const* tensors, int64_t block) const {
    size_t part = 0;
    for (; block >= parts_[part].blocks(); ++part) block -= parts_[part].blocks();
    return parts_[part].map(tensors[indices_[part]], block);
  }

 private:
  std::vector<BlockedImages> parts_;
  std::vector<size_t> indices_;
};

// Splits tiles evenly over the threads, and each part into blocks of about one size that are whole steps of
// multiply. Both depend on the number of threads alone, and so do the sums' last bits.
class TileParts {
 public:
  TileParts(std::vector<WinogradTile> tiles, int64_t most, int64_t step) : tiles_(std::move(tiles)) {
    const int64_t count = static_cast<int64_t>(tiles_.size());
    parts_ = static_cast<int>(std::clamp<int64_t>(count / step, 1, teamThreads()));
    const int64_t share = (count + parts_ - 1) / parts_, blocks = (share + most - 1) / most;
    block_ = roundUp((share + blocks - 1) / blocks, step);
  }

  int parts() const { return parts_; }
  int64_t block() const { return block_; }

  // Calls body(part, tiles, count, first) for the blocks of every part, the parts at the same time.
  template <class Body>
  void forBlocks(Body&& body) const {
    const int64_t count = static_cast<int64_t>(tiles_.size());
    parallelFor(parts_, parts_, 1, [&](int64_t, int64_t, int part) {
      const int64_t begin = count * part / parts_, end = count * (part + 1) / parts_;
      for (int64_t t = begin; t < end; t += block_)
        body(part, tiles_.data() + t, std::min(block_, end - t), t == begin);
    });
  }

 private:
  std::vector<WinogradTile> tiles_;
  int parts_;
  int64_t block_;
};

class WinogradKernel : public Kernel {
 public:
  explicit WinogradKernel(DType operandType)
      : kernels_(kernelsFor(operandType)),
        lanes_(kernels_.lanes),
        bytes_(kernels_.operandBytes),
        implementation_(implementationFor(operandType)) {}
  std::string implementation() const override { return implementation_; }

 protected:
  // Memory of operands: those from the first on.
  std::byte* operands(void* from, int64_t first) const {
    return static_cast<std::byte*>(from) + first * bytes_;
  }
  const std::byte* operands(const void* from, int64_t first) const {
    return static_cast<const std::byte*>(from) + first * bytes_;
  }
  // The floats that take as much memory as 36 planes of operands.
  int64_t planeFloats(int64_t plane) const {
    return kElements * plane * bytes_ / static_cast<int64_t>(sizeof(float));
  }
  int64_t operandPlane(int64_t elements) const { return planeStride(elements, bytes_); }
  int64_t floatPlane(int64_t elements) const { return planeStride(elements, sizeof(float)); }

  const WinogradKernels& kernels_;
  const int64_t lanes_;
  const int64_t bytes_;  // of an operand

 private:
  const std::string implementation_;
};

// Forward, and the gradient with respect to the input.
std::unique_ptr<Kernel> makeConvolution(const Convolution& conv, bool relu);
// The gradient with respect to the filters and, as a second output, to the bias.
std::unique_ptr<Kernel> makeBackwardFilter(const Convolution& conv);

}  // namespace nodegrad::winograd
