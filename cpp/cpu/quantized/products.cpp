#include "cpu/quantized/products.h"

#include "cpu/kernel_table.h"
#include "cpu/memory/onednn.h"
#include "cpu/memory/onednn_faults.h"
#include "spec/quantized.h"

namespace nodegrad::quantized {

namespace {

using onednn::Desc;
using onednn::Tag;

class WeightsLayout : public Layout {
 public:
  WeightsLayout(Desc plain, Desc packed) : plain_(std::move(plain)), packed_(std::move(packed)) {}
  size_t bytes() const override { return packed_.get_size(); }
  bool equals(const Layout& other) const override {
    const auto* layout = dynamic_cast<const WeightsLayout*>(&other);
    return layout && plain_ == layout->plain_ && packed_ == layout->packed_;
  }
  std::string name() const override { return "int8"; }
  bool keepsNumbers() const override { return false; }
  const Desc& plain() const { return plain_; }
  const Desc& packed() const { return packed_; }

 private:
  const Desc plain_, packed_;  // in oneDNN's order of the dimensions
};

// A quantised product in oneDNN's words.
class Product {
 public:
  explicit Product(const KernelSpec& spec) : product_(spec) {
    product_.isConv ? describeConv(spec) : describeMatmul();
  }

  // Whether oneDNN generates code for it.
  explicit operator bool() const { return pd_ && std::string(pd_.impl_info_str()).rfind("ref", 0) != 0; }

  LayoutPtr weights() const {
    return std::make_shared<WeightsLayout>(plainWeights_, pd_.query_md(dnnl::query::weights_md));
  }

  std::unique_ptr<Kernel> kernel(const KernelSpec& spec) const {
    const LayoutPtr& given = spec.inputLayouts[1];
    if (!*this || !given || !sameLayout(given, weights())) onednn::raise(spec.op, dnnl_unimplemented);
    auto kernel = std::make_unique<onednn::PrimitiveKernel>(spec.op, pd_);
    kernel->bindInput(DNNL_ARG_SRC, 0, x_);
    kernel->bindInput(DNNL_ARG_WEIGHTS, 1, pd_.query_md(dnnl::query::weights_md));
    kernel->bindInput(DNNL_ARG_ATTR_SCALES | DNNL_ARG_WEIGHTS, 2,
                      onednn::rowMajorDesc(DType::F32, spec.inputs[2].shape));
    if (product_.bias) kernel->bindInput(DNNL_ARG_BIAS, 3, bias_);
    kernel->bindOutput(DNNL_ARG_DST, 0, y_);
    if (scalesX())
      kernel->bindNumber(DNNL_ARG_ATTR_SCALES | DNNL_ARG_SRC, static_cast<float>(product_.scale));
    if (scalesY())
      kernel->bindNumber(DNNL_ARG_ATTR_SCALES | DNNL_ARG_DST, static_cast<float>(product_.outScale));
    return kernel;
  }

 private:
  bool scalesX() const { return product_.scale != 1; }
  bool scalesY() const { return product_.outScale != 0 && product_.outScale != 1; }

  // weightsMask: the bits of the dimensions of the weights that have a scale each.
  dnnl::primitive_attr attributes(int weightsMask) const {
    dnnl::primitive_attr attr;
    attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    if (scalesX()) attr.set_scales_mask(DNNL_ARG_SRC, 0);
    attr.set_scales_mask(DNNL_ARG_WEIGHTS, weightsMask);
    if (scalesY()) attr.set_scales_mask(DNNL_ARG_DST, 0);
    dnnl::post_ops ops;
    if (product_.relu) ops.append_eltwise(dnnl::algorithm::eltwise_relu, 0, 0);
    attr.set_post_ops(ops);
    return attr;
  }

  void describeConv(const KernelSpec& spec) {
    const spec::Convolution conv = spec::convolutionOf(spec);
    const auto spatial = static_cast<size_t>(conv.axes.spatial);
    const int64_t groups = conv.groups, filters = conv.w.shape.back();
    const bool grouped = groups > 1;
    // [groups,] filters, channels, spatial dimensions: where each is in [spatial dimensions, channels,
    // filters].
    Dims dims{filters / groups, conv.w.shape[spatial]}, strides{1, filters};
    int64_t stride = filters * conv.w.shape[spatial];
    dims.insert(dims.end(), conv.w.shape.begin(), conv.w.shape.end() - 2);
    strides.resize(dims.size());
    for (size_t axis = spatial; axis-- > 0; stride *= conv.w.shape[axis]) strides[2 + axis] = stride;
    if (grouped) {
      dims.insert(dims.begin(), groups);
      strides.insert(strides.begin(), filters / groups);
    }
    plainWeights_ = Desc(dims, onednn::dataType(DType::S8), strides);
    x_ = image(conv.x, conv.axes);
    y_ = image(conv.y, conv.axes);
    if (product_.bias) bias_ = onednn::rowMajorDesc(DType::F32, {filters});
    Dims steps, dilates, before, after;
    for (int axis = 0; axis < conv.window.spatial; ++axis) {
      steps.push_back(conv.window.strides[axis]);
      dilates.push_back(conv.window.dilations[axis] - 1);
      before.push_back(conv.window.pads[2 * axis]);
      after.push_back(conv.window.pads[2 * axis + 1]);
    }
    pd_ = dnnl::convolution_forward::primitive_desc(
        onednn::engine(), dnnl::prop_kind::forward_inference, dnnl::algorithm::convolution_direct, x_,
        Desc(dims, onednn::dataType(DType::S8), Tag::any), bias_, y_, steps, dilates, before, after,
        attributes(grouped ? 3 : 1), true);
    while (pd_ && onednn::convFault(conv, pd_.impl_info_str(), false))
      if (!pd_.next_impl()) pd_ = {};
  }

  static Desc image(const TensorType& type, const ImageAxes& axes) {
    Dims dims{type.shape[static_cast<size_t>(axes.n)], type.shape[static_cast<size_t>(axes.c)]};
    for (int64_t side : axes.spatialOf(type.shape)) dims.push_back(side);
    return Desc(dims, onednn::dataType(type.dtype), onednn::channelsLastTag(axes.rank()));
  }

  void describeMatmul() {
    const int64_t units = product_.w.shape[1];
    x_ = onednn::rowMajorDesc(product_.x.dtype, product_.x.shape);
    y_ = onednn::rowMajorDesc(product_.y.dtype, product_.y.shape);
    plainWeights_ = onednn::rowMajorDesc(DType::S8, product_.w.shape);
    if (product_.bias) bias_ = onednn::rowMajorDesc(DType::F32, {1, units});
    const Desc any(product_.w.shape, onednn::dataType(DType::S8), Tag::any);
    pd_ = product_.bias
              ? dnnl::matmul::primitive_desc(onednn::engine(), x_, any, bias_, y_, attributes(2), true)
              : dnnl::matmul::primitive_desc(onednn::engine(), x_, any, y_, attributes(2), true);
  }

  spec::QuantizedProduct product_;
  Desc x_, y_, bias_, plainWeights_;
  dnnl::primitive_desc pd_;
};

bool isEmpty(const KernelSpec& spec) {
  for (const TensorType& type : spec.inputs)
    if (count(type.shape) == 0) return true;
  return false;
}

bool supports(const KernelSpec& spec) {
  const std::string activation = spec.attrs.has("activation") ? spec.attrs.text("activation") : "linear";
  if (isEmpty(spec) || (activation != "linear" && activation != "relu")) return false;
  if (spec.op == "quantizedConv" && spec.attrs.text("dataFormat") != "channelsLast") return false;
  return static_cast<bool>(Product(spec));
}

LayoutChoice layouts(const KernelSpec& spec, const std::vector<bool>&) {
  LayoutChoice choice{std::vector<LayoutPtr>(spec.inputs.size()), std::vector<LayoutPtr>(1)};
  choice.inputs[1] = Product(spec).weights();
  return choice;
}

std::unique_ptr<Kernel> make(const KernelSpec& spec) { return Product(spec).kernel(spec); }

}  // namespace

bool hasProducts() {
  onednn::engine();  // which sets the highest instruction set that may be used
  return dnnl::get_effective_cpu_isa() >= dnnl::cpu_isa::avx512_core_vnni;
}

bool isWeightsLayout(const LayoutPtr& layout) {
  return dynamic_cast<const WeightsLayout*>(layout.get()) != nullptr;
}

std::unique_ptr<Kernel> makeWeightsReorder(const LayoutPtr& to) {
  const auto& layout = dynamic_cast<const WeightsLayout&>(*to);
  dnnl::primitive_attr attr;
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  const auto& engine = onednn::engine();
  auto kernel = std::make_unique<onednn::PrimitiveKernel>(
      "reorder", dnnl::reorder::primitive_desc(engine, layout.plain(), engine, layout.packed(), attr));
  kernel->bindInput(DNNL_ARG_FROM, 0, layout.plain());
  kernel->bindOutput(DNNL_ARG_TO, 0, layout.packed());
  return kernel;
}

// Where there is none, plans compute the same in float32.
const KernelFamily family([](KernelTable& table) {
  if (!hasProducts()) return;
  for (const char* op : {"quantizedConv", "quantizedMatmul"})
    table[op] = {.make = make, .layouts = layouts, .supports = supports};
});

}  // namespace nodegrad::quantized
