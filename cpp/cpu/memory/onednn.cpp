#include "cpu/memory/onednn.h"

#include <oneapi/dnnl/dnnl_debug.h>

#include <cstring>
#include <map>

#include "cpu/cpu_backend.h"

namespace nodegrad::onednn {

namespace {

dnnl::cpu_isa highestIsa() {
  static const std::map<std::string, dnnl::cpu_isa> isas = {{"base", dnnl::cpu_isa::sse41},
                                                            {"avx2", dnnl::cpu_isa::avx2},
                                                            {"avx512", dnnl::cpu_isa::avx512_core_bf16},
                                                            {"amx", dnnl::cpu_isa::avx512_core_amx}};
  return isas.at(cpuIsa());
}

struct Device {
  Device() {
    // oneDNN takes this once, before its first primitive.
    dnnl::set_max_cpu_isa(highestIsa());
    engine = dnnl::engine(dnnl::engine::kind::cpu, 0);
    stream = dnnl::stream(engine);
  }
  dnnl::engine engine;
  dnnl::stream stream;
};

Device& device() {
  static Device device;
  return device;
}

// oneDNN has one type for memory that it reads and memory that it writes.
void point(const dnnl::memory& memory, const void* data) {
  dnnl_memory_set_data_handle(memory.get(), const_cast<void*>(data));
}

class ZerosKernel : public Kernel {
 public:
  explicit ZerosKernel(const KernelSpec& spec) {
    for (size_t o = 0; o < spec.outputs.size(); ++o)
      bytes_.push_back(spec.outputLayouts[o] ? spec.outputLayouts[o]->bytes() : bytesOf(spec.outputs[o]));
  }
  void run(const void* const*, void* const* outputs, void*) override {
    for (size_t o = 0; o < bytes_.size(); ++o) std::memset(outputs[o], 0, bytes_[o]);
  }
  std::string implementation() const override { return "zeros"; }

 private:
  std::vector<size_t> bytes_;
};

}  // namespace

const dnnl::engine& engine() { return device().engine; }
dnnl::stream& stream() { return device().stream; }

dnnl::memory::data_type dataType(DType dtype) {
  switch (dtype) {
    case DType::F32: return dnnl::memory::data_type::f32;
    case DType::BF16: return dnnl::memory::data_type::bf16;
    case DType::I32: return dnnl::memory::data_type::s32;
    case DType::S8: return dnnl::memory::data_type::s8;
    case DType::U8:
    case DType::Bool: return dnnl::memory::data_type::u8;
  }
  fail(ErrorCode::Internal, "unknown dtype ", static_cast<int>(dtype));
}

Desc rowMajorDesc(DType dtype, const Dims& shape) {
  if (shape.empty()) return Desc({1}, dataType(dtype), Dims{1});
  return Desc(shape, dataType(dtype), rowMajorStrides(shape));
}

std::vector<int> inverse(const std::vector<int>& permutation) {
  std::vector<int> result(permutation.size());
  for (size_t i = 0; i < permutation.size(); ++i)
    result[static_cast<size_t>(permutation[i])] = static_cast<int>(i);
  return result;
}

void raise(const std::string& op, dnnl_status_t status) {
  if (status == dnnl_out_of_memory)
    fail(ErrorCode::OutOfMemory, "[", op,
         "] expected room for oneDNN's work, received none; use smaller shapes or batches");
  fail(ErrorCode::Device, "[", op,
       "] expected a computation that oneDNN can do on this CPU, received its status '",
       dnnl_status2str(status), "'");
}

dnnl::primitive_attr attributes(const std::string& op, const Attrs& attrs, const Desc& addend) {
  struct Activation {
    dnnl::algorithm algorithm;
    float alpha;
  };
  static const std::map<std::string, Activation> activations = {
      {"relu", {dnnl::algorithm::eltwise_relu, 0}},        {"tanh", {dnnl::algorithm::eltwise_tanh, 0}},
      {"sigmoid", {dnnl::algorithm::eltwise_logistic, 0}}, {"elu", {dnnl::algorithm::eltwise_elu, 1}},
      {"gelu", {dnnl::algorithm::eltwise_gelu_erf, 0}},
  };
  dnnl::primitive_attr attr;
  attr.set_scratchpad_mode(dnnl::scratchpad_mode::user);
  const std::string name = attrs.has("activation") ? attrs.text("activation") : "linear";
  dnnl::post_ops ops;
  if (!addend.is_zero()) ops.append_binary(dnnl::algorithm::binary_add, addend);
  if (name != "linear") {
    const auto found = activations.find(name);
    if (found == activations.end())
      fail(ErrorCode::Device, "[", op, "] no fused activation '", name, "' on the CPU");
    ops.append_eltwise(found->second.algorithm, found->second.alpha, 0);
  }
  attr.set_post_ops(ops);
  return attr;
}

PrimitiveKernel::PrimitiveKernel(std::string op, const dnnl::primitive_desc_base& pd)
    : op_(std::move(op)), implementation_(pd.impl_info_str()), primitive_(pd.get()) {
  const Desc scratchpad = pd.query_md(dnnl::query::scratchpad_md);
  scratchBytes_ = scratchpad.get_size();
  if (scratchBytes_ == 0) return;
  scratchpad_ = dnnl::memory(scratchpad, engine(), DNNL_MEMORY_NONE);
  arguments_.push_back({DNNL_ARG_SCRATCHPAD, scratchpad_.get()});
}

void PrimitiveKernel::bind(std::vector<Binding>& bindings, int argument, size_t index, const Desc& desc) {
  bindings.push_back({dnnl::memory(desc, engine(), DNNL_MEMORY_NONE), index});
  arguments_.push_back({argument, bindings.back().memory.get()});
}

void PrimitiveKernel::bindNumber(int argument, float number) {
  numbers_.emplace_back(rowMajorDesc(DType::F32, {1}), engine());
  *static_cast<float*>(numbers_.back().get_data_handle()) = number;
  arguments_.push_back({argument, numbers_.back().get()});
}

void PrimitiveKernel::run(const void* const* inputs, void* const* outputs, void* scratch) {
  for (Binding& binding : inputs_) point(binding.memory, inputs[binding.index]);
  for (Binding& binding : outputs_) point(binding.memory, outputs[binding.index]);
  if (scratchBytes_) point(scratchpad_, scratch);
  // The C call: the C++ one builds this list anew each time.
  const dnnl_status_t status = dnnl_primitive_execute(primitive_.get(), stream().get(),
                                                      static_cast<int>(arguments_.size()), arguments_.data());
  if (status != dnnl_success) raise(op_, status);
}

std::unique_ptr<Kernel> zerosKernel(const KernelSpec& spec) { return std::make_unique<ZerosKernel>(spec); }

}  // namespace nodegrad::onednn
