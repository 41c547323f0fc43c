#include <algorithm>
#include <array>
#include <bit>
#include <cmath>

#include "cpu/kernel_table.h"
#include "host/parallel.h"

// Compiled for one instruction set, without fused multiplication and addition: the pictures are the same on
// all machines.
namespace nodegrad {
namespace {

constexpr int64_t kLeastThreadElements = 1 << 12;
// Pixels whose places are computed together.
constexpr int64_t kRun = 64;

enum class Fill { Constant, Nearest, Wrap, Mirror, Reflect };

Fill fillOf(const std::string& mode) {
  if (mode == "nearest") return Fill::Nearest;
  if (mode == "wrap") return Fill::Wrap;
  if (mode == "mirror") return Fill::Mirror;
  return mode == "reflect" ? Fill::Reflect : Fill::Constant;
}

float modulo(float x, float m) { return x - std::floor(x / m) * m; }

float mirrored(float index, float size) {
  return size == 1 ? index * 0 : std::fabs(modulo(index + (size - 1), 2 * size - 2) - (size - 1));
}

// The place along an axis that a whole number stands for; NaN stands for any.
int64_t placeOf(float index, float size, Fill fill) {
  float inside = index;
  if (fill == Fill::Wrap) inside = modulo(index, size);
  if (fill == Fill::Mirror) inside = mirrored(index, size);
  if (fill == Fill::Reflect) inside = std::floor((mirrored(index * 2 + 1, 2 * size + 1) - 1) * 0.5f);
  const float clipped = std::min(std::max(inside, 0.0f), size - 1);
  return std::isnan(inside) ? 0 : static_cast<int64_t>(clipped);
}

class WarpKernel : public Kernel {
 public:
  explicit WarpKernel(const KernelSpec& spec)
      : n_(spec.inputs[0].shape[0]),
        h_(spec.inputs[0].shape[1]),
        w_(spec.inputs[0].shape[2]),
        c_(spec.inputs[0].shape[3]),
        isShared_(spec.inputs[1].shape[0] == 1),
        isNearest_(spec.attrs.boolean("nearest")),
        fill_(fillOf(spec.attrs.text("fillMode"))),
        value_(numberOf(spec)),
        threads_(teamThreads()) {}

  std::string implementation() const override { return "own"; }

  void run(const void* const* inputs, void* const* outputs, void*) override {
    const auto* x = static_cast<const float*>(inputs[0]);
    const auto* transforms = static_cast<const float*>(inputs[1]);
    auto* y = static_cast<float*>(outputs[0]);
    const int64_t row = w_ * c_;
    parallelFor(threads_, n_ * h_, kLeastThreadElements / std::max<int64_t>(row, 1),
                [&](int64_t begin, int64_t end, int) {
                  for (int64_t i = begin; i < end; ++i) {
                    const int64_t image = i / h_;
                    const float* t = transforms + (isShared_ ? 0 : image * 8);
                    const float* from = x + image * h_ * row;
                    if (c_ == 3)
                      rowOf<3>(t, from, static_cast<float>(i % h_), y + i * row);
                    else if (c_ == 1)
                      rowOf<1>(t, from, static_cast<float>(i % h_), y + i * row);
                    else
                      rowOf<0>(t, from, static_cast<float>(i % h_), y + i * row);
                  }
                });
  }

 private:
  // The number beyond the border, as its bits are in memory: whole numbers are only copied.
  static float numberOf(const KernelSpec& spec) {
    const double value = spec.attrs.number("fillValue");
    if (spec.inputs[0].dtype == DType::F32) return static_cast<float>(value);
    return std::bit_cast<float>(static_cast<int32_t>(value));
  }

  // A row of the result. channels: how many there are; 0: any number.
  template <int channels>
  void rowOf(const float* t, const float* from, float row, float* to) const {
    const int64_t c = channels == 0 ? c_ : channels;
    std::array<float, kRun> columns, rows;
    for (int64_t start = 0; start < w_; start += kRun) {
      const int64_t length = std::min(kRun, w_ - start);
      places(t, static_cast<float>(start), row, columns.data(), rows.data());
      for (int64_t i = 0; i < length; ++i, to += c) {
        if (isNearest_)
          nearest<channels>(from, columns[static_cast<size_t>(i)], rows[static_cast<size_t>(i)], to);
        else
          between<channels>(from, columns[static_cast<size_t>(i)], rows[static_cast<size_t>(i)], to);
      }
    }
  }

  // Where the pixels of a row from a column on are read.
  static void places(const float* t, float start, float row, float* columns, float* rows) {
    const bool isAffine = t[6] == 0 && t[7] == 0;
    for (int64_t i = 0; i < kRun; ++i) {
      const float column = start + static_cast<float>(i);
      columns[i] = (t[0] * column + t[1] * row) + t[2];
      rows[i] = (t[3] * column + t[4] * row) + t[5];
    }
    if (isAffine) return;
    for (int64_t i = 0; i < kRun; ++i) {
      const float scale = (t[6] * (start + static_cast<float>(i)) + t[7] * row) + 1;
      columns[i] /= scale;
      rows[i] /= scale;
    }
  }

  bool isInside(float index, int64_t size) const { return index >= 0 && index < static_cast<float>(size); }

  template <int channels>
  void nearest(const float* from, float column, float row, float* to) const {
    const int64_t c = channels == 0 ? c_ : channels;
    const float j = std::nearbyint(column), i = std::nearbyint(row);
    const bool there = fill_ != Fill::Constant || (isInside(j, w_) && isInside(i, h_));
    if (!there) {
      std::fill(to, to + c, value_);
      return;
    }
    const float* pixel = from + (place(i, h_) * w_ + place(j, w_)) * c;
    for (int64_t k = 0; k < c; ++k) to[k] = pixel[k];
  }

  int64_t place(float index, int64_t size) const {
    return isInside(index, size) ? static_cast<int64_t>(index)
                                 : placeOf(index, static_cast<float>(size), fill_);
  }

  template <int channels>
  void between(const float* from, float column, float row, float* to) const {
    const int64_t c = channels == 0 ? c_ : channels;
    const float left = std::floor(column), top = std::floor(row);
    const float share = column - left, below = row - top;
    const float weights[4] = {(1 - below) * (1 - share), (1 - below) * share, below * (1 - share),
                              below * share};
    if (left >= 0 && top >= 0 && left < static_cast<float>(w_ - 1) && top < static_cast<float>(h_ - 1)) {
      const float* a = from + (static_cast<int64_t>(top) * w_ + static_cast<int64_t>(left)) * c;
      const float* b = a + w_ * c;
      for (int64_t k = 0; k < c; ++k)
        to[k] = ((a[k] * weights[0] + a[k + c] * weights[1]) + b[k] * weights[2]) + b[k + c] * weights[3];
      return;
    }
    for (int64_t k = 0; k < c; ++k) to[k] = 0;
    for (int corner = 0; corner < 4; ++corner) {
      const float j = left + static_cast<float>(corner % 2), i = top + static_cast<float>(corner / 2);
      const bool there = fill_ != Fill::Constant || (isInside(j, w_) && isInside(i, h_));
      const float* pixel = from + (place(i, h_) * w_ + place(j, w_)) * c;
      for (int64_t k = 0; k < c; ++k) to[k] += (there ? pixel[k] : value_) * weights[corner];
    }
  }

  int64_t n_, h_, w_, c_;
  bool isShared_, isNearest_;
  Fill fill_;
  float value_;
  int threads_;
};

std::unique_ptr<Kernel> makeWarp(const KernelSpec& spec) { return std::make_unique<WarpKernel>(spec); }

}  // namespace

const KernelFamily family([](KernelTable& table) { table["warp"] = {.make = makeWarp}; });

}  // namespace nodegrad
