#include <cstring>

#include "core/align.h"
#include "core/buffer.h"
#include "cpu/conv/winograd/filters.h"
#include "cpu/kernel_table.h"
#include "cpu/memory/onednn.h"
#include "cpu/move/filter_pairs.h"
#include "cpu/quantized/products.h"

namespace nodegrad {

namespace onednn {

namespace {

class CopyKernel : public Kernel {
 public:
  explicit CopyKernel(size_t bytes) : bytes_(bytes) {}
  void run(const void* const* inputs, void* const* outputs, void*) override {
    // An empty tensor may have no memory at all.
    if (bytes_) std::memcpy(outputs[0], inputs[0], bytes_);
  }
  std::string implementation() const override { return "copy"; }

 private:
  size_t bytes_;
};

// Two reorders by way of row-major memory of `middle`.
class TwoStepKernel : public Kernel {
 public:
  TwoStepKernel(const TensorType& source, const LayoutPtr& from, const TensorType& middle,
                const TensorType& target, const LayoutPtr& to)
      : first_(reorderKernel(source, from, middle, nullptr)),
        second_(reorderKernel(middle, nullptr, target, to)),
        bytes_(wholeLines(bytesOf(middle))) {}
  void run(const void* const* inputs, void* const* outputs, void* scratch) override {
    void* rest = static_cast<std::byte*>(scratch) + bytes_;
    first_->run(inputs, &scratch, rest);
    second_->run(&scratch, outputs, rest);
  }
  size_t scratchBytes() const override {
    return bytes_ + std::max(first_->scratchBytes(), second_->scratchBytes());
  }
  std::string implementation() const override { return second_->implementation(); }

 private:
  std::unique_ptr<Kernel> first_, second_;
  size_t bytes_;
};

// The two descriptors of a copy, or nothing where no view suits both.
std::optional<std::pair<Desc, Desc>> reorderDescs(const TensorType& source, const LayoutPtr& from,
                                                  const TensorType& target, const LayoutPtr& to) {
  const Geometry given = geometry(source, from), wanted = geometry(target, to);
  if (sameGeometry(given, wanted)) {  // only the dtype differs
    const Dims all{given.elements};
    return std::pair(rowMajorDesc(source.dtype, all), rowMajorDesc(target.dtype, all));
  }
  const Dims view = from ? given.shape : wanted.shape;
  const auto first = descOf(source, from, view), second = descOf(target, to, view);
  if (first && second) return std::pair(*first, *second);
  if (from && to) return std::nullopt;
  const Geometry geometry = withoutBlocks(from ? given : wanted);
  const auto split = [&](DType dtype) { return Desc(geometry.shape, dataType(dtype), geometry.strides); };
  return from ? std::pair(split(source.dtype), rowMajorDesc(target.dtype, geometry.shape))
              : std::pair(rowMajorDesc(source.dtype, geometry.shape), split(target.dtype));
}

}  // namespace

std::unique_ptr<Kernel> reorderKernel(const TensorType& source, const LayoutPtr& from,
                                      const TensorType& target, const LayoutPtr& to) {
  if (source.dtype == target.dtype && sameLayout(from, to))
    return std::make_unique<CopyKernel>(from ? from->bytes() : bytesOf(source));
  if (count(source.shape) == 0) return std::make_unique<CopyKernel>(0);
  if (winograd::isFilterLayout(from))
    fail(ErrorCode::Internal, "[reorder] expected a layout that keeps the numbers, received ", from->name());
  if (winograd::isFilterLayout(to)) {  // which is made of row-major float32
    const TensorType plain{DType::F32, source.shape};
    if (from || source.dtype != plain.dtype)
      return std::make_unique<TwoStepKernel>(source, from, plain, target, to);
    return winograd::makeFilterTransform(source.shape, to);
  }
  if (quantized::isWeightsLayout(to)) return quantized::makeWeightsReorder(to);
  if (auto kernel = makeFilterPairs(source, from, target, to)) return kernel;
  const auto descs = reorderDescs(source, from, target, to);
  // The views of the two layouts have nothing in common.
  if (!descs) return std::make_unique<TwoStepKernel>(source, from, source, target, to);
  dnnl::primitive_attr attr;
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  const dnnl::reorder::primitive_desc pd(engine(), descs->first, engine(), descs->second, attr);
  auto kernel = std::make_unique<PrimitiveKernel>("reorder", pd);
  kernel->bindInput(DNNL_ARG_FROM, 0, descs->first);
  kernel->bindOutput(DNNL_ARG_TO, 0, descs->second);
  return kernel;
}

}  // namespace onednn

namespace {

std::unique_ptr<Kernel> makeReorder(const KernelSpec& spec) {
  return onednn::reorderKernel(spec.inputs[0], spec.inputLayouts[0], spec.outputs[0], spec.outputLayouts[0]);
}

// A conversion to another dtype leaves everything where it was.
LayoutChoice reorderLayouts(const KernelSpec& spec, const std::vector<bool>&) {
  const DType dtype = spec.outputs[0].dtype;
  if (dtype == spec.inputs[0].dtype) return {spec.inputLayouts, spec.outputLayouts};
  return {spec.inputLayouts, {withDtype(spec.inputLayouts[0], dtype)}};
}

}  // namespace

const KernelFamily family([](KernelTable& table) {
  table["reorder"] = {.make = makeReorder, .layouts = reorderLayouts};
});

}  // namespace nodegrad
