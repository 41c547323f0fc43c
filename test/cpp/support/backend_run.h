#pragma once
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "../reference.h"
#include "core/parallel.h"
#include "cpu/cpu_backend.h"

namespace nodegrad::testing {

inline Backend& cpuBackend() {
  static const std::unique_ptr<Backend> backend = [] {
    auto made = makeCpuBackend();
    made->enter(availableThreads());
    return made;
  }();
  return *backend;
}

// Numbers in [-1, 1), the same each time.
inline reference::Array randomNumbers(const Dims& shape, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> uniform(-1, 1);
  reference::Array made{{DType::F32, shape}, std::vector<double>(static_cast<size_t>(count(shape)))};
  for (double& v : made.data) v = uniform(random);
  return made;
}

// A node as the plan runs it: the backend chooses the layouts, given those that the inputs have.
struct NodeRun {
  std::string op;
  std::vector<reference::Array> inputs;
  std::vector<TensorType> outputs;
  Attrs attrs;
  std::vector<LayoutPtr> given = {};   // of the inputs; empty: all row-major
  std::vector<LayoutPtr> wished = {};  // of the outputs
  std::vector<bool> flexible = {};     // empty: none

  KernelSpec spec() const {
    KernelSpec spec{op, attrs, {}, outputs, given, wished, nullptr};
    for (const reference::Array& input : inputs) spec.inputs.push_back(input.type);
    spec.inputLayouts.resize(inputs.size());
    spec.outputLayouts.resize(outputs.size());
    return spec;
  }
};

struct NodeResult {
  std::vector<reference::Array> outputs;
  LayoutChoice choice;
  std::string implementation;
};

// Row-major numbers of the array's dtype.
inline std::shared_ptr<Buffer> plainOf(const reference::Array& array) {
  auto buffer = Buffer::allocate(bytesOf(array.type));
  dispatch(array.type.dtype, [&](auto sample) {
    using T = decltype(sample);
    std::transform(array.data.begin(), array.data.end(), static_cast<T*>(buffer->data()), [](double v) {
      constexpr bool real = std::is_same_v<T, float> || std::is_same_v<T, BFloat16>;
      return T(static_cast<std::conditional_t<real, float, int64_t>>(v));
    });
  });
  return buffer;
}

inline std::shared_ptr<Buffer> laidOut(const reference::Array& array, const LayoutPtr& layout) {
  const auto plain = plainOf(array);
  auto buffer = Buffer::allocate(layout ? layout->bytes() : bytesOf(array.type));
  cpuBackend().fromRowMajor(array.type, layout, plain->data(), buffer->data());
  return buffer;
}

inline reference::Array rowMajor(const TensorType& type, const LayoutPtr& layout, const void* memory) {
  const auto plain = Buffer::allocate(bytesOf(type));
  cpuBackend().toRowMajor(type, layout, memory, plain->data());
  reference::Array array{type, std::vector<double>(static_cast<size_t>(count(type.shape)))};
  dispatch(type.dtype, [&](auto sample) {
    const auto* numbers = static_cast<const decltype(sample)*>(plain->data());
    std::transform(numbers, numbers + array.data.size(), array.data.begin(),
                   [](auto v) { return static_cast<double>(v); });
  });
  return array;
}

// Runs a kernel that was made for spec: the node's with the layouts that it is to be run with.
inline NodeResult runKernel(Kernel& kernel, const NodeRun& node, const KernelSpec& spec) {
  NodeResult result;
  result.choice = {spec.inputLayouts, spec.outputLayouts};
  result.implementation = kernel.implementation();
  std::vector<std::shared_ptr<Buffer>> buffers;
  std::vector<void*> inputs, outputs;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    buffers.push_back(laidOut(node.inputs[i], spec.inputLayouts[i]));
    inputs.push_back(buffers.back()->data());
  }
  for (size_t o = 0; o < node.outputs.size(); ++o) {
    const LayoutPtr& layout = spec.outputLayouts[o];
    buffers.push_back(Buffer::allocate(layout ? layout->bytes() : bytesOf(node.outputs[o])));
    // Numbers that a kernel which does not write them all would leave behind.
    std::fill_n(static_cast<unsigned char*>(buffers.back()->data()), buffers.back()->bytes(), 0x7f);
    outputs.push_back(buffers.back()->data());
  }
  const auto scratch = Buffer::allocate(kernel.scratchBytes());
  // Twice, as a plan is run again and again: what a run leaves behind must not change the next.
  for (int i = 0; i < 2; ++i) kernel.run(inputs.data(), outputs.data(), scratch->data());
  for (size_t o = 0; o < node.outputs.size(); ++o)
    result.outputs.push_back(rowMajor(node.outputs[o], spec.outputLayouts[o], outputs[o]));
  return result;
}

inline NodeResult run(const NodeRun& node) {
  KernelSpec spec = node.spec();
  std::vector<bool> flexible = node.flexible;
  flexible.resize(node.inputs.size());
  LayoutChoice choice = cpuBackend().layouts(spec, flexible);
  // As the plan does: once to learn what open parameters should lie in, then with that as given.
  for (size_t i = 0; i < flexible.size(); ++i)
    if (flexible[i]) spec.inputLayouts[i] = choice.inputs[i];
  choice = cpuBackend().layouts(spec, std::vector<bool>(flexible.size()));
  EXPECT_EQ(choice.inputs.size(), node.inputs.size());
  EXPECT_EQ(choice.outputs.size(), node.outputs.size());
  spec.inputLayouts = choice.inputs;
  spec.outputLayouts = choice.outputs;
  return runKernel(*cpuBackend().kernel(spec), node, spec);
}

// Within float32's rounding of sums of `terms` products of numbers below 1.
inline void expectClose(const reference::Array& actual, const reference::Array& expected, int64_t terms,
                        const std::string& what) {
  ASSERT_EQ(actual.data.size(), expected.data.size()) << what;
  const double bound = 1e-6 * std::sqrt(static_cast<double>(terms) + 4) + 1e-6;
  for (size_t i = 0; i < expected.data.size(); ++i)
    ASSERT_LE(std::abs(actual.data[i] - expected.data[i]), bound * (1 + std::abs(expected.data[i])))
        << what << " at " << i << ": expected " << expected.data[i] << ", received " << actual.data[i];
}

}  // namespace nodegrad::testing
