#include "engine.h"

#include <omp.h>

#include "core/window.h"
#include "cpu/cpu_backend.h"
#include "graph/op.h"
#include "host/buffer.h"

namespace {

using namespace nodegrad;

Backend& backend() {
  static const std::unique_ptr<Backend> made = [] {
    auto backend = makeCpuBackend();
    backend->enter(omp_get_max_threads());
    return backend;
  }();
  return *made;
}

KernelSpec specOf(const char* op, const Attrs& attrs, std::vector<TensorType> inputs,
                  std::vector<TensorType> outputs) {
  KernelSpec spec{op, attrs, std::move(inputs), std::move(outputs), {}, {}, nullptr};
  spec.inputLayouts.resize(spec.inputs.size());
  spec.outputLayouts.resize(spec.outputs.size());
  return spec;
}

std::shared_ptr<Buffer> ordinaryNumbers(const TensorType& type, const LayoutPtr& layout) {
  const auto buffer = allocateHost(layout ? layout->bytes() : bytesOf(type));
  float* data = static_cast<float*>(buffer->data());
  for (size_t i = 0; i < buffer->bytes() / sizeof(float); ++i) data[i] = static_cast<float>(i % 17) / 17;
  return buffer;
}

Timed timeKernel(const KernelSpec& spec, int runs) {
  const auto kernel = backend().kernel(spec);
  std::vector<std::shared_ptr<Buffer>> buffers;
  std::vector<void*> inputs, outputs;
  for (size_t i = 0; i < spec.inputs.size(); ++i) {
    buffers.push_back(ordinaryNumbers(spec.inputs[i], spec.inputLayouts[i]));
    inputs.push_back(buffers.back()->data());
  }
  for (size_t o = 0; o < spec.outputs.size(); ++o) {
    buffers.push_back(ordinaryNumbers(spec.outputs[o], spec.outputLayouts[o]));
    outputs.push_back(buffers.back()->data());
  }
  const auto scratch = allocateHost(kernel->scratchBytes());
  const double ms = bestMs(runs, [&] { kernel->run(inputs.data(), outputs.data(), scratch->data()); });
  return {ms, kernel->implementation()};
}

}  // namespace

Timed timeOwnConvolution(const ConvolutionSizes& s, const std::string& pass, int runs) {
  const Attrs attrs = checkAttrs(findOp("conv"), {{"padding", std::string("explicit")},
                                                  {"pads", Dims{s.pad, s.pad, s.pad, s.pad}},
                                                  {"strides", Dims{s.stride, s.stride}}});
  const Window window = convWindow("conv", attrs, {s.ih, s.iw}, {s.kh, s.kw});
  const TensorType x{DType::F32, {s.n, s.ih, s.iw, s.ic}}, w{DType::F32, {s.kh, s.kw, s.ic, s.oc}},
      bias{DType::F32, {s.oc}}, y{DType::F32, {s.n, window.out[0], window.out[1], s.oc}};
  // The weights lie as the forward pass wants them, as in a plan.
  KernelSpec spec = specOf("conv", attrs, {x, w, bias}, {y});
  LayoutChoice choice = backend().layouts(spec, {false, true, false});
  const LayoutPtr weights = choice.inputs[1];
  if (pass == "forward") {
    spec.inputLayouts[1] = weights;
  } else if (pass == "backward_data") {
    spec = specOf("convBackwardData", attrs, {w, y, x}, {x});
    spec.inputLayouts[0] = weights;
  } else {
    spec = specOf("convBackwardFilter", attrs, {x, y}, {w, bias});
    spec.outputLayouts[0] = weights;
  }
  choice = backend().layouts(spec, std::vector<bool>(spec.inputs.size()));
  spec.inputLayouts = choice.inputs;
  spec.outputLayouts = choice.outputs;
  return timeKernel(spec, runs);
}
