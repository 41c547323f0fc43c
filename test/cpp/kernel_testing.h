#pragma once
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <functional>
#include <random>

#include "core/buffer.h"
#include "core/parallel.h"
#include "cpu/cpu_layout.h"
#include "cpu/isa.h"
#include "cpu/kernel_table.h"

namespace nodegrad::testing {

// A tensor with its numbers as doubles, for the plain references.
struct Array {
  TensorType type;
  std::vector<double> values;
};

inline Array array(const Dims& shape, std::vector<double> values, DType dtype = DType::F32) {
  return {{dtype, shape}, std::move(values)};
}

// Numbers from low to high, the same each time; whole ones for the other dtypes.
inline Array randomArray(const Dims& shape, double low, double high, unsigned seed,
                         DType dtype = DType::F32) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<double> uniform(low, high);
  Array made{{dtype, shape}, std::vector<double>(count(shape))};
  for (double& v : made.values) {
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

inline std::vector<char> bytesOf(const Array& a) {
  std::vector<char> bytes(a.values.size() * sizeOf(a.type.dtype));
  dispatch(a.type.dtype, [&](auto sample) {
    using T = decltype(sample);
    using Number =
        std::conditional_t<std::is_same_v<T, float> || std::is_same_v<T, BFloat16>, float, int64_t>;
    for (size_t i = 0; i < a.values.size(); ++i) {
      const T v = static_cast<T>(static_cast<Number>(a.values[i]));
      std::memcpy(bytes.data() + i * sizeof v, &v, sizeof v);
    }
  });
  return bytes;
}

// Calls body with places [0, shape), row-major.
inline void forPlaces(const Dims& shape, const std::function<void(const Dims&)>& body) {
  Dims at(shape.size(), 0);
  for (int64_t left = count(shape); left > 0; --left) {
    body(at);
    for (size_t d = shape.size(); d-- > 0;) {
      if (++at[d] < shape[d]) break;
      at[d] = 0;
    }
  }
}

// The row-major index of a place in the tensor of this shape that is broadcast to the place's rank.
inline size_t indexIn(const Dims& shape, const Dims& at) {
  size_t index = 0;
  for (size_t d = 0; d < shape.size(); ++d) {
    index = index * shape[d] + (shape[d] == 1 ? 0 : at[at.size() - shape.size() + d]);
  }
  return index;
}

// Where a place of the logical shape lies in memory, in elements.
inline int64_t offsetIn(const Geometry& g, const Dims& place) {
  Dims rest = place, block(place.size(), 1);
  for (auto& [dim, size] : g.blocks) block[dim] *= size;
  int64_t offset = 0;
  for (size_t d = 0; d < place.size(); ++d) {
    offset += place[d] / block[d] * g.strides[d];
    rest[d] %= block[d];
  }
  int64_t inner = 1;
  for (auto& [dim, size] : g.blocks) inner *= size;
  for (auto& [dim, size] : g.blocks) {
    inner /= size;
    block[dim] /= size;
    offset += rest[dim] / block[dim] * inner;
    rest[dim] %= block[dim];
  }
  return offset;
}

// Row-major bytes of a tensor in its layout, padding zero; and back, expecting that padding is zero still.
inline std::vector<char> laidOut(const std::vector<char>& bytes, const TensorType& type,
                                 const LayoutPtr& layout) {
  if (!layout) return bytes;
  const Geometry g = geometry(type, layout);
  const size_t size = sizeOf(type.dtype);
  std::vector<char> memory(g.elements * size);
  size_t i = 0;
  forPlaces(type.shape,
            [&](const Dims& at) { std::memcpy(&memory[offsetIn(g, at) * size], &bytes[i++ * size], size); });
  return memory;
}
inline std::vector<char> rowMajor(const char* memory, const TensorType& type, const LayoutPtr& layout) {
  if (!layout) return {memory, memory + bytesOf(type)};
  const Geometry g = geometry(type, layout);
  const size_t size = sizeOf(type.dtype);
  std::vector<char> bytes(bytesOf(type)), left(memory, memory + g.elements * size);
  size_t i = 0;
  forPlaces(type.shape, [&](const Dims& at) {
    const size_t offset = offsetIn(g, at) * size;
    std::memcpy(&bytes[i++ * size], memory + offset, size);
    std::memset(&left[offset], 0, size);
  });
  // Of indices nobody reads it; of numbers a convolution does.
  const bool zero = std::all_of(left.begin(), left.end(), [](char c) { return c == 0; });
  EXPECT_TRUE(zero || (type.dtype != DType::F32 && type.dtype != DType::BF16)) << "padding is not zero";
  return bytes;
}

inline Array arrayOf(const TensorType& type, const void* memory) {
  Array a{type, std::vector<double>(count(type.shape))};
  dispatch(type.dtype, [&](auto sample) {
    for (size_t i = 0; i < a.values.size(); ++i) {
      auto v = sample;
      std::memcpy(&v, static_cast<const char*>(memory) + i * sizeof v, sizeof v);
      a.values[i] = static_cast<double>(v);
    }
  });
  return a;
}

inline KernelTable& kernelTable() {
  static KernelTable table = [] {
    KernelTable made;
    registerElementwiseKernels(made);
    registerOptimizerKernels(made);
    registerRowsUpdateKernel(made);
    registerReduceKernels(made);
    registerSoftmaxKernels(made);
    registerMoveKernels(made);
    registerGatherKernels(made);
    registerPoolKernels(made);
    registerBatchNormKernels(made);
    registerBatchNormPoolKernels(made);
    registerLayerNormKernels(made);
    return made;
  }();
  return table;
}

// What a kernel is to compute on the level in use; row-major where no layouts are given.
struct Call {
  std::string op;
  std::vector<Array> inputs;
  std::vector<TensorType> outputs;
  Attrs attrs = {};
  std::shared_ptr<const ElementwiseProgram> program = nullptr;
  std::vector<LayoutPtr> inputLayouts = {}, outputLayouts = {};

  KernelSpec spec() const {
    KernelSpec spec{op, attrs, {}, outputs, inputLayouts, outputLayouts, program};
    for (const Array& input : inputs) spec.inputs.push_back(input.type);
    spec.inputLayouts.resize(inputs.size());
    spec.outputLayouts.resize(outputs.size());
    return spec;
  }
};

// Memory at an address that is aligned to 64 bytes, with a fence behind it.
class Fenced {
 public:
  explicit Fenced(size_t bytes) : bytes_(bytes), memory_(Buffer::allocate(bytes + kFence)) {
    std::memset(memory_->data(), kMark, bytes + kFence);
  }
  void* data() const { return memory_->data(); }
  bool intact() const {
    auto* p = static_cast<const unsigned char*>(memory_->data()) + bytes_;
    return std::all_of(p, p + kFence, [](unsigned char c) { return c == kMark; });
  }

 private:
  static constexpr size_t kFence = 256;
  static constexpr unsigned char kMark = 0xA5;
  size_t bytes_;
  std::shared_ptr<Buffer> memory_;
};

// Runs the kernel; reuse[o] ≥ 0 gives output o the memory of that input.
inline std::vector<Array> run(const Call& call, const std::vector<int>& reuse = {}) {
  auto kernel = kernelTable().at(call.op).make(call.spec());
  std::vector<Fenced> in, out;
  std::vector<void*> inputs, outputs;
  const KernelSpec spec = call.spec();
  for (size_t i = 0; i < call.inputs.size(); ++i) {
    const std::vector<char> bytes = laidOut(bytesOf(call.inputs[i]), spec.inputs[i], spec.inputLayouts[i]);
    in.emplace_back(bytes.size());
    std::copy(bytes.begin(), bytes.end(), static_cast<char*>(in.back().data()));
    inputs.push_back(in.back().data());
  }
  for (size_t o = 0; o < call.outputs.size(); ++o) {
    out.emplace_back(spec.outputLayouts[o] ? spec.outputLayouts[o]->bytes() : bytesOf(call.outputs[o]));
    outputs.push_back(o < reuse.size() && reuse[o] >= 0 ? inputs[reuse[o]] : out.back().data());
  }
  Fenced scratch(kernel->scratchBytes());
  kernel->run(inputs.data(), outputs.data(), scratch.data());
  std::vector<Array> results;
  for (size_t o = 0; o < outputs.size(); ++o) {
    const std::vector<char> bytes =
        rowMajor(static_cast<const char*>(outputs[o]), call.outputs[o], spec.outputLayouts[o]);
    results.push_back(arrayOf(call.outputs[o], bytes.data()));
  }
  for (auto& memory : in) EXPECT_TRUE(memory.intact()) << "[" << call.op << "] wrote past an input";
  for (auto& memory : out) EXPECT_TRUE(memory.intact()) << "[" << call.op << "] wrote past an output";
  EXPECT_TRUE(scratch.intact()) << "[" << call.op << "] wrote past its scratch memory";
  return results;
}

inline void expectNear(const Array& actual, const std::vector<double>& expected, double relative,
                       double absolute, const std::string& what = "") {
  ASSERT_EQ(actual.values.size(), expected.size()) << what;
  for (size_t i = 0; i < expected.size(); ++i) {
    const double a = actual.values[i], e = expected[i];
    if (std::isnan(e) ? std::isnan(a) : a == e) continue;
    ASSERT_LE(std::abs(a - e), relative * std::abs(e) + absolute)
        << what << " at " << i << ": expected " << e << ", received " << a;
  }
}

// Stamps a test once for each level that the machine has.
class OnEachIsa : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { useIsa(GetParam()); }
  void TearDown() override { useIsa(isaLevels().back()); }
};
#define ON_EACH_ISA(Suite)                                                           \
  INSTANTIATE_TEST_SUITE_P(Isa, Suite, ::testing::ValuesIn(::nodegrad::isaLevels()), \
                           [](const auto& info) { return info.param; })

}  // namespace nodegrad::testing
