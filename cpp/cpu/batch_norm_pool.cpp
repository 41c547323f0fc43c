#include <cmath>

#include "core/parallel.h"
#include "cpu/images.h"
#include "cpu/kernel_table.h"
#include "cpu/norm_view.h"

// Batch normalization, ReLU and max-pooling in one: the image is read once forwards, and only what is pooled
// is written.
namespace nodegrad {
namespace {

constexpr int64_t kLeastThreadElements = 1 << 14;

// x is the image; the pooled tensors lie as it does.
class NormPoolKernel : public Kernel {
 public:
  NormPoolKernel(const KernelSpec& spec, size_t x, const TensorType& indices)
      : isa_(isaKernels()),
        threads_(teamThreads()),
        epsilon_(spec.attrs.number("epsilon")),
        relu_(spec.attrs.text("activation") == "relu"),
        axes_(imageAxes(spec.op, spec.attrs)),
        blocks_(blocksOfImage(spec, x)),
        images_(Images::of(spec.inputs[x].shape, axes_, blocks_)),
        geometry_(
            images_,
            poolWindow(spec.op, spec.attrs, spec.inputs[x].shape[axes_.h], spec.inputs[x].shape[axes_.w]),
            indices.dtype == DType::U8),
        view_(*NormView::of(spec.inputs[x], spec.inputLayouts[x], axes_.c)) {}

  std::string implementation() const override { return std::string("own:") + isa_.name; }

 protected:
  int64_t inRow() const { return images_.width * images_.channels; }
  int64_t outRow() const { return geometry_.shape().outWidth * images_.channels; }
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

  const IsaKernels& isa_;
  int threads_;
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

// Inputs x, gamma, beta, mean, variance; outputs the pooled y, its places in the windows, and its x.
class NormMaxPool : public NormPoolKernel {
 public:
  explicit NormMaxPool(const KernelSpec& spec) : NormPoolKernel(spec, 0, spec.outputs[1]) {}

  size_t scratchBytes() const override { return NormColumnArrays::bytes(view_); }

  void run(void* const* inputs, void* const* outputs, void* scratch) override {
    const auto in = [&](size_t i) { return static_cast<const float*>(inputs[i]); };
    const auto out = [&](size_t i) { return static_cast<float*>(outputs[i]); };
    NormColumnArrays arrays(view_, scratch);
    arrays.normalization(in(1), in(2), in(3), in(4), epsilon_);
    const int64_t height = geometry_.outHeight();
    forRows(height, [&](int64_t image, int64_t row) {
      const int64_t at = (image * height + row) * outRow();
      isa_.norm->maxPool(geometry_.shape(), arrays.columns(groupOf(image)),
                         in(0) + image * images_.height * inRow(), relu_, out(0) + at,
                         static_cast<char*>(outputs[1]) + at * indexBytes(), out(2) + at, row);
    });
  }
};

// Inputs dy, x, gamma, mean, variance, beta, the places and the x of the forward pass; outputs dx, dgamma,
// dbeta. Only what was pooled has a gradient, so the sums go over the pooled tensors.
class NormMaxPoolBackward : public NormPoolKernel {
 public:
  explicit NormMaxPoolBackward(const KernelSpec& spec)
      : NormPoolKernel(spec, 1, spec.inputs[6]),
        pooled_(*NormView::of(spec.inputs[0], spec.inputLayouts[0], axes_.c)),
        sums_(pooled_, threads_) {}

  size_t scratchBytes() const override { return sums_.bytes() + NormColumnArrays::bytes(view_); }

  void run(void* const* inputs, void* const* outputs, void* scratch) override {
    const auto in = [&](size_t i) { return static_cast<const float*>(inputs[i]); };
    const auto out = [&](size_t i) { return static_cast<float*>(outputs[i]); };
    NormColumnArrays arrays(view_, static_cast<char*>(scratch) + sums_.bytes());
    arrays.normalization(in(2), in(5), in(3), in(4), epsilon_);
    sums_.run(*isa_.norm, {in(0), in(7), nullptr, {}, relu_}, arrays, nullptr, scratch);
    sums_.write(in(4), epsilon_, out(1), out(2));
    arrays.gradient(sums_.sum(), sums_.product(), in(4), epsilon_);
    auto* places = static_cast<const char*>(inputs[6]);
    forRows(images_.height, [&](int64_t image, int64_t row) {
      const int64_t group = groupOf(image), at = (image * images_.height + row) * inRow();
      const int64_t pooled = image * geometry_.outHeight() * outRow();
      isa_.norm->maxPoolGradient(
          geometry_.shape(), {in(0) + pooled, in(1) + at, nullptr, arrays.columns(group), relu_},
          places + pooled * indexBytes(), arrays.offset(group), arrays.slope(group), out(0) + at, row);
    });
  }

 private:
  NormView pooled_;
  NormSums sums_;
};

// Everything lies as the image does, which had best be as its maker left it.
LayoutChoice normPoolLayouts(const KernelSpec& spec, const std::vector<bool>&) {
  const ImageAxes axes = imageAxes(spec.op, spec.attrs);
  const size_t x = spec.op == "batchNormMaxPool" ? 0 : 1;
  const Blocks blocks = blocksOf(spec.inputs[x], spec.inputLayouts[x], axes);
  const auto lay = [&](const TensorType& type) {
    return type.shape.size() == 4 ? blockedLayout(type, axes, blocks) : nullptr;
  };
  LayoutChoice choice;
  for (const TensorType& type : spec.inputs) choice.inputs.push_back(lay(type));
  for (const TensorType& type : spec.outputs) choice.outputs.push_back(lay(type));
  return choice;
}

// A row of x is read for the same row of dx alone.
bool overImage(const KernelSpec& spec, size_t output, size_t input) {
  return output == 0 && input == 1 && spec.inputs[1] == spec.outputs[0];
}

template <class K>
std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  return std::make_unique<K>(spec);
}

}  // namespace

void registerBatchNormPoolKernels(KernelTable& table) {
  table["batchNormMaxPool"] = {make<NormMaxPool>, normPoolLayouts};
  table["batchNormMaxPoolBackward"] = {make<NormMaxPoolBackward>, normPoolLayouts, overImage};
}

}  // namespace nodegrad
