#include "core/window.h"
#include "cpu/kernel_table.h"
#include "cpu/memory/onednn.h"

namespace nodegrad {

namespace {

using onednn::Desc;

struct MaxPool {
  explicit MaxPool(const KernelSpec& spec) {
    const ImageAxes axes = imageAxes(spec.op, spec.attrs, spec.inputs[0].shape.size());
    const Window window = poolWindow(spec.op, spec.attrs, axes.spatialOf(spec.inputs[0].shape));
    const auto image = [&](const TensorType& type) {
      Dims dims{type.shape[static_cast<size_t>(axes.n)], type.shape[static_cast<size_t>(axes.c)]};
      for (int64_t side : axes.spatialOf(type.shape)) dims.push_back(side);
      return Desc(dims, onednn::dataType(type.dtype), onednn::channelsLastTag(axes.rank()));
    };
    x = image(spec.inputs[0]);
    y = image(spec.outputs[0]);
    Dims kernel, strides, before, after;
    for (int axis = 0; axis < window.spatial; ++axis) {
      kernel.push_back(window.kernel[axis]);
      strides.push_back(window.strides[axis]);
      before.push_back(window.pads[2 * axis]);
      after.push_back(window.pads[2 * axis + 1]);
    }
    dnnl::primitive_attr attr;
    attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    pd = dnnl::pooling_forward::primitive_desc(onednn::engine(), dnnl::prop_kind::forward_inference,
                                               dnnl::algorithm::pooling_max, x, y, strides, kernel,
                                               Dims(kernel.size(), 0), before, after, attr, true);
  }

  Desc x, y;
  dnnl::primitive_desc pd;
};

bool supports(const KernelSpec& spec) {
  return count(spec.outputs[0].shape) > 0 && spec.attrs.text("dataFormat") == "channelsLast" &&
         MaxPool(spec).pd;
}

std::unique_ptr<Kernel> make(const KernelSpec& spec) {
  const MaxPool pool(spec);
  if (!pool.pd) onednn::raise(spec.op, dnnl_unimplemented);
  auto kernel = std::make_unique<onednn::PrimitiveKernel>(spec.op, pool.pd);
  kernel->bindInput(DNNL_ARG_SRC, 0, pool.x);
  kernel->bindOutput(DNNL_ARG_DST, 0, pool.y);
  return kernel;
}

}  // namespace

const KernelFamily family([](KernelTable& table) {
  table["quantizedMaxPool"] = {.make = make, .supports = supports};
});

}  // namespace nodegrad
