#include <algorithm>

#include "cpu/conv/conv.h"
#include "cpu/memory/onednn.h"
#include "cpu/memory/onednn_faults.h"

namespace nodegrad {

namespace {

using onednn::Desc;
using onednn::Tag;

// How oneDNN orders the dimensions: images n, c, [d,] h, w; kernels [g,] o, i, [d,] h, w. Each permutation
// says where a dimension of the tensor goes.
class ConvOrder {
 public:
  explicit ConvOrder(const Convolution& conv)
      : rank_(conv.axes.rank()), image_(onednn::inverse(onednn::imageOrder(conv.axes))), view_(conv.w.shape) {
    const int grouped = conv.groups > 1;
    for (int axis = 0; axis < conv.axes.spatial; ++axis) kernel_.push_back(grouped + 2 + axis);
    kernel_.insert(kernel_.end(), {grouped + 1, 0});
    if (!grouped) return;
    kernel_.push_back(1);
    view_.back() = conv.groups;
    view_.push_back(conv.w.shape.back() / conv.groups);
  }

  Dims imageDims(const TensorType& type) const { return reordered(type.shape, image_); }
  Dims kernelDims() const { return reordered(view_, kernel_); }

  // A layout that no descriptor made is looked for among those that convolutions have.
  std::optional<Desc> image(const TensorType& type, const LayoutPtr& layout) const {
    if (const auto desc = onednn::descOf(type, layout, type.shape)) return desc->permute_axes(image_);
    for (Tag tag : {onednn::channelBlocksTag(rank_, 16), onednn::channelBlocksTag(rank_, 8),
                    onednn::channelBlocksTag(rank_, 4), channelsLast(), channelsFirst()}) {
      const Desc desc(imageDims(type), onednn::dataType(type.dtype), tag);
      if (sameLayout(imageLayout(desc), layout)) return desc;
    }
    return std::nullopt;
  }
  std::optional<Desc> kernel(const TensorType& type, const LayoutPtr& layout) const {
    const auto desc = onednn::descOf(type, layout, view_);
    return desc ? std::optional<Desc>(desc->permute_axes(kernel_)) : std::nullopt;
  }
  Tag channelsLast() const { return onednn::channelsLastTag(rank_); }
  Tag channelsFirst() const { return onednn::channelsFirstTag(rank_); }
  LayoutPtr imageLayout(const Desc& desc) const {
    return onednn::layoutOf(desc.permute_axes(onednn::inverse(image_)));
  }
  LayoutPtr kernelLayout(const Desc& desc) const {
    return onednn::layoutOf(desc.permute_axes(onednn::inverse(kernel_)));
  }

 private:
  static Dims reordered(const Dims& dims, const std::vector<int>& to) {
    Dims result(dims.size());
    for (size_t i = 0; i < dims.size(); ++i) result[static_cast<size_t>(to[i])] = dims[i];
    return result;
  }

  size_t rank_;
  std::vector<int> image_, kernel_;
  Dims view_;  // of the kernel, with its groups apart
};

struct Descs {
  Desc x, w, y;
};

// One way in which oneDNN would do it; empty where it does not.
struct Candidate {
  dnnl::primitive_desc pd;
  Descs descs;
  std::string implementation;

  explicit operator bool() const { return static_cast<bool>(pd); }
  // How good the instructions are of code that oneDNN generates for the case ("jit:avx512_core",
  // "brgconv:avx2"); 0 for its reference and for matrix products on unfolded images ("x64:gemm:jit").
  int level() const {
    if (implementation.rfind("jit", 0) != 0 && implementation.rfind("br", 0) != 0) return 0;
    const auto has = [this](const char* isa) { return implementation.find(isa) != std::string::npos; };
    if (has("amx")) return 5;
    return has("avx512") ? 4 : has("avx2") ? 3 : has("avx") ? 2 : 1;
  }
  // Of two without generated code, matrix products are many times as fast as oneDNN's reference.
  bool isBetterThan(const Candidate& other) const {
    if (level() != other.level()) return level() > other.level();
    return !isReference() && other.isReference();
  }

 private:
  bool isReference() const { return implementation.rfind("ref", 0) == 0; }
};

bool isPadded(const Desc& desc) { return onednn::isPadded(onednn::geometryOf(desc)); }

class DirectConv {
 public:
  // open: whether a residual may lie in any layout, not the one given.
  DirectConv(const KernelSpec& spec, const Convolution& conv, bool open)
      : spec_(spec), conv_(conv), order_(conv) {
    if (conv.residual) {
      const TensorType type{conv.residualDtype, conv.y.shape};
      const LayoutPtr& layout = spec.inputLayouts[conv.residualIndex];
      const auto given = open ? std::optional<Desc>(image(type, Tag::any)) : order_.image(type, layout);
      if (!given) onednn::raise(spec.op, dnnl_unimplemented);
      residual_ = *given;
    }
    attr_ = onednn::attributes(spec.op, spec.attrs, residual_);
    const Window& window = conv.window;
    for (int axis = 0; axis < window.spatial; ++axis) {
      strides_.push_back(window.strides[axis]);
      dilates_.push_back(window.dilations[axis] - 1);
      before_.push_back(window.pads[2 * axis]);
      after_.push_back(window.pads[2 * axis + 1]);
    }
    if (conv.pass != ConvPass::Forward) forward_ = forwardHint();
    if (conv.bias) bias_ = onednn::rowMajorDesc(DType::F32, {conv.y.shape[static_cast<size_t>(conv.axes.c)]});
  }

  LayoutChoice layouts(bool undecidedWeights) const {
    Candidate best = bestImages();
    const bool copied = conv_.w.dtype == DType::BF16;  // for this convolution, in any layout
    // Weights stay as they are where that costs nothing. An open parameter takes any layout but padded
    // blocks, of which its optimizer would have to know: those a reorder makes at each run.
    if (!copied && (!undecidedWeights || isPadded(best.descs.w))) {
      const auto w = order_.kernel(conv_.w, conv_.wLayout);
      const Candidate kept = w ? candidate({best.descs.x, *w, best.descs.y}) : Candidate{};
      if (kept && kept.implementation == best.implementation) best = kept;
    }
    const LayoutPtr w =
        !copied && undecidedWeights && isPadded(best.descs.w) ? nullptr : order_.kernelLayout(best.descs.w);
    const LayoutPtr y = order_.imageLayout(best.descs.y);
    LayoutChoice choice = convChoice(spec_, conv_, order_.imageLayout(best.descs.x), w, y);
    if (conv_.residual) choice.inputs[conv_.residualIndex] = withDtype(y, conv_.residualDtype);
    return choice;
  }

  // The code that oneDNN generates; "" where it has none.
  std::string code() const {
    const Candidate best = bestOfImages();
    return best && best.level() > 0 ? best.implementation : "";
  }

  std::unique_ptr<Kernel> kernel() const {
    const Candidate chosen = inGivenLayouts();
    if (!chosen) onednn::raise(spec_.op, dnnl_unimplemented);
    auto kernel = std::make_unique<onednn::PrimitiveKernel>(spec_.op, chosen.pd);
    const Arguments names = arguments();
    const auto bind = [&](bool computed, int argument, size_t index, const Desc& desc) {
      if (computed)
        kernel->bindOutput(argument, index, desc);
      else
        kernel->bindInput(argument, index, desc);
    };
    const bool filter = conv_.pass == ConvPass::BackwardFilter;
    bind(conv_.pass == ConvPass::BackwardData, names.x, conv_.xIndex, chosen.descs.x);
    bind(filter, names.w, conv_.wIndex, chosen.descs.w);
    bind(conv_.pass == ConvPass::Forward, names.y, conv_.yIndex, chosen.descs.y);
    if (conv_.residual)
      bind(false, DNNL_ARG_ATTR_MULTIPLE_POST_OP(0) | DNNL_ARG_SRC_1, conv_.residualIndex, residual_);
    if (conv_.bias) bind(filter, filter ? DNNL_ARG_DIFF_BIAS : DNNL_ARG_BIAS, filter ? 1 : 2, bias_);
    return kernel;
  }

 private:
  struct Arguments {
    int x, w, y;
  };

  Arguments arguments() const {
    switch (conv_.pass) {
      case ConvPass::Forward: return {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DST};
      case ConvPass::BackwardData: return {DNNL_ARG_DIFF_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_DIFF_DST};
      case ConvPass::BackwardFilter: return {DNNL_ARG_SRC, DNNL_ARG_DIFF_WEIGHTS, DNNL_ARG_DIFF_DST};
    }
    fail(ErrorCode::Internal, "unknown pass of a convolution");
  }

  Desc image(const TensorType& type, Tag tag) const {
    return Desc(order_.imageDims(type), onednn::dataType(type.dtype), tag);
  }
  Desc kernel(Tag tag) const { return Desc(order_.kernelDims(), onednn::dataType(conv_.w.dtype), tag); }

  // The layouts that images have already, else oneDNN's own choice, else channels last, which its kernels
  // take with any number of channels: the first for which it generates its best code. Without such code
  // row-major images serve as well as others.
  Candidate bestImages() const {
    Candidate best = bestOfImages();
    if (!best)
      best = candidate({*order_.image(conv_.x, nullptr), kernel(Tag::any), *order_.image(conv_.y, nullptr)});
    if (!best) onednn::raise(spec_.op, dnnl_unimplemented);
    return best;
  }

  Candidate bestOfImages() const {
    const Descs any{image(conv_.x, Tag::any), kernel(Tag::any), image(conv_.y, Tag::any)};
    Descs given = any;
    if (conv_.pass != ConvPass::BackwardData) given.x = givenOr(any.x, conv_.x, conv_.xLayout);
    if (conv_.pass != ConvPass::Forward) given.y = givenOr(any.y, conv_.y, conv_.yLayout);
    Candidate best;
    for (const Descs& descs :
         {given, any,
          Descs{image(conv_.x, order_.channelsLast()), any.w, image(conv_.y, order_.channelsLast())}}) {
      const Candidate next = candidate(descs);
      if (next && !needsPaddedImages(next) && next.level() > (best ? best.level() : 0)) best = next;
    }
    return best;
  }

  // Blocks that no channel fills would have to be kept at zero by every kernel that touches the image.
  static bool needsPaddedImages(const Candidate& candidate) {
    return isPadded(candidate.descs.x) || isPadded(candidate.descs.y);
  }

  // The descriptors that say how an image is laid out. With one channel both plain orders are the same
  // memory, but oneDNN finds a kernel only by the strides that it would have chosen.
  std::vector<Desc> formsOf(const TensorType& type, const LayoutPtr& layout) const {
    if (!layout && type.shape[static_cast<size_t>(conv_.axes.c)] == 1)
      return {image(type, order_.channelsFirst()), image(type, order_.channelsLast())};
    const auto desc = order_.image(type, layout);
    return desc ? std::vector<Desc>{*desc} : std::vector<Desc>{};
  }

  // The best that oneDNN can do with the tensors as they lie.
  Candidate inGivenLayouts() const {
    Candidate best;
    const auto w = order_.kernel(conv_.w, conv_.wLayout);
    if (!w) return best;
    for (const Desc& x : formsOf(conv_.x, conv_.xLayout))
      for (const Desc& y : formsOf(conv_.y, conv_.yLayout)) {
        const Candidate next = candidate({x, *w, y});
        if (next && (!best || next.isBetterThan(best))) best = next;
      }
    return best;
  }

  // A row-major image may be laid out anew: a reorder costs less than blocks bring.
  Desc givenOr(const Desc& any, const TensorType& type, const LayoutPtr& layout) const {
    const auto desc = layout ? order_.image(type, layout) : std::nullopt;
    return desc ? *desc : any;
  }

  Candidate candidate(const Descs& descs) const {
    Candidate result;
    result.pd = primitiveDesc(descs);
    if (!result.pd) return result;
    const Arguments names = arguments();
    const auto chosen = [&](int argument) { return result.pd.query_md(dnnl::query::exec_arg_md, argument); };
    const auto isBlocked = [](const Desc& desc) { return desc.get_inner_nblks() > 0; };
    do {
      result.descs = {chosen(names.x), chosen(names.w), chosen(names.y)};
      result.implementation = result.pd.impl_info_str();
      if (!onednn::convFault(conv_, result.implementation, isBlocked(result.descs.x)) &&
          !isNearlyEmpty(result))
        return result;
    } while (result.pd.next_impl());
    return {};
  }

  // Its products of blocks hold channels of one group: of depthwise filters they are nearly empty.
  bool isNearlyEmpty(const Candidate& candidate) const {
    constexpr int64_t kBlock = 16;
    return conv_.groups > 1 && candidate.implementation.find("brg") != std::string::npos &&
           conv_.y.shape[static_cast<size_t>(conv_.axes.c)] / conv_.groups < kBlock;
  }

  dnnl::primitive_desc primitiveDesc(const Descs& descs) const {
    const auto& engine = onednn::engine();
    if (conv_.pass == ConvPass::Forward)
      return dnnl::convolution_forward::primitive_desc(engine, dnnl::prop_kind::forward_training, kDirect,
                                                       descs.x, descs.w, bias_, descs.y, strides_, dilates_,
                                                       before_, after_, attr_, true);
    if (conv_.pass == ConvPass::BackwardData)
      return dnnl::convolution_backward_data::primitive_desc(engine, kDirect, descs.x, descs.w, descs.y,
                                                             strides_, dilates_, before_, after_, forward_,
                                                             attr_, true);
    return dnnl::convolution_backward_weights::primitive_desc(engine, kDirect, descs.x, descs.w, bias_,
                                                              descs.y, strides_, dilates_, before_, after_,
                                                              forward_, attr_, true);
  }

  // The forward pass that the descriptors of the others ask for, and go on reading in next_impl().
  dnnl::convolution_forward::primitive_desc forwardHint() const {
    const bool inBf16 = conv_.x.dtype == DType::BF16 || conv_.y.dtype == DType::BF16;
    const auto any = [&](const Dims& dims) {
      return Desc(dims, onednn::dataType(inBf16 ? DType::BF16 : DType::F32), Tag::any);
    };
    return {onednn::engine(),
            dnnl::prop_kind::forward_training,
            kDirect,
            any(order_.imageDims(conv_.x)),
            any(order_.kernelDims()),
            any(order_.imageDims(conv_.y)),
            strides_,
            dilates_,
            before_,
            after_};
  }

  static constexpr auto kDirect = dnnl::algorithm::convolution_direct;

  const KernelSpec& spec_;
  const Convolution& conv_;
  ConvOrder order_;
  dnnl::primitive_attr attr_;
  Dims strides_, dilates_, before_, after_;
  Desc bias_, residual_;  // empty: none
  dnnl::convolution_forward::primitive_desc forward_;
};

}  // namespace

LayoutChoice directConvLayouts(const KernelSpec& spec, const Convolution& conv, bool undecidedWeights) {
  return DirectConv(spec, conv, true).layouts(undecidedWeights);
}

bool directConvHasCode(const KernelSpec& spec, const Convolution& conv) {
  return !DirectConv(spec, conv, true).code().empty();
}

namespace {

// Images and weights in bfloat16, and the residual and the output too where `around` is.
KernelSpec inBfloat16(const KernelSpec& spec, bool around) {
  KernelSpec inBf16 = spec;
  inBf16.inputLayouts.assign(spec.inputs.size(), nullptr);
  inBf16.outputLayouts.assign(spec.outputs.size(), nullptr);
  inBf16.inputs[0].dtype = inBf16.inputs[1].dtype = DType::BF16;
  const Convolution conv(spec);
  if (around && conv.residual)
    inBf16.inputs[conv.residualIndex].dtype = inBf16.outputs[0].dtype = DType::BF16;
  return inBf16;
}

bool generatesCode(const KernelSpec& spec) { return directConvHasCode(spec, Convolution(spec)); }

}  // namespace

bool directConvTakesResidual(const KernelSpec& spec, const Convolution& conv) {
  KernelSpec plain = spec;
  plain.attrs.set("residual", false);
  plain.inputs.pop_back();
  plain.inputLayouts.pop_back();
  plain.invariant.clear();
  const Convolution without(plain);
  const std::string code = DirectConv(spec, conv, true).code();
  if (code.empty() || code != DirectConv(plain, without, true).code()) return false;
  return spec.compute != Compute::BFloat16 || !directConvTakesBfloat16(plain) ||
         (generatesCode(inBfloat16(spec, false)) && generatesCode(inBfloat16(spec, true)));
}

bool directConvTakesBfloat16(const KernelSpec& spec) { return generatesCode(inBfloat16(spec, false)); }

std::unique_ptr<Kernel> makeDirectConv(const KernelSpec& spec, const Convolution& conv) {
  return DirectConv(spec, conv, false).kernel();
}

}  // namespace nodegrad
