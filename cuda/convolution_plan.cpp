#include "convolution_plan.h"

#include <algorithm>
#include <deque>
#include <vector>

#include "core/error.h"

namespace nodegrad::cuda {

namespace {

using dnn::Attribute;
using dnn::Object;
using spec::Convolution;
using spec::ConvPass;

// Which attributes a pass has.
struct Pass {
  dnn::Kind kind;
  Attribute alpha, beta, convolution, x, w, y;
};
Pass passOf(ConvPass pass) {
  if (pass == ConvPass::Forward)
    return {dnn::kForward,  dnn::kForwardAlpha, dnn::kForwardBeta, dnn::kForwardConvolution,
            dnn::kForwardX, dnn::kForwardW,     dnn::kForwardY};
  if (pass == ConvPass::BackwardData)
    return {dnn::kBackwardData, dnn::kDataAlpha, dnn::kDataBeta, dnn::kDataConvolution,
            dnn::kDataX,        dnn::kDataW,     dnn::kDataY};
  return {dnn::kBackwardFilter, dnn::kFilterAlpha, dnn::kFilterBeta, dnn::kFilterConvolution,
          dnn::kFilterX,        dnn::kFilterW,     dnn::kFilterY};
}

// The names of the tensors in a graph.
enum Id : int64_t { kX = 1, kW, kY };

// cuDNN's convolutions have two spatial dimensions or three.
constexpr int kFewestSpatial = 2;

// The alignment of all memory, in bytes; more would bring nothing.
constexpr int64_t kAlignment = 16;

// Plans of more memory than this are left out.
constexpr size_t kMostWorkspace = size_t{1} << 30;

// Dims in the order batch, channels, spatial ones, with their strides.
struct View {
  std::vector<int64_t> dims, strides;

  void add(int64_t size, int64_t stride) {
    dims.push_back(size);
    strides.push_back(stride);
  }
};

View imageView(const Dims& shape, const ImageAxes& axes) {
  const Dims strides = rowMajorStrides(shape);
  const auto at = [](int axis) { return static_cast<size_t>(axis); };
  View view;
  view.add(shape[at(axes.n)], strides[at(axes.n)]);
  view.add(shape[at(axes.c)], strides[at(axes.c)]);
  for (int s = axes.spatial; s < kFewestSpatial; ++s)
    view.add(1, strides[at(axes.first)] * shape[at(axes.first)]);
  for (int s = 0; s < axes.spatial; ++s) view.add(shape[at(axes.first + s)], strides[at(axes.first + s)]);
  return view;
}

// Of a kernel [spatial …, in / groups, out], which is kept as [out, spatial …, in / groups].
View weightsView(const Dims& shape, int spatial) {
  const int64_t in = shape[shape.size() - 2], all = count(Dims(shape.begin(), shape.end() - 1));
  View view;
  view.add(shape.back(), all);
  view.add(in, 1);
  for (int s = spatial; s < kFewestSpatial; ++s) view.add(1, all);
  int64_t stride = all;
  for (int s = 0; s < spatial; ++s) {
    stride /= shape[static_cast<size_t>(s)];
    view.add(shape[static_cast<size_t>(s)], stride);
  }
  return view;
}

dnn::Number numberOf(DType dtype) { return dtype == DType::BF16 ? dnn::kBF16 : dnn::kF32; }

Object tensor(const std::string& op, Id id, DType dtype, const View& view) {
  Object made(op, dnn::kTensor);
  made.set(dnn::kTensorId, int64_t{id})
      .set(dnn::kTensorNumber, numberOf(dtype))
      .set(dnn::kTensorAlignment, kAlignment)
      .set(dnn::kTensorDims, view.dims)
      .set(dnn::kTensorStrides, view.strides)
      .finalize();
  return made;
}

Object geometry(const std::string& op, const Window& window) {
  const int spatial = std::max(window.spatial, kFewestSpatial), more = spatial - window.spatial;
  std::vector<int64_t> strides(more, 1), dilations(more, 1), before(more, 0), after(more, 0);
  for (int s = 0; s < window.spatial; ++s) {
    strides.push_back(window.strides[s]);
    dilations.push_back(window.dilations[s]);
    before.push_back(window.pads[2 * s]);
    after.push_back(window.pads[2 * s + 1]);
  }
  Object made(op, dnn::kConvolution);
  made.set(dnn::kConvolutionCompute, dnn::kF32)
      .set(dnn::kConvolutionMode, dnn::kModeType, dnn::kCrossCorrelation)
      .set(dnn::kConvolutionSpatial, int64_t{spatial})
      .set(dnn::kConvolutionStrides, strides)
      .set(dnn::kConvolutionDilations, dilations)
      .set(dnn::kConvolutionBefore, before)
      .set(dnn::kConvolutionAfter, after)
      .finalize();
  return made;
}

Object graphOf(const std::string& op, const Convolution& conv) {
  const Pass pass = passOf(conv.pass);
  const Object x = tensor(op, kX, conv.x.dtype, imageView(conv.x.shape, conv.axes));
  const Object w = tensor(op, kW, conv.w.dtype, weightsView(conv.w.shape, conv.axes.spatial));
  const Object y = tensor(op, kY, conv.y.dtype, imageView(conv.y.shape, conv.axes));
  const Object convolution = geometry(op, conv.window);
  Object operation(op, pass.kind);
  operation.set(pass.convolution, convolution)
      .set(pass.x, x)
      .set(pass.w, w)
      .set(pass.y, y)
      .set(pass.alpha, dnn::kFloatType, 1.0f)
      .set(pass.beta, dnn::kFloatType, 0.0f)
      .finalize();
  Object graph(op, dnn::kGraph);
  graph.setGpu(dnn::kGraphHandle, {}).set(dnn::kGraphOperations, operation).finalize();
  return graph;
}

}  // namespace

// What cuDNN compiles while the process runs takes half a second each, and NVRTC: that comes last.
ConvolutionPlan::ConvolutionPlan(const std::string& op, const Convolution& conv, bool tensorFloat)
    : op_(op), exact_(conv.multiplicandType() == DType::F32 && !tensorFloat) {
  const Object graph = graphOf(op, conv);
  for (const bool compiled : {false, true})
    for (const auto mode : {dnn::kA, dnn::kFallback})
      if (choose(graph, mode, compiled)) return;
  fail(ErrorCode::Device, "[", op, "] expected cuDNN to have an engine for the image ", toString(conv.x),
       " and the kernel ", toString(conv.w),
       ", received none that is exact and gives the same bits each time");
}

bool ConvolutionPlan::choose(const Object& graph, dnn::HeuristicsMode mode, bool compiled) {
  constexpr size_t kMostConfigs = 64;
  Object heuristics(op_, dnn::kHeuristics);
  heuristics.setGpu({}, dnn::kHeuristicsDevice)
      .set(dnn::kHeuristicsGraph, graph)
      .set(dnn::kHeuristicsMode, dnn::kHeuristicsModeType, mode);
  if (!heuristics.tryFinalize()) return false;
  std::deque<Object> configs;
  std::vector<dnn::Descriptor> descriptors;
  for (size_t i = 0; i < kMostConfigs; ++i)
    descriptors.push_back(configs.emplace_back(op_, dnn::kEngineConfig).get());
  const int64_t found = heuristics.fill(dnn::kHeuristicsResults, descriptors);
  for (int64_t i = 0; i < found; ++i) {
    const Object& config = configs[static_cast<size_t>(i)];
    if (!suits(config, compiled)) continue;
    Object plan(op_, dnn::kPlan);
    plan.setGpu(dnn::kPlanHandle, dnn::kPlanDevice).set(dnn::kPlanConfig, config);
    if (!plan.tryFinalize()) continue;
    workspaceBytes_ =
        static_cast<size_t>(plan.values<int64_t>(dnn::kPlanWorkspace, dnn::kInt64Type, 1).at(0));
    if (workspaceBytes_ > kMostWorkspace) continue;
    plan_.emplace(std::move(plan));
    isCompiled_ = compiled;
    return true;
  }
  return false;
}

bool ConvolutionPlan::suits(const Object& config, bool compiled) const {
  const Object engine(op_, dnn::kEngine);
  config.fill(dnn::kConfigEngine, {engine.get()});
  const auto notes = engine.values<dnn::NumericalNote>(dnn::kEngineNumericalNotes, dnn::kNumericalNoteType,
                                                       dnn::kNumericalNotes);
  const auto behaviors = engine.values<dnn::BehaviorNote>(dnn::kEngineBehaviorNotes, dnn::kBehaviorNoteType,
                                                          dnn::kBehaviorNotes);
  const bool isCompiled =
      std::find(behaviors.begin(), behaviors.end(), dnn::kRuntimeCompilation) != behaviors.end();
  return isCompiled == compiled && std::none_of(notes.begin(), notes.end(), [&](dnn::NumericalNote note) {
           return note == dnn::kNondeterministic || note == dnn::kReducedPrecision ||
                  (exact_ && (note == dnn::kTensorCore || note == dnn::kDownConvertsInputs));
         });
}

void ConvolutionPlan::run(cudaStream_t stream, const void* x, const void* w, const void* y,
                          void* workspace) const {
  Object pack(op_, dnn::kVariantPack);
  pack.set(dnn::kPackIds, std::vector<int64_t>{kX, kW, kY})
      .set(dnn::kPackPointers, dnn::kPointerType, std::vector<const void*>{x, w, y})
      .set(dnn::kPackWorkspace, dnn::kPointerType, workspace)
      .finalize();
  library_.check(op_, library_.setStream(library_.handle, stream));
  library_.check(op_, library_.execute(library_.handle, plan_->get(), pack.get()));
}

}  // namespace nodegrad::cuda
