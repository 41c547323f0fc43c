#pragma once
#include <cstdint>

// The inner loops of pooling.
namespace nodegrad {

// The geometry of pooling over images [depth, height, width, channels], channels contiguous.
struct Span {
  int32_t begin, end;
};
// One spatial dimension of it.
struct PoolAxis {
  int64_t size, out;            // of the input, of the output
  int64_t kernel, stride, pad;  // pad: at the front
  const Span* inputs;           // that the window of each output has
  const Span* windows;          // the outputs whose windows have each input
};
struct PoolShape {
  PoolAxis depth, height, width;
  int64_t channels;
  bool byteIndices;  // u8, else i32
  bool divide;       // averages, else sums
};
// Each makes one row (of y, or of dx) of one image, whose numbers are float or the bits of bfloat16. Rows are
// counted through all planes.
template <class T>
struct PoolKernels {
  // indices: null for none.
  void (*max)(const PoolShape& shape, const T* x, T* y, void* indices, int64_t outRow);
  void (*maxBackward)(const PoolShape& shape, const T* dy, const void* indices, T* dx, int64_t row);
  void (*maxGather)(const PoolShape& shape, const T* g, const void* indices, T* y, int64_t outRow);
  void (*average)(const PoolShape& shape, const T* x, T* y, int64_t outRow);
  void (*averageBackward)(const PoolShape& shape, const T* dy, T* dx, int64_t row);
};

}  // namespace nodegrad
