#pragma once
#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "devices/shared_library.h"

// cuDNN's graphs, as far as convolutions use them, by the interface of C, whose descriptors are sets of
// attributes. Its own header comes with the library alone, in a wheel of 370 MB.
// https://docs.nvidia.com/deeplearning/cudnn/backend/latest/api/cudnn-graph-library.html
namespace nodegrad::cuda::dnn {

using Handle = struct HandleObject*;
using Descriptor = struct DescriptorObject*;

using Status = int;  // cudnnStatus_t
constexpr Status kSuccess = 0, kBadParameter = 2000, kNotSupported = 3000;

enum Kind : int {  // CUDNN_BACKEND_…_DESCRIPTOR
  kConvolution = 1,
  kEngine = 2,
  kEngineConfig = 3,
  kHeuristics = 4,
  kPlan = 5,
  kForward = 10,
  kBackwardFilter = 11,
  kBackwardData = 12,
  kGraph = 15,
  kVariantPack = 16,
  kTensor = 17,
  kDeviceProperties = 38,
};

enum Attribute : int {  // CUDNN_ATTR_…
  kConvolutionCompute = 100,
  kConvolutionMode = 101,
  kConvolutionDilations = 102,
  kConvolutionStrides = 103,
  kConvolutionAfter = 104,  // POST_PADDINGS
  kConvolutionBefore = 105,
  kConvolutionSpatial = 106,
  kHeuristicsMode = 200,
  kHeuristicsGraph = 201,
  kHeuristicsResults = 202,
  kHeuristicsDevice = 204,
  kConfigEngine = 300,
  kPlanHandle = 400,
  kPlanConfig = 401,
  kPlanWorkspace = 402,
  kPlanDevice = 407,
  kForwardAlpha = 700,
  kForwardBeta = 701,
  kForwardConvolution = 702,
  kForwardW = 703,
  kForwardX = 704,
  kForwardY = 705,
  kDataAlpha = 706,
  kDataBeta = 707,
  kDataConvolution = 708,
  kDataW = 709,
  kDataX = 710,
  kDataY = 711,
  kFilterAlpha = 712,
  kFilterBeta = 713,
  kFilterConvolution = 714,
  kFilterW = 715,
  kFilterX = 716,
  kFilterY = 717,
  kGraphHandle = 800,
  kGraphOperations = 801,
  kTensorAlignment = 900,
  kTensorNumber = 901,
  kTensorDims = 902,
  kTensorStrides = 903,
  kTensorId = 906,
  kPackIds = 1000,
  kPackPointers = 1001,
  kPackWorkspace = 1003,
  kEngineNumericalNotes = 1303,
  kEngineBehaviorNotes = 1305,
  kDeviceText = 2702,
};

enum Type : int {  // of an attribute: CUDNN_TYPE_…
  kHandleType = 0,
  kNumberType = 1,
  kInt64Type = 3,
  kFloatType = 4,
  kPointerType = 6,
  kModeType = 7,
  kHeuristicsModeType = 8,
  kNumericalNoteType = 11,
  kDescriptorType = 15,
  kBehaviorNoteType = 19,
  kTextType = 24,
};

enum Number : int { kF32 = 0, kBF16 = 9 };            // cudnnDataType_t
enum Mode : int { kCrossCorrelation = 1 };            // cudnnConvolutionMode_t
enum HeuristicsMode : int { kFallback = 2, kA = 3 };  // cudnnBackendHeurMode_t
enum NumericalNote : int {
  kTensorCore = 0,
  kDownConvertsInputs = 1,
  kReducedPrecision = 2,
  kNondeterministic = 4,
  kNumericalNotes = 10,  // how many there are
};
enum BehaviorNote : int { kRuntimeCompilation = 0, kBehaviorNotes = 5 };

using Create = Status(Handle*);
using SetStream = Status(Handle, cudaStream_t);
using ErrorString = const char*(Status);
using CreateDescriptor = Status(Kind, Descriptor*);
using DestroyDescriptor = Status(Descriptor);
using Finalize = Status(Descriptor);
using SetAttribute = Status(Descriptor, Attribute, Type, int64_t count, const void*);
using GetAttribute = Status(Descriptor, Attribute, Type, int64_t most, int64_t* count, void*);
using Execute = Status(Handle, Descriptor plan, Descriptor variantPack);

// The library, which the loader has found (lib/engine/cudaLibraries.ts), with a handle for this process.
class Library {
 public:
  // Fails with DEVICE where it does not load. cuBLASLt has to be there by then.
  static const Library& get();
  // Has this process make plans for a GPU that is described, where there is none (test/cuda/engines). It
  // comes before the first get.
  static void describeGpu(const std::string& json);

  // Fails with DEVICE, naming the op, unless a call has succeeded.
  void check(const std::string& op, Status status) const;

 private:
  Library();
  SharedLibrary library_{"libcudnn.so.9"};
  ErrorString* errorString_ = library_.function<ErrorString>("cudnnGetErrorString");

 public:
  SetStream* setStream = library_.function<SetStream>("cudnnSetStream");
  CreateDescriptor* createDescriptor = library_.function<CreateDescriptor>("cudnnBackendCreateDescriptor");
  DestroyDescriptor* destroyDescriptor =
      library_.function<DestroyDescriptor>("cudnnBackendDestroyDescriptor");
  Finalize* finalize = library_.function<Finalize>("cudnnBackendFinalize");
  SetAttribute* setAttribute = library_.function<SetAttribute>("cudnnBackendSetAttribute");
  GetAttribute* getAttribute = library_.function<GetAttribute>("cudnnBackendGetAttribute");
  Execute* execute = library_.function<Execute>("cudnnBackendExecute");
  // One of both: what plans are made for.
  Handle handle = nullptr;
  Descriptor describedGpu = nullptr;
};

// A descriptor. All fail with DEVICE, naming the op, where cuDNN refuses.
class Object {
 public:
  Object(std::string op, Kind kind);

  Descriptor get() const { return owned_.get(); }
  template <class Value>
  Object& set(Attribute attribute, Type type, const std::vector<Value>& values) {
    library_.check(op_, library_.setAttribute(get(), attribute, type, static_cast<int64_t>(values.size()),
                                              values.data()));
    return *this;
  }
  template <class Value>
  Object& set(Attribute attribute, Type type, Value value) {
    return set(attribute, type, std::vector<Value>{value});
  }
  Object& set(Attribute attribute, const Object& object) {
    return set(attribute, kDescriptorType, object.get());
  }
  Object& set(Attribute attribute, Number number) { return set(attribute, kNumberType, number); }
  Object& set(Attribute attribute, int64_t number) { return set(attribute, kInt64Type, number); }
  Object& set(Attribute attribute, const std::vector<int64_t>& numbers) {
    return set(attribute, kInt64Type, numbers);
  }
  // What plans are made for, by the attribute of a handle or that of a described GPU.
  Object& setGpu(std::optional<Attribute> handle, std::optional<Attribute> described) {
    if (handle && library_.handle) set(*handle, kHandleType, library_.handle);
    if (described && library_.describedGpu) set(*described, kDescriptorType, library_.describedGpu);
    return *this;
  }
  Object& finalize() {
    library_.check(op_, library_.finalize(get()));
    return *this;
  }
  // Whether cuDNN can do it.
  bool tryFinalize() { return library_.finalize(get()) == kSuccess; }
  // At most so many values.
  template <class Value>
  std::vector<Value> values(Attribute attribute, Type type, int64_t most) const {
    std::vector<Value> values(static_cast<size_t>(most));
    int64_t count = 0;
    library_.check(op_, library_.getAttribute(get(), attribute, type, most, &count, values.data()));
    values.resize(static_cast<size_t>(count));
    return values;
  }
  // Fills descriptors that are made for it; gives how many.
  int64_t fill(Attribute attribute, std::vector<Descriptor> objects) const {
    int64_t count = 0;
    library_.check(op_, library_.getAttribute(get(), attribute, kDescriptorType,
                                              static_cast<int64_t>(objects.size()), &count, objects.data()));
    return count;
  }

 private:
  const Library& library_ = Library::get();
  std::string op_;
  std::unique_ptr<DescriptorObject, DestroyDescriptor*> owned_;
};

}  // namespace nodegrad::cuda::dnn
