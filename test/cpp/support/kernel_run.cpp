#include "kernel_run.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <random>

#include "cpu/cpu_backend.h"
#include "host/parallel.h"

namespace nodegrad::testing {

Backend& cpuBackend() {
  static const std::unique_ptr<Backend> backend = [] {
    auto made = makeCpuBackend();
    made->enter(availableThreads());
    return made;
  }();
  return *backend;
}

Array array(const Dims& shape, std::vector<double> data, DType dtype) {
  return {{dtype, shape}, std::move(data)};
}

Array randomNumbers(const Dims& shape, unsigned seed, double low, double high, DType dtype) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> uniform(low, high);
  Array made{{dtype, shape}, std::vector<double>(static_cast<size_t>(count(shape)))};
  for (double& v : made.data) {
    v = uniform(random);
    if (dtype == DType::F32)
      v = static_cast<float>(v);
    else if (dtype == DType::BF16)
      v = BFloat16(static_cast<float>(v));
    else
      v = dtype == DType::Bool ? v > (low + high) / 2 : std::floor(v);
  }
  return made;
}

int64_t placeIn(const Geometry& geometry, const Dims& index) {
  Dims rest = index, block(index.size(), 1);
  for (const auto& [dimension, size] : geometry.blocks) block[static_cast<size_t>(dimension)] *= size;
  int64_t place = 0;
  for (size_t d = 0; d < index.size(); ++d) {
    place += index[d] / block[d] * geometry.strides[d];
    rest[d] %= block[d];
  }
  int64_t inner = 1;
  for (const auto& [dimension, size] : geometry.blocks) inner *= size;
  for (const auto& [dimension, size] : geometry.blocks) {
    const auto d = static_cast<size_t>(dimension);
    inner /= size;
    block[d] /= size;
    place += rest[d] / block[d] * inner;
    rest[d] %= block[d];
  }
  return place;
}

namespace {

std::vector<char> plainBytes(const Array& array) {
  std::vector<char> bytes(bytesOf(array.type));
  dispatch(array.type.dtype, [&](auto sample) {
    using T = decltype(sample);
    using Number =
        std::conditional_t<std::is_same_v<T, float> || std::is_same_v<T, BFloat16>, float, int64_t>;
    for (size_t i = 0; i < array.data.size(); ++i) {
      const T v = static_cast<T>(static_cast<Number>(array.data[i]));
      std::memcpy(bytes.data() + i * sizeof v, &v, sizeof v);
    }
  });
  return bytes;
}

size_t bytesIn(const TensorType& type, const LayoutPtr& layout) {
  return layout ? layout->bytes() : bytesOf(type);
}

}  // namespace

std::vector<char> laidOut(const Array& array, const LayoutPtr& layout) {
  const std::vector<char> plain = plainBytes(array);
  if (!layout) return plain;
  if (!layout->keepsNumbers()) {  // no geometry: a transform of the numbers, and NaN between them
    std::vector<char> memory(layout->bytes(), '\xff');
    cpuBackend().fromRowMajor(array.type, layout, plain.data(), memory.data());
    return memory;
  }
  std::vector<char> memory(layout->bytes());
  const Geometry g = geometry(array.type, layout);
  const size_t size = sizeOf(array.type.dtype);
  reference::forEach(g.shape, [&](const Dims& index, int64_t place) {
    std::memcpy(&memory[static_cast<size_t>(placeIn(g, index)) * size],
                &plain[static_cast<size_t>(place) * size], size);
  });
  return memory;
}

namespace {

// The bytes in row-major order. clean: whether all that is between them is zero.
std::vector<char> gathered(const TensorType& type, const LayoutPtr& layout, const char* memory, bool& clean) {
  clean = true;
  if (!layout) return {memory, memory + bytesOf(type)};
  // No order of the numbers, but a transform of them: its bytes as they are.
  if (!layout->keepsNumbers()) return {memory, memory + layout->bytes()};
  const Geometry g = geometry(type, layout);
  const size_t size = sizeOf(type.dtype);
  std::vector<char> left(memory, memory + layout->bytes()), plain(bytesOf(type));
  reference::forEach(g.shape, [&](const Dims& index, int64_t place) {
    const size_t offset = static_cast<size_t>(placeIn(g, index)) * size;
    std::memcpy(&plain[static_cast<size_t>(place) * size], memory + offset, size);
    std::memset(&left[offset], 0, size);
  });
  clean = std::all_of(left.begin(), left.end(), [](char c) { return c == 0; });
  return plain;
}

Array arrayOf(const TensorType& type, const std::vector<char>& plain) {
  Array made{type, std::vector<double>(plain.size() / sizeOf(type.dtype))};
  dispatch(type.dtype, [&](auto sample) {
    for (size_t i = 0; i < made.data.size(); ++i) {
      auto v = sample;
      std::memcpy(&v, plain.data() + i * sizeof v, sizeof v);
      made.data[i] = static_cast<double>(v);
    }
  });
  return made;
}

// Whether something reads the padding of an output as zeros: that of numbers in an image. Weights and their
// gradients leave padded layouts by a reorder, and pooling alone reads indices.
bool paddingIsRead(const std::string& op, const TensorType& type) {
  return op != "convBackwardFilter" && (type.dtype == DType::F32 || type.dtype == DType::BF16);
}

}  // namespace

Array rowMajor(const TensorType& type, const LayoutPtr& layout, const void* memory) {
  bool clean;
  return arrayOf(type, gathered(type, layout, static_cast<const char*>(memory), clean));
}

KernelSpec Call::spec() const {
  KernelSpec spec{op, attrs, {}, outputs, inputLayouts, outputLayouts, program, invariant};
  for (const Array& input : inputs) spec.inputs.push_back(input.type);
  spec.inputLayouts.resize(inputs.size());
  spec.outputLayouts.resize(outputs.size());
  return spec;
}

Call inLayouts(Call call, const LayoutChoice& choice) {
  if (choice.inputs.size() != call.inputs.size() || choice.outputs.size() != call.outputs.size())
    fail(ErrorCode::Internal, "[", call.op, "] expected a layout for each input and output");
  call.inputLayouts = choice.inputs;
  call.outputLayouts = choice.outputs;
  return call;
}

Call inPlannedLayouts(Call call) {
  KernelSpec spec = call.spec();
  std::vector<bool> undecided = call.undecided;
  undecided.resize(call.inputs.size());
  LayoutChoice choice = cpuBackend().layouts(spec, undecided);
  // As the plan does: once to learn what open parameters should lie in, then with that as given.
  for (size_t i = 0; i < undecided.size(); ++i)
    if (undecided[i]) spec.inputLayouts[i] = choice.inputs[i];
  choice = cpuBackend().layouts(spec, std::vector<bool>(undecided.size()));
  return inLayouts(std::move(call), choice);
}

KernelResult runKernel(Kernel& kernel, const Call& call, const std::vector<int>& reuse) {
  const KernelSpec spec = call.spec();
  std::vector<std::vector<char>> given;
  for (size_t i = 0; i < call.inputs.size(); ++i)
    given.push_back(laidOut(call.inputs[i], spec.inputLayouts[i]));
  const auto source = [&](size_t output) { return output < reuse.size() ? reuse[output] : -1; };

  KernelResult result;
  std::vector<std::vector<char>> first;
  for (const auto side : {Guarded::Against::End, Guarded::Against::Beginning}) {
    const bool again = side == Guarded::Against::Beginning;
    std::vector<Guarded> in, out;
    std::vector<void*> inputs, outputs;
    for (const std::vector<char>& bytes : given) {
      in.emplace_back(bytes.size(), side, 0xff);
      if (!bytes.empty()) std::memcpy(in.back().data(), bytes.data(), bytes.size());
      inputs.push_back(in.back().data());
    }
    for (size_t o = 0; o < call.outputs.size(); ++o) {
      out.emplace_back(bytesIn(call.outputs[o], spec.outputLayouts[o]), side, 0xff);
      outputs.push_back(source(o) >= 0 ? inputs[static_cast<size_t>(source(o))] : out.back().data());
    }
    // Other garbage the second time, so that bits which depend on it differ.
    Guarded scratch(kernel.scratchBytes(), side, again ? 0x7f : 0xff);
    kernel.run(inputs.data(), outputs.data(), scratch.data());

    for (size_t i = 0; i < in.size(); ++i) {
      if (!in[i].intact()) result.fault = "wrote around input " + std::to_string(i);
      const bool over = std::find(reuse.begin(), reuse.end(), static_cast<int>(i)) != reuse.end();
      if (!over && !given[i].empty() && std::memcmp(inputs[i], given[i].data(), given[i].size()) != 0)
        result.fault = "changed input " + std::to_string(i);
    }
    if (!scratch.intact()) result.fault = "wrote around its scratch memory";
    for (size_t o = 0; o < out.size(); ++o) {
      if (!out[o].intact()) result.fault = "wrote around output " + std::to_string(o);
      bool clean;
      std::vector<char> bits =
          gathered(call.outputs[o], spec.outputLayouts[o], static_cast<char*>(outputs[o]), clean);
      if (!clean && paddingIsRead(call.op, call.outputs[o])) result.fault = "left padding that is not zero";
      if (again) {
        if (bits != first[o])
          result.fault = "gave other bits in the second run for output " + std::to_string(o);
        continue;
      }
      result.outputs.push_back(arrayOf(call.outputs[o], bits));
      first.push_back(std::move(bits));
    }
  }
  if (!result.fault.empty()) result.fault = "[" + call.op + "] " + result.fault;
  return result;
}

}  // namespace nodegrad::testing
