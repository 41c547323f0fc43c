#include <cmath>

#include "cpu/kernel_table.h"
#include "cpu/norm/kernels.h"
#include "cpu/norm/norm_view.h"
#include "cpu/own_kernel.h"
#include "cpu/pool/images.h"
#include "cpu/pool/kernels.h"
#include "spec/composition.h"
#include "spec/norm.h"

// Batch normalization, ReLU and max-pooling in one: the image is read once forwards, and only what is pooled
// is written.
namespace nodegrad {
namespace {

constexpr int64_t kLeastThreadElements = 1 << 14;

// x is the image. The pooled tensors have its layout and, as it, numbers of type T.
template <class T>
class NormPoolKernel : public OwnKernel {
 public:
  NormPoolKernel(const KernelSpec& spec, size_t x, const TensorType& indices)
      : kernels_(kernelsFor<T>(isa_.norm)),
        epsilon_(spec.attrs.number("epsilon")),
        relu_(spec.attrs.text("activation") == "relu"),
        axes_(imageAxes(spec.op, spec.attrs, spec.inputs[x].shape.size())),
        blocks_(blocksOfImage(spec, x)),
        images_(Images::of(spec.inputs[x].shape, axes_, blocks_)),
        geometry_(images_, poolWindow(spec.op, spec.attrs, axes_.spatialOf(spec.inputs[x].shape)),
                  indices.dtype == DType::U8),
        view_(*NormView::of(spec.inputs[x], spec.inputLayouts[x], axes_.c)) {}

 protected:
  int64_t inRow() const { return images_.width * images_.channels; }
  int64_t outRow() const { return geometry_.shape().width.out * images_.channels; }
  int64_t indexBytes() const { return geometry_.shape().byteIndices ? 1 : 4; }
  // The group of channels that an image holds; all of them for channels last.
  int64_t groupOf(int64_t image) const { return image % view_.groups; }

  // Calls body(image, row) for all rows of height each, in parallel.
  template <class Body>
  void forRows(int64_t height, const Body& body) const {
    parallelFor(threads_, images_.count * height, kLeastThreadElements / (inRow() + 1) + 1,
                [&](int64_t begin, int64_t end, int) {
                  for (int64_t item = begin; item < end; ++item) body(item / height, item % height);
                });
  }

  const NormKernels<T>& kernels_;
  std::string name_;
  double epsilon_;
  bool relu_;
  ImageAxes axes_;
  Blocks blocks_;
  Images images_;
  PoolGeometry geometry_;
  NormView view_;

 private:
  Blocks blocksOfImage(const KernelSpec& spec, size_t x) const {
    const Blocks blocks = blocksOf(spec.inputs[x], spec.inputLayouts[x], axes_);
    if (spec.inputLayouts[x] && blocks.of == Blocks::Nothing)
      fail(ErrorCode::Device, "[", spec.op, "] cannot run in this layout");
    return blocks;
  }
};

template <class T>
class NormMaxPool : public NormPoolKernel<T> {
  using F = spec::NormForward;

 public:
  explicit NormMaxPool(const KernelSpec& spec) : NormPoolKernel<T>(spec, 0, spec.outputs[1]) {}

  size_t scratchBytes() const override { return NormColumnArrays::bytes(this->view_); }

  void run(const void* const* inputs, void* const* outputs, void* scratch) override {
    const auto vector = [&](size_t i) { return static_cast<const float*>(inputs[i]); };
    auto* x = static_cast<const T*>(inputs[F::x]);
    auto *y = static_cast<T*>(outputs[0]), *largest = static_cast<T*>(outputs[2]);
    NormColumnArrays arrays(this->view_, scratch);
    arrays.normalization(vector(F::gamma), vector(F::beta), vector(F::mean), vector(F::variance),
                         this->epsilon_);
    const int64_t height = this->geometry_.outRows(), image = this->images_.height * this->inRow();
    this->forRows(height, [&](int64_t i, int64_t row) {
      const int64_t at = (i * height + row) * this->outRow();
      this->kernels_.maxPool(this->geometry_.shape(), arrays.columns(this->groupOf(i)), x + i * image,
                             this->relu_, y + at, static_cast<char*>(outputs[1]) + at * this->indexBytes(),
                             largest + at, row);
    });
  }
};

// Only what was pooled has a gradient, so the sums go over the pooled tensors.
template <class T>
class NormMaxPoolBackward : public NormPoolKernel<T> {
  using B = spec::NormMaxPoolBackward;

 public:
  explicit NormMaxPoolBackward(const KernelSpec& spec)
      : NormPoolKernel<T>(spec, B::x, spec.inputs[B::argmax]),
        pooled_(*NormView::of(spec.inputs[B::dy], spec.inputLayouts[B::dy], this->axes_.c)),
        sums_(pooled_, this->threads_) {}

  size_t scratchBytes() const override { return sums_.bytes() + NormColumnArrays::bytes(this->view_); }

  void run(const void* const* inputs, void* const* outputs, void* scratch) override {
    const auto vector = [&](size_t i) { return static_cast<const float*>(inputs[i]); };
    const auto image = [&](size_t i) { return static_cast<const T*>(inputs[i]); };
    auto* dx = static_cast<T*>(outputs[0]);
    const double epsilon = this->epsilon_;
    NormColumnArrays arrays(this->view_, static_cast<char*>(scratch) + sums_.bytes());
    arrays.normalization(vector(B::gamma), vector(B::beta), vector(B::mean), vector(B::variance), epsilon);
    const NormGradient<T> pooled{image(B::dy), image(B::pooledX), nullptr, {}, this->relu_};
    sums_.template run<T>(this->kernels_, pooled, arrays, nullptr, scratch);
    sums_.write(vector(B::variance), epsilon, static_cast<float*>(outputs[1]),
                static_cast<float*>(outputs[2]));
    arrays.gradient(sums_.sum(), sums_.product(), vector(B::variance), epsilon);
    auto* argmax = static_cast<const char*>(inputs[B::argmax]);
    const int64_t height = this->images_.height, outHeight = this->geometry_.outRows();
    this->forRows(height, [&](int64_t i, int64_t row) {
      const int64_t group = this->groupOf(i), at = (i * height + row) * this->inRow();
      const int64_t first = i * outHeight * this->outRow();
      this->kernels_.maxPoolGradient(
          this->geometry_.shape(),
          {image(B::dy) + first, image(B::x) + at, nullptr, arrays.columns(group), this->relu_},
          argmax + first * this->indexBytes(), arrays.offset(group), arrays.slope(group), dx + at, row);
    });
  }

 private:
  NormView pooled_;
  NormSums sums_;
};

// Everything has the layout of the image, which is best left as the kernel before chose it.
LayoutChoice normPoolLayouts(const KernelSpec& spec, const std::vector<bool>&) {
  const size_t x = spec.op == "batchNormMaxPool" ? 0 : 1;
  const ImageAxes axes = imageAxes(spec.op, spec.attrs, spec.inputs[x].shape.size());
  const Blocks blocks = blocksOf(spec.inputs[x], spec.inputLayouts[x], axes);
  const auto lay = [&](const TensorType& type) {
    return type.shape.size() == 4 ? blockedLayout(type, axes, blocks) : nullptr;
  };
  LayoutChoice choice;
  for (const TensorType& type : spec.inputs) choice.inputs.push_back(lay(type));
  for (const TensorType& type : spec.outputs) choice.outputs.push_back(lay(type));
  return choice;
}

// Not over volumes.
bool normPoolSupports(const KernelSpec& spec) {
  return spec.inputs[0].shape.size() == 4 && spec.outputs.size() == spec::countOutputs(spec);
}

// A row of x is read for the same row of dx alone.
bool overImage(const KernelSpec& spec, size_t output, size_t input) {
  return output == 0 && input == 1 && spec.inputs[1] == spec.outputs[0];
}

}  // namespace

const KernelFamily family([](KernelTable& table) {
  table["batchNormMaxPool"] = {.make = makeKernelFor<NormMaxPool, 0>,
                               .layouts = normPoolLayouts,
                               .supports = normPoolSupports,
                               .precisions = normPrecisions,
                               .windows = true};
  table["batchNormMaxPoolBackward"] = {.make = makeKernelFor<NormMaxPoolBackward, 1>,
                                       .layouts = normPoolLayouts,
                                       .inPlace = overImage,
                                       .supports = normPoolSupports,
                                       .precisions = normPrecisions,
                                       .windows = true};
});

}  // namespace nodegrad
