#include <algorithm>

#include "cpu/kernel_table.h"
#include "cpu/own_kernel.h"
#include "cpu/pool/images.h"
#include "cpu/quantized/kernels.h"

namespace nodegrad {

namespace {

constexpr int64_t kLeastThreadBytes = 1 << 14;

class QuantizedMaxPool : public OwnKernel {
 public:
  explicit QuantizedMaxPool(const KernelSpec& spec)
      : isSigned_(spec.inputs[0].dtype == DType::S8),
        images_(imagesOf(spec)),
        geometry_(images_, windowOf(spec), true, true) {}

  void run(const void* const* inputs, void* const* outputs, void*) override {
    const auto* x = static_cast<const uint8_t*>(inputs[0]);
    auto* y = static_cast<uint8_t*>(outputs[0]);
    const PoolShape& shape = geometry_.shape();
    const int64_t inRow = images_.width * images_.channels, outRow = shape.width.out * images_.channels;
    const int64_t rows = geometry_.outRows();
    const int64_t grain = kLeastThreadBytes / std::max<int64_t>(1, inRow) + 1;
    parallelFor(threads_, images_.count * rows, grain, [&](int64_t begin, int64_t end, int) {
      std::vector<const uint8_t*> window;
      for (int64_t item = begin; item < end; ++item) {
        const uint8_t* image = x + item / rows * images_.depth * images_.height * inRow;
        const Span planes = shape.depth.inputs[item % rows / shape.height.out];
        const Span lines = shape.height.inputs[item % shape.height.out];
        window.clear();
        for (int64_t plane = planes.begin; plane < planes.end; ++plane)
          for (int64_t line = lines.begin; line < lines.end; ++line)
            window.push_back(image + (plane * images_.height + line) * inRow);
        isa_.quantize->maxima(window.data(), static_cast<int64_t>(window.size()), shape.width.inputs,
                              shape.width.out, images_.channels, isSigned_, y + item * outRow);
      }
    });
  }

 private:
  static Images imagesOf(const KernelSpec& spec) {
    const ImageAxes axes = imageAxes(spec.op, spec.attrs, spec.inputs[0].shape.size());
    return Images::of(spec.inputs[0].shape, axes, {});
  }
  static Window windowOf(const KernelSpec& spec) {
    const Dims& x = spec.inputs[0].shape;
    return poolWindow(spec.op, spec.attrs, imageAxes(spec.op, spec.attrs, x.size()).spatialOf(x));
  }

  const bool isSigned_;
  const Images images_;
  const PoolGeometry geometry_;
};

bool supports(const KernelSpec& spec) {
  return count(spec.outputs[0].shape) > 0 && spec.attrs.text("dataFormat") == "channelsLast";
}

}  // namespace

const KernelFamily family([](KernelTable& table) {
  table["quantizedMaxPool"] = {.make = makeKernel<QuantizedMaxPool>, .supports = supports, .windows = true};
});

}  // namespace nodegrad
