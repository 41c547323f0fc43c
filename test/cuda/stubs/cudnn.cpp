// Stands for cuDNN in tests: convolutions in float64, queued on an emulated stream. Descriptors are looked at
// more strictly than by the library itself. As that does, it ends the process where it finds no cuBLASLt.
#include "cudnn.h"

#include <dlfcn.h>

#include <algorithm>
#include <cstdlib>
#include <map>
#include <memory>
#include <string>

#include "convolution.h"

using namespace nodegrad::cuda::dnn;

namespace {

constexpr uintptr_t kMade = 0x646e6e;
constexpr int64_t kWorkspace = 512;
std::string reason;
cudaStream_t stream = nullptr;

// Why a call is wrong, which cudnnGetErrorString tells.
Status wrong(const std::string& why) {
  reason = why;
  return kBadParameter;
}

struct Content;
using Shared = std::shared_ptr<Content>;
struct Value {
  Type type;
  int64_t count;
  std::vector<char> bytes;
  std::vector<Shared> objects;
};
struct Content {
  Kind kind;
  bool finalized = false;
  std::map<Attribute, Value> values;
  int engine = -1;  // of a config or an engine

  template <class T>
  std::vector<T> get(Attribute attribute) const {
    const Value& value = values.at(attribute);
    std::vector<T> result(static_cast<size_t>(value.count));
    std::memcpy(result.data(), value.bytes.data(), value.bytes.size());
    return result;
  }
  const Content& object(Attribute attribute) const { return *values.at(attribute).objects.at(0); }
};

// The engines that there are, in the order in which they are recommended. The first rounds float32 to TF32.
// It would be wrong to choose the second, which computes nothing.
enum Engine { kTensorEngine, kUnsteadyEngine, kPlainEngine, kCompiledEngine, kEngines };
std::vector<NumericalNote> notesOf(int engine) {
  if (engine == kTensorEngine) return {kTensorCore};
  return engine == kUnsteadyEngine ? std::vector{kNondeterministic} : std::vector<NumericalNote>{};
}
std::vector<BehaviorNote> behaviorOf(int engine) {
  return engine == kCompiledEngine ? std::vector{kRuntimeCompilation} : std::vector<BehaviorNote>{};
}

size_t sizeOf(Type type) {
  switch (type) {
    case kHandleType:
    case kInt64Type:
    case kPointerType:
    case kDescriptorType: return 8;
    default: return 4;
  }
}

// What each kind has to have before it is final, and of which type.
const std::map<Kind, std::map<Attribute, Type>>& required() {
  static const std::map<Kind, std::map<Attribute, Type>> all = {
      {kConvolution,
       {{kConvolutionCompute, kNumberType},
        {kConvolutionMode, kModeType},
        {kConvolutionDilations, kInt64Type},
        {kConvolutionStrides, kInt64Type},
        {kConvolutionAfter, kInt64Type},
        {kConvolutionBefore, kInt64Type},
        {kConvolutionSpatial, kInt64Type}}},
      {kTensor,
       {{kTensorAlignment, kInt64Type},
        {kTensorNumber, kNumberType},
        {kTensorDims, kInt64Type},
        {kTensorStrides, kInt64Type},
        {kTensorId, kInt64Type}}},
      {kForward,
       {{kForwardAlpha, kFloatType},
        {kForwardBeta, kFloatType},
        {kForwardConvolution, kDescriptorType},
        {kForwardW, kDescriptorType},
        {kForwardX, kDescriptorType},
        {kForwardY, kDescriptorType}}},
      {kBackwardData,
       {{kDataAlpha, kFloatType},
        {kDataBeta, kFloatType},
        {kDataConvolution, kDescriptorType},
        {kDataW, kDescriptorType},
        {kDataX, kDescriptorType},
        {kDataY, kDescriptorType}}},
      {kBackwardFilter,
       {{kFilterAlpha, kFloatType},
        {kFilterBeta, kFloatType},
        {kFilterConvolution, kDescriptorType},
        {kFilterW, kDescriptorType},
        {kFilterX, kDescriptorType},
        {kFilterY, kDescriptorType}}},
      {kGraph, {{kGraphHandle, kHandleType}, {kGraphOperations, kDescriptorType}}},
      {kHeuristics, {{kHeuristicsGraph, kDescriptorType}, {kHeuristicsMode, kHeuristicsModeType}}},
      {kPlan, {{kPlanHandle, kHandleType}, {kPlanConfig, kDescriptorType}}},
      {kVariantPack, {{kPackIds, kInt64Type}, {kPackPointers, kPointerType}, {kPackWorkspace, kPointerType}}},
      {kEngine, {}},
      {kEngineConfig, {}},
  };
  return all;
}

stubs::Tensor tensorOf(const Content& object) {
  return {object.get<Number>(kTensorNumber).at(0) == kBF16, object.get<int64_t>(kTensorDims),
          object.get<int64_t>(kTensorStrides)};
}

// Which attributes of an operation hold what, from the first of its kind.
struct Parts {
  Attribute first;
  const Content& convolution;
  const Content *x, *w, *y;
};
Parts partsOf(const Content& operation) {
  const auto at = [&](Attribute attribute) { return &operation.object(attribute); };
  if (operation.kind == kForward)
    return {kForwardAlpha, *at(kForwardConvolution), at(kForwardX), at(kForwardW), at(kForwardY)};
  if (operation.kind == kBackwardData)
    return {kDataAlpha, *at(kDataConvolution), at(kDataX), at(kDataW), at(kDataY)};
  return {kFilterAlpha, *at(kFilterConvolution), at(kFilterX), at(kFilterW), at(kFilterY)};
}

stubs::Convolution convolutionOf(const Content& operation) {
  const Parts parts = partsOf(operation);
  return {operation.kind,
          false,
          tensorOf(*parts.x),
          tensorOf(*parts.w),
          tensorOf(*parts.y),
          parts.convolution.get<int64_t>(kConvolutionStrides),
          parts.convolution.get<int64_t>(kConvolutionDilations),
          parts.convolution.get<int64_t>(kConvolutionBefore),
          parts.convolution.get<int64_t>(kConvolutionAfter)};
}

Status checkTensor(const Content& object) {
  const auto dims = object.get<int64_t>(kTensorDims), strides = object.get<int64_t>(kTensorStrides);
  const auto isWrong = [](int64_t one) { return one <= 0; };
  if (dims.size() != strides.size() || dims.size() < 4 || std::any_of(dims.begin(), dims.end(), isWrong) ||
      std::any_of(strides.begin(), strides.end(), isWrong))
    return wrong("a tensor's dimensions");
  const int64_t alignment = object.get<int64_t>(kTensorAlignment).at(0);
  if (alignment < 4 || (alignment & (alignment - 1)) != 0) return wrong("a tensor's alignment");
  return kSuccess;
}

Status checkConvolution(const Content& object) {
  const auto spatial = static_cast<size_t>(object.get<int64_t>(kConvolutionSpatial).at(0));
  for (const Attribute attribute :
       {kConvolutionDilations, kConvolutionStrides, kConvolutionAfter, kConvolutionBefore})
    if (object.get<int64_t>(attribute).size() != spatial) return wrong("a geometry's dimensions");
  if (object.get<Mode>(kConvolutionMode).at(0) != kCrossCorrelation) return wrong("a convolution's mode");
  return object.get<Number>(kConvolutionCompute).at(0) == kF32 ? kSuccess : wrong("how it computes");
}

Status checkOperation(const Content& object) {
  const Parts parts = partsOf(object);
  const auto beta = static_cast<Attribute>(parts.first + 1);
  if (object.get<float>(parts.first).at(0) != 1 || object.get<float>(beta).at(0) != 0)
    return wrong("factors");
  if (parts.x->kind != kTensor || parts.w->kind != kTensor || parts.y->kind != kTensor ||
      parts.convolution.kind != kConvolution)
    return wrong("an operation's parts");
  const stubs::Convolution c = convolutionOf(object);
  const size_t rank = c.strides.size() + 2;
  if (c.x.dims.size() != rank || c.w.dims.size() != rank || c.y.dims.size() != rank)
    return wrong("tensors of other ranks");
  if (c.x.bf16 != c.w.bf16 || c.x.bf16 != c.y.bf16) return wrong("tensors of several types");
  if (c.x.dims[0] != c.y.dims[0] || c.w.dims[0] != c.y.dims[1] || c.x.dims[1] % c.w.dims[1] != 0 ||
      c.w.dims[0] % (c.x.dims[1] / c.w.dims[1]) != 0)
    return wrong("channels");
  for (size_t s = 0; s + 2 < rank; ++s) {
    const int64_t extent = (c.w.dims[s + 2] - 1) * c.dilations[s] + 1;
    if ((c.x.dims[s + 2] + c.before[s] + c.after[s] - extent) / c.strides[s] + 1 != c.y.dims[s + 2])
      return wrong("an image's size");
  }
  // Engines for channels last take weights whose input channels follow one another, too.
  if (c.x.strides[1] == 1 && c.w.dims[1] > 1 && c.w.strides[1] != 1) return wrong("the order of weights");
  return kSuccess;
}

Status checkPlan(const Content& plan) {
  const int engine = plan.object(kPlanConfig).engine;
  // The plain engine is not for grouped convolutions, as cuDNN's are not.
  const Content& heuristics = plan.object(kPlanConfig).object(kHeuristicsGraph);
  const stubs::Convolution c = convolutionOf(heuristics.object(kGraphOperations));
  const bool grouped = c.x.dims[1] != c.w.dims[1];
  return engine == kPlainEngine && grouped ? kNotSupported : kSuccess;
}

Status checkFinal(const Content& object) {
  switch (object.kind) {
    case kTensor: return checkTensor(object);
    case kConvolution: return checkConvolution(object);
    case kForward:
    case kBackwardData:
    case kBackwardFilter: return checkOperation(object);
    case kPlan: return checkPlan(object);
    default: return kSuccess;
  }
}

template <class T>
Status give(const std::vector<T>& values, int64_t most, int64_t* count, void* to) {
  *count = std::min(most, static_cast<int64_t>(values.size()));
  std::memcpy(to, values.data(), static_cast<size_t>(*count) * sizeof(T));
  return kSuccess;
}

}  // namespace

struct nodegrad::cuda::dnn::DescriptorObject {
  Shared object;
};

extern "C" {

size_t cudnnGetVersion() {
  if (!dlopen("libcublasLt.so.13", RTLD_NOW | RTLD_NOLOAD)) std::abort();
  const char* value = std::getenv("STUB_CUDNN");
  return value ? std::strtoul(value, nullptr, 10) : 91900;
}
const char* cudnnGetErrorString(Status status) {
  if (status == kNotSupported) return "CUDNN_STATUS_NOT_SUPPORTED";
  static std::string name;
  name = "CUDNN_STATUS_BAD_PARAM (" + reason + ")";
  return name.c_str();
}
Status cudnnCreate(Handle* handle) {
  *handle = reinterpret_cast<Handle>(kMade);
  return kSuccess;
}
Status cudnnSetStream(Handle, cudaStream_t next) {
  stream = next;
  return kSuccess;
}

Status cudnnBackendCreateDescriptor(Kind kind, Descriptor* made) {
  if (required().count(kind) == 0) return wrong("a kind of descriptor");
  *made = new DescriptorObject{std::make_shared<Content>(Content{kind, false, {}})};
  return kSuccess;
}
Status cudnnBackendDestroyDescriptor(Descriptor descriptor) {
  delete descriptor;
  return kSuccess;
}

Status cudnnBackendSetAttribute(Descriptor descriptor, Attribute attribute, Type type, int64_t count,
                                const void* from) {
  Content& object = *descriptor->object;
  if (object.finalized) return wrong("a change of what is final");
  const auto& known = required().at(object.kind);
  if (known.count(attribute) == 0 || known.at(attribute) != type || count < 1)
    return wrong("attribute " + std::to_string(attribute) + " of type " + std::to_string(type));
  Value value{type, count, {}, {}};
  const auto* bytes = static_cast<const char*>(from);
  value.bytes.assign(bytes, bytes + static_cast<size_t>(count) * sizeOf(type));
  for (int64_t i = 0; type == kDescriptorType && i < count; ++i) {
    const Shared& part = static_cast<const Descriptor*>(from)[i]->object;
    if (!part->finalized) return wrong("a part that is not final");
    value.objects.push_back(part);
  }
  if (type == kHandleType && *static_cast<const Handle*>(from) != reinterpret_cast<Handle>(kMade))
    return wrong("a handle");
  object.values[attribute] = std::move(value);
  return kSuccess;
}

Status cudnnBackendFinalize(Descriptor descriptor) {
  Content& object = *descriptor->object;
  for (const auto& [attribute, type] : required().at(object.kind))
    if (object.values.count(attribute) == 0)
      return wrong("no attribute " + std::to_string(attribute) + " in " + std::to_string(object.kind));
  const Status status = checkFinal(object);
  object.finalized = status == kSuccess;
  return status;
}

Status cudnnBackendGetAttribute(Descriptor descriptor, Attribute attribute, Type type, int64_t most,
                                int64_t* count, void* to) {
  const Content& object = *descriptor->object;
  if (!object.finalized) return wrong("a question to what is not final");
  if (attribute == kHeuristicsResults && object.kind == kHeuristics && type == kDescriptorType) {
    *count = std::min<int64_t>(most, kEngines);
    for (int64_t i = 0; i < *count; ++i) {
      Content& config = *static_cast<Descriptor*>(to)[i]->object;
      config.engine = static_cast<int>(i);
      config.values[kHeuristicsGraph] = object.values.at(kHeuristicsGraph);
      config.finalized = true;
    }
    return kSuccess;
  }
  if (attribute == kConfigEngine && object.kind == kEngineConfig && type == kDescriptorType) {
    Content& engine = *static_cast<Descriptor*>(to)[0]->object;
    engine.engine = object.engine;
    engine.finalized = true;
    *count = 1;
    return kSuccess;
  }
  if (attribute == kEngineNumericalNotes && object.kind == kEngine && type == kNumericalNoteType)
    return give(notesOf(object.engine), most, count, to);
  if (attribute == kEngineBehaviorNotes && object.kind == kEngine && type == kBehaviorNoteType)
    return give(behaviorOf(object.engine), most, count, to);
  if (attribute == kPlanWorkspace && object.kind == kPlan && type == kInt64Type)
    return give(std::vector<int64_t>{kWorkspace}, most, count, to);
  return wrong("a question for attribute " + std::to_string(attribute));
}

Status cudnnBackendExecute(Handle handle, Descriptor plan, Descriptor variantPack) {
  const Content &planned = *plan->object, &pack = *variantPack->object;
  if (handle != reinterpret_cast<Handle>(kMade) || !stream || !planned.finalized || !pack.finalized)
    return wrong("a call");
  const Content& config = planned.object(kPlanConfig);
  const Content& operation = config.object(kHeuristicsGraph).object(kGraphOperations);
  const Parts parts = partsOf(operation);
  stubs::Convolution convolution = convolutionOf(operation);
  convolution.tensorFloat = config.engine == kTensorEngine;
  const auto ids = pack.get<int64_t>(kPackIds);
  const auto pointers = pack.get<const void*>(kPackPointers);
  if (ids.size() != 3 || pointers.size() != 3) return wrong("a pack of other tensors");
  const auto find = [&](const Content& tensor) -> const void* {
    const auto at = std::find(ids.begin(), ids.end(), tensor.get<int64_t>(kTensorId).at(0));
    if (at == ids.end()) return nullptr;
    const void* address = pointers[static_cast<size_t>(at - ids.begin())];
    // As far as emulated memory keeps to it (stubs/cublaslt.cpp).
    const int64_t bytes = tensorOf(tensor).bytes();
    const int64_t alignment = std::min(tensor.get<int64_t>(kTensorAlignment).at(0), bytes & -bytes);
    return reinterpret_cast<uintptr_t>(address) % static_cast<uintptr_t>(alignment) == 0 ? address : nullptr;
  };
  const void *x = find(*parts.x), *w = find(*parts.w), *y = find(*parts.y);
  if (!x || !w || !y) return wrong("a tensor's address");
  auto* workspace = pack.get<char*>(kPackWorkspace).at(0);
  if (!workspace || reinterpret_cast<uintptr_t>(workspace) % 16 != 0) return wrong("a workspace");
  const bool works = config.engine != kUnsteadyEngine;
  stream->push([=] {
    std::memset(workspace, 0xff, kWorkspace);
    if (works) convolution.run(x, w, y);
  });
  return kSuccess;
}
}
