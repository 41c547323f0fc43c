#pragma once
#include "core/shape.h"

namespace nodegrad {

// Copies elements of 1, 2 or 4 bytes between two arrangements, given as strides in elements; an input stride
// of 0 repeats, and all may be negative. Made once, run often.
class StridedCopy {
 public:
  StridedCopy(const Dims& sizes, const Dims& inStrides, const Dims& outStrides, size_t elementBytes,
              int threads);
  void run(const void* from, void* to) const;

 private:
  struct Dim {
    int64_t size, in, out;
  };
  template <class T>
  void copy(const T* from, T* to) const;
  template <class T>
  void copyPiece(const T* from, T* to, int64_t rows, int64_t columns) const;

  std::vector<Dim> outer_;
  Dim rows_{1, 0, 0},
      inner_{1, 1, 1};  // the last two dimensions: inner_ is contiguous in the output wherever one is
  int64_t outerCount_ = 1, elements_ = 1;
  size_t bytes_;
  int threads_;
};

}  // namespace nodegrad
