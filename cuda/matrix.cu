#include <cmath>

#include "device/team.h"
#include "kernel_table.h"

namespace nodegrad::cuda {

namespace {

constexpr int kOneBlock = 256, kWarp = 32;

__device__ inline double sumOfWarp(double own) {
  for (int mask = kWarp / 2; mask > 0; mask /= 2) own += __shfl_xor_sync(0xffffffffu, own, mask);
  return own;
}
__device__ inline double dot(const float* a, const float* b, int64_t n) {
  double sum = 0;
  for (int64_t i = threadIdx.x % kWarp; i < n; i += kWarp) sum += static_cast<double>(a[i]) * b[i];
  return sumOfWarp(sum);
}

// Takes from each row what it has of those before, twice, which leaves it orthogonal to them to rounding
// (Giraud, Langou and Rozložník, 2005), and makes its length 1: Q of x = L Q with a positive diagonal of L. A
// row that is a sum of those before it stays what rounding makes of it. One block, since a row needs all
// before it; it is for the first numbers of weights, whose rows are a few thousand at most.
__global__ void makeOrthonormal(int64_t rows, int64_t columns, const float* x, float* y, double* along) {
  const int warp = static_cast<int>(threadIdx.x) / kWarp;
  const bool isFirst = threadIdx.x % kWarp == 0;
  for (int64_t row = 0; row < rows; ++row) {
    float* own = y + row * columns;
    for (int64_t i = threadIdx.x; i < columns; i += kOneBlock) own[i] = x[row * columns + i];
    __syncthreads();
    for (int pass = 0; pass < 2; ++pass) {
      for (int64_t other = warp; other < row; other += kOneBlock / kWarp) {
        const double product = dot(own, y + other * columns, columns);
        if (isFirst) along[other] = product;
      }
      __syncthreads();
      for (int64_t i = threadIdx.x; i < columns; i += kOneBlock) {
        double rest = own[i];
        for (int64_t other = 0; other < row; ++other) rest -= along[other] * y[other * columns + i];
        own[i] = static_cast<float>(rest);
      }
      __syncthreads();
    }
    const double squares = dot(own, own, columns);  // of each warp by itself
    __syncthreads();
    const double scale = squares > 0 ? 1 / sqrt(squares) : 0.0;
    for (int64_t i = threadIdx.x; i < columns; i += kOneBlock) own[i] = static_cast<float>(own[i] * scale);
    __syncthreads();
  }
}

class OrthonormalRowsKernel : public OwnKernel {
 public:
  OrthonormalRowsKernel(const KernelSpec& spec, const QueuePtr& queue)
      : OwnKernel(queue), rows_(spec.inputs[0].shape[0]), columns_(spec.inputs[0].shape[1]) {}

  size_t scratchBytes() const override { return static_cast<size_t>(rows_) * sizeof(double); }

  void run(const void* const* inputs, void* const* outputs, void* scratch) override {
    if (rows_ * columns_ == 0) return;
    launch(stream(), {1, kOneBlock}, makeOrthonormal, rows_, columns_, static_cast<const float*>(inputs[0]),
           static_cast<float*>(outputs[0]), static_cast<double*>(scratch));
  }

 private:
  int64_t rows_, columns_;
};

// Matrices with zeros above or below a diagonal.
__global__ void keepTriangle(int64_t count, int64_t rows, int64_t columns, bool upper, int64_t diagonal,
                             const float* x, float* y) {
  for (int64_t at = firstIndex<int64_t>(); at < count; at += indexStep<int64_t>()) {
    const int64_t distance = at % columns - at / columns % rows;
    y[at] = (upper ? distance >= diagonal : distance <= diagonal) ? x[at] : 0.0f;
  }
}

class TriangleKernel : public OwnKernel {
 public:
  TriangleKernel(const KernelSpec& spec, const QueuePtr& queue)
      : OwnKernel(queue),
        count_(count(spec.inputs[0].shape)),
        rows_(spec.inputs[0].shape[spec.inputs[0].shape.size() - 2]),
        columns_(spec.inputs[0].shape.back()),
        upper_(spec.attrs.boolean("upper")),
        diagonal_(spec.attrs.integer("diagonal")) {}

  void run(const void* const* inputs, void* const* outputs, void*) override {
    if (count_ == 0) return;
    launch(stream(), {blocksFor(count_)}, keepTriangle, count_, rows_, columns_, upper_, diagonal_,
           static_cast<const float*>(inputs[0]), static_cast<float*>(outputs[0]));
  }

 private:
  int64_t count_, rows_, columns_;
  bool upper_;
  int64_t diagonal_;
};

}  // namespace

void addMatrices(KernelTable& table) {
  table["orthonormalRows"] = {makeKernel<OrthonormalRowsKernel>};
  table["triangle"] = {makeKernel<TriangleKernel>};
}

}  // namespace nodegrad::cuda
