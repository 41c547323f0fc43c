#include <algorithm>
#include <bit>
#include <cstddef>
#include <vector>

#include "core/align.h"
#include "cpu/kernel_table.h"
#include "cpu/move/kernels.h"
#include "cpu/own_kernel.h"

namespace nodegrad {
namespace {

constexpr int64_t kLeastThreadElements = 1 << 12;

WarpFill fillModeOf(const std::string& mode) {
  if (mode == "nearest") return WarpFill::Nearest;
  if (mode == "wrap") return WarpFill::Wrap;
  if (mode == "mirror") return WarpFill::Mirror;
  return mode == "reflect" ? WarpFill::Reflect : WarpFill::Constant;
}

class WarpKernel : public OwnKernel {
 public:
  explicit WarpKernel(const KernelSpec& spec)
      : n_(spec.inputs[0].shape[0]),
        isShared_(spec.inputs[1].shape[0] == 1),
        image_{.pixels = nullptr,
               .height = spec.inputs[0].shape[1],
               .width = spec.inputs[0].shape[2],
               .channels = spec.inputs[0].shape[3],
               .isNearest = spec.attrs.boolean("nearest"),
               .isLast = false,
               .fillMode = fillModeOf(spec.attrs.text("fillMode")),
               .fill = nullptr,
               .line = nullptr},
        fill_(static_cast<size_t>(std::max<int64_t>(image_.channels, 4)), numberOf(spec)) {}

  size_t scratchBytes() const override { return static_cast<size_t>(threads_) * lineBytes(); }

  void run(const void* const* inputs, void* const* outputs, void* scratch) override {
    const auto* x = static_cast<const float*>(inputs[0]);
    const auto* transforms = static_cast<const float*>(inputs[1]);
    auto* y = static_cast<float*>(outputs[0]);
    const int64_t h = image_.height, row = image_.width * image_.channels;
    parallelFor(threads_, n_ * h, kLeastThreadElements / std::max<int64_t>(row, 1),
                [&](int64_t begin, int64_t end, int part) {
                  WarpImage image = image_;
                  image.fill = fill_.data();
                  image.line = reinterpret_cast<float*>(static_cast<std::byte*>(scratch) +
                                                        static_cast<size_t>(part) * lineBytes());
                  for (int64_t i = begin; i < end; ++i) {
                    const int64_t number = i / h;
                    image.pixels = x + number * h * row;
                    image.isLast = number == n_ - 1;
                    isa_.warp->row(image, transforms + (isShared_ ? 0 : number * 8), i % h, y + i * row);
                  }
                });
  }

 private:
  size_t lineBytes() const {
    return wholeLines(static_cast<size_t>(image_.width * image_.channels + 4) * sizeof(float));
  }

  // The number beyond the border, as its bits are in memory: whole numbers are only copied.
  static float numberOf(const KernelSpec& spec) {
    const double value = spec.attrs.number("fillValue");
    if (spec.inputs[0].dtype == DType::F32) return static_cast<float>(value);
    return std::bit_cast<float>(static_cast<int32_t>(value));
  }

  int64_t n_;
  bool isShared_;
  WarpImage image_;
  std::vector<float> fill_;
};

}  // namespace

const KernelFamily family([](KernelTable& table) { table["warp"] = {.make = makeKernel<WarpKernel>}; });

}  // namespace nodegrad
