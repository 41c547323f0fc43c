#include "cpu/memory/onednn_faults.h"

namespace nodegrad::onednn {

namespace {

using spec::Convolution;
using spec::ConvPass;

// One of the spatial dimensions of a window.
struct Span {
  int64_t size, outSize, kernel, stride, dilation, before;

  bool isInside(int64_t output, int64_t tap) const {
    const int64_t at = output * stride - before + tap * dilation;
    return at >= 0 && at < size;
  }
  // Whether some tap meets only padding, for every output.
  bool hasUnusedTap() const {
    for (int64_t tap = 0; tap < kernel; ++tap) {
      bool used = false;
      for (int64_t output = 0; output < outSize && !used; ++output) used = isInside(output, tap);
      if (!used) return true;
    }
    return false;
  }
  // Whether some output sees only padding.
  bool hasEmptyOutput() const {
    for (int64_t output = 0; output < outSize; ++output) {
      bool empty = true;
      for (int64_t tap = 0; tap < kernel && empty; ++tap) empty = !isInside(output, tap);
      if (empty) return true;
    }
    return false;
  }
};

Span spanOf(const Convolution& conv, int axis) {
  const Window& w = conv.window;
  return {conv.x.shape[static_cast<size_t>(conv.axes.first + axis)],
          w.out[axis],
          w.kernel[axis],
          w.strides[axis],
          w.dilations[axis],
          w.pads[2 * axis]};
}
// The last spatial dimension.
Span columns(const Convolution& conv) { return spanOf(conv, conv.window.spatial - 1); }
// Whether something holds for one of the spatial dimensions.
template <class Body>
bool anyAxis(const Convolution& conv, Body body) {
  for (int axis = 0; axis < conv.window.spatial; ++axis)
    if (body(spanOf(conv, axis))) return true;
  return false;
}

int64_t inputChannels(const Convolution& conv) { return conv.w.shape[conv.w.shape.size() - 2]; }
int64_t filters(const Convolution& conv) { return conv.w.shape.back(); }

bool startsWith(const std::string& name, const char* start) { return name.rfind(start, 0) == 0; }
bool contains(const std::string& name, const char* part) { return name.find(part) != std::string::npos; }

constexpr ConvFault kFaults[] = {
    // x [3, 24, 20, 8], w [1, 1, 8, 8], strides [2, 1], two threads: other gradients of w in each run, or the
    // process dies. The copy of every second pixel has room for the channels, and is written in blocks of 16
    // (AVX2: 8) of them. All passes make it; also seen in bfloat16: x [1, 24, 20, 5], w [1, 1, 5, 1].
    {"3.2.0", "writes past its scratch memory",
     [](const Convolution& conv, const std::string& name, bool blocked) {
       const bool strided = anyAxis(conv, [](const Span& span) { return span.stride > 1; });
       return startsWith(name, "jit") && contains(name, "_1x1:") && strided && !blocked &&
              inputChannels(conv) < 16;
     }},
    // x [1, 12, 2, 64], w [4, 4, 64, 16], strides [1, 3], same: 1e21 or NaN for taps that meet only padding.
    // With AMX x [2, 4, 3, 2, 40], w [3, 3, 3, 40, 9], strides [1, 1, 3], same: what the memory held.
    {"3.2.0", "leaves the gradients of unused taps as they were",
     [](const Convolution& conv, const std::string& name, bool) {
       return (startsWith(name, "jit") || startsWith(name, "brgconv_bwd_w")) &&
              conv.pass == ConvPass::BackwardFilter && conv.multiplicandType() == DType::BF16 &&
              anyAxis(conv, [](const Span& span) { return span.hasUnusedTap(); });
     }},
    // x [2, 6, 2, 1], w [1, 1, 1, 25], strides [1, 3]: the process dies, or other gradients of w.
    {"3.2.0", "reads past rows that are narrower than the stride",
     [](const Convolution& conv, const std::string& name, bool) {
       return startsWith(name, "jit_bf16:") && conv.pass == ConvPass::BackwardFilter &&
              columns(conv).stride > columns(conv).size;
     }},
    // x [2, 8, 33, 19], w [3, 3, 19, 16], dilations [2, 1], same: other gradients of w in each run. From a
    // width
    // of about 30 and more than one block of 16 channels on; also in groups of 9.
    {"3.2.0", "reads memory that it has not written",
     [](const Convolution& conv, const std::string& name, bool) {
       return startsWith(name, "jit_bf16:") && conv.pass == ConvPass::BackwardFilter &&
              spanOf(conv, 0).dilation > 1 && (inputChannels(conv) > 16 || conv.groups > 1);
     }},
    // x [2, 10, 3, 31], w [1, 1, 31, 12]: the output is off by half of its root mean square. Images of other
    // sizes are
    // right. The same with gradients of x of an odd number of filters.
    {"3.2.0", "multiplies pairs wrongly where channels are odd",
     [](const Convolution& conv, const std::string& name, bool blocked) {
       const int64_t summed =
           conv.pass == ConvPass::Forward ? inputChannels(conv) : filters(conv) / conv.groups;
       return startsWith(name, "jit_bf16_1x1:") && conv.pass != ConvPass::BackwardFilter && !blocked &&
              summed % 2 == 1;
     }},
    // x [1, 8, 8, 48], w [2, 2, 48, 16], strides [2, 2], on a CPU with AMX: the output is off by 118 % of its
    // root mean square. Also with 80, 112 and 144 channels: whose last half block of 32 is at fault.
    {"3.2.0", "computes another output",
     [](const Convolution& conv, const std::string& name, bool) {
       return contains(name, "amx") && conv.pass == ConvPass::Forward && columns(conv).stride == 2 &&
              columns(conv).kernel % 2 == 0 && inputChannels(conv) > 32 && inputChannels(conv) % 32 == 16;
     }},
    // x [4, 6, 8, 9, 65], w [1, 1, 2, 65, 3], strides [2, 2, 2], in int8 on a CPU with AMX: other outputs in
    // some
    // runs. Also with 16 channels, which do not fill a block of 64 either.
    {"3.2.0", "reads bytes that it has not written",
     [](const Convolution& conv, const std::string& name, bool) {
       return contains(name, "amx") && conv.pass == ConvPass::Forward && sizeOf(conv.x.dtype) == 1 &&
              columns(conv).stride == 2 && columns(conv).kernel % 2 == 0 && inputChannels(conv) % 64 != 0;
     }},
    // x [1, 1, 8, 15], w [4, 3, 15, 15], dilations [3, 3], same, on a CPU with AMX: the process dies.
    // The same with gradients of x.
    {"3.2.0", "crashes where an output meets only padding",
     [](const Convolution& conv, const std::string& name, bool) {
       return contains(name, "amx") && conv.pass != ConvPass::BackwardFilter &&
              anyAxis(conv, [](const Span& span) { return span.hasEmptyOutput(); });
     }},
};

}  // namespace

const ConvFault* convFault(const Convolution& conv, const std::string& implementation, bool blocked) {
  for (const ConvFault& fault : kFaults)
    if (fault.applies(conv, implementation, blocked)) return &fault;
  return nullptr;
}

bool losesNan(const KernelSpec& spec, const std::string& activation, const std::string& implementation) {
  // x [2, 3, 4, 15], w [1, 1, 15, 6], NODEGRAD_ISA=base: 0. Of its convolutions, these compute post-ops
  // number by number.
  return activation == "sigmoid" && spec.op == "conv" &&
         (startsWith(implementation, "ref") ||
          (implementation == "x64:gemm:jit" && spec.inputs[0].dtype == DType::F32));
}

}  // namespace nodegrad::onednn
