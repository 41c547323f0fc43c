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
  const Dims image(s.source.begin() + 2, s.source.end()), filter(s.weights.begin() + 2, s.weights.end());
  const size_t spatial = image.size();
  const Attrs attrs = checkAttrs(findOp("conv"), {{"padding", std::string("explicit")},
                                                  {"pads", Dims(2 * spatial, s.pad)},
                                                  {"strides", Dims(spatial, s.stride)}});
  const Window window = convWindow("conv", attrs, image, filter);
  const int64_t n = s.source[0], ic = s.source[1], oc = s.weights[0];
  const auto channelsLast = [](int64_t samples, const Dims& sizes, int64_t channels) {
    Dims shape = sizes;
    shape.insert(shape.begin(), samples);
    shape.push_back(channels);
    return TensorType{DType::F32, shape};
  };
  Dims filters = filter;
  filters.insert(filters.end(), {ic, oc});
  const TensorType x = channelsLast(n, image, ic), w{DType::F32, filters}, bias{DType::F32, {oc}},
                   y = channelsLast(n, Dims(window.out, window.out + spatial), oc);
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
