#include <cstring>

#include "core/buffer.h"
#include "cpu/kernel_table.h"
#include "cpu/onednn.h"
#include "cpu/winograd_filters.h"

namespace nodegrad {

namespace onednn {

namespace {

class CopyKernel : public Kernel {
 public:
  explicit CopyKernel(size_t bytes) : bytes_(bytes) {}
  void run(void* const* inputs, void* const* outputs, void*) override {
    // An empty tensor may have no memory at all.
    if (bytes_) std::memcpy(outputs[0], inputs[0], bytes_);
  }
  std::string implementation() const override { return "copy"; }

 private:
  size_t bytes_;
};

// Two reorders by way of row-major memory, for layouts over views that have nothing else in common.
class TwoStepKernel : public Kernel {
 public:
  TwoStepKernel(const TensorType& type, const LayoutPtr& from, const LayoutPtr& to)
      : first_(reorderKernel(type, from, nullptr)),
        second_(reorderKernel(type, nullptr, to)),
        bytes_(bytesOf(type)) {}
  void run(void* const* inputs, void* const* outputs, void* scratch) override {
    void* rest = static_cast<std::byte*>(scratch) + rounded();
    first_->run(inputs, &scratch, rest);
    second_->run(&scratch, outputs, rest);
  }
  size_t scratchBytes() const override {
    return rounded() + std::max(first_->scratchBytes(), second_->scratchBytes());
  }
  std::string implementation() const override { return second_->implementation(); }

 private:
  size_t rounded() const { return (bytes_ + 63) / 64 * 64; }
  std::unique_ptr<Kernel> first_, second_;
  size_t bytes_;
};

// The two descriptors of a copy, or nothing where no view suits both.
std::optional<std::pair<Desc, Desc>> reorderDescs(const TensorType& type, const LayoutPtr& from,
                                                  const LayoutPtr& to) {
  const Dims view = geometry(type, from ? from : to).shape;
  const auto source = descOf(type, from, view), target = descOf(type, to, view);
  if (source && target) return std::pair(*source, *target);
  if (from && to) return std::nullopt;
  const Geometry geometry = withoutBlocks(nodegrad::geometry(type, from ? from : to));
  const Desc split(geometry.shape, dataType(type.dtype), geometry.strides);
  const Desc plain = rowMajorDesc(type.dtype, split.get_dims());
  return from ? std::pair(split, plain) : std::pair(plain, split);
}

}  // namespace

std::unique_ptr<Kernel> reorderKernel(const TensorType& type, const LayoutPtr& from, const LayoutPtr& to) {
  if (sameLayout(from, to)) return std::make_unique<CopyKernel>(from ? from->bytes() : bytesOf(type));
  if (winograd::isFilterLayout(to)) return winograd::makeFilterTransform(type.shape);
  const auto descs = reorderDescs(type, from, to);
  if (!descs) return std::make_unique<TwoStepKernel>(type, from, to);
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
  return onednn::reorderKernel(spec.inputs[0], spec.inputLayouts[0], spec.outputLayouts[0]);
}

LayoutChoice followReorder(const KernelSpec& spec, const std::vector<bool>&) {
  return {spec.inputLayouts, spec.outputLayouts};
}

}  // namespace

void registerReorderKernels(KernelTable& table) { table["reorder"] = {makeReorder, followReorder, nullptr}; }

}  // namespace nodegrad
