#include "kernel_table.h"
#include "launch.h"

namespace nodegrad::cuda {

namespace {

// In float64, as on the CPU.
struct Complex {
  double real, imaginary;
};
__device__ inline Complex operator+(Complex a, Complex b) {
  return {a.real + b.real, a.imaginary + b.imaginary};
}
__device__ inline Complex operator-(Complex a, Complex b) {
  return {a.real - b.real, a.imaginary - b.imaginary};
}
__device__ inline Complex operator*(Complex a, Complex b) {
  return {a.real * b.real - a.imaginary * b.imaginary, a.real * b.imaginary + a.imaginary * b.real};
}
// e^(i pi turns).
__device__ inline Complex unit(double turns) {
  Complex result;
  sincospi(turns, &result.imaginary, &result.real);
  return result;
}

// Rows of n numbers, in memory of `length` each, a power of two: n itself or, for other lengths, what the
// convolution takes that a transform is (Bluestein, A linear filtering approach to the computation of
// discrete Fourier transform, 1970). Then the convolution's filter is a row after the last.
struct Rows {
  int64_t rows, n, length;

  __host__ __device__ bool chirped() const { return length != n; }
  __host__ __device__ int64_t all() const { return rows + (chirped() ? 1 : 0); }
  // Angles repeat after 2 n squares, so that no large number is rounded.
  __device__ Complex chirp(int64_t i) const {
    return unit(-static_cast<double>(i * i % (2 * n)) / static_cast<double>(n));
  }
};

__global__ void loadRows(Rows v, const float* real, const float* imaginary, Complex* to) {
  for (int64_t at = firstIndex<int64_t>(); at < v.all() * v.length; at += indexStep<int64_t>()) {
    const int64_t row = at / v.length, i = at % v.length;
    Complex x{0, 0};
    if (row == v.rows) {
      const int64_t distance = i < v.length - i ? i : v.length - i;
      if (distance < v.n) {
        x = v.chirp(distance);
        x.imaginary = -x.imaginary;
      }
    } else if (i < v.n) {
      x = {real[row * v.n + i], imaginary[row * v.n + i]};
      if (v.chirped()) x = x * v.chirp(i);
    }
    to[at] = x;
  }
}

// One of log2(length) passes of Stockham's algorithm, which leaves the results in order: from transforms of
// length/stride/2 numbers to those of length/stride.
__global__ void runPass(int64_t rows, int64_t length, int64_t stride, double sign, const Complex* from,
                        Complex* to) {
  const int64_t half = length / 2;
  for (int64_t i = firstIndex<int64_t>(); i < rows * half; i += indexStep<int64_t>()) {
    const int64_t base = i / half * length, own = i % half, p = own / stride, q = own % stride;
    const Complex a = from[base + own], b = from[base + own + half];
    const Complex w = unit(sign * 2 * static_cast<double>(p * stride) / static_cast<double>(length));
    to[base + q + stride * 2 * p] = a + b;
    to[base + q + stride * (2 * p + 1)] = (a - b) * w;
  }
}

__global__ void applyFilter(Rows v, Complex* x) {
  for (int64_t i = firstIndex<int64_t>(); i < v.rows * v.length; i += indexStep<int64_t>())
    x[i] = x[i] * x[v.rows * v.length + i % v.length];
}

__global__ void storeRows(Rows v, const Complex* from, float* real, float* imaginary) {
  for (int64_t at = firstIndex<int64_t>(); at < v.rows * v.n; at += indexStep<int64_t>()) {
    const int64_t i = at % v.n;
    Complex x = from[at / v.n * v.length + i];
    if (v.chirped()) {
      x = x * v.chirp(i);
      x = {x.real / static_cast<double>(v.length), x.imaginary / static_cast<double>(v.length)};
    }
    real[at] = static_cast<float>(x.real);
    imaginary[at] = static_cast<float>(x.imaginary);
  }
}

class FftKernel : public OwnKernel {
 public:
  FftKernel(const KernelSpec& spec, const QueuePtr& queue)
      : OwnKernel(queue), inverse_(spec.attrs.boolean("inverse")) {
    view_.n = spec.inputs[0].shape.back();
    view_.rows = count(spec.inputs[0].shape) / view_.n;
    view_.length = 1;
    while (view_.length < view_.n) view_.length *= 2;
    if (view_.length == view_.n) return;
    while (view_.length < 2 * view_.n - 1) view_.length *= 2;
  }

  size_t scratchBytes() const override {
    return static_cast<size_t>(2 * view_.all() * view_.length) * sizeof(Complex);
  }

  void run(const void* const* inputs, void* const* outputs, void* scratch) override {
    if (view_.rows == 0) return;
    // The inverse is the transform with the two parts swapped, before and after.
    const int real = inverse_ ? 1 : 0;
    const auto in = [&](int i) { return static_cast<const float*>(inputs[i]); };
    const auto out = [&](int i) { return static_cast<float*>(outputs[i]); };
    auto* x = static_cast<Complex*>(scratch);
    Complex* spare = x + view_.all() * view_.length;
    const unsigned blocks = blocksFor(view_.all() * view_.length);
    launch(stream(), {blocks}, loadRows, view_, in(real), in(1 - real), x);
    transform(view_.all(), -1, x, spare);
    if (view_.chirped()) {
      launch(stream(), {blocks}, applyFilter, view_, x);
      transform(view_.rows, 1, x, spare);
    }
    launch(stream(), {blocks}, storeRows, view_, static_cast<const Complex*>(x), out(real), out(1 - real));
  }

 private:
  // x and spare change places with each pass.
  void transform(int64_t rows, double sign, Complex*& x, Complex*& spare) const {
    for (int64_t stride = 1; stride < view_.length; stride *= 2) {
      launch(stream(), {blocksFor(rows * view_.length / 2)}, runPass, rows, view_.length, stride, sign,
             static_cast<const Complex*>(x), spare);
      std::swap(x, spare);
    }
  }

  bool inverse_;
  Rows view_{};
};

// Not without the imaginary part.
bool supports(const KernelSpec& spec) { return spec.outputs.size() == 2; }

}  // namespace

void addFft(KernelTable& table) { table["fft"] = {makeKernel<FftKernel>, nullptr, supports}; }

}  // namespace nodegrad::cuda
