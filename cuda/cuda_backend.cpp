#include "cuda_backend.h"

#include <algorithm>
#include <string>
#include <utility>

#include "check.h"
#include "copy.h"
#include "cublaslt.h"
#include "cudnn.h"
#include "kernel_table.h"

namespace nodegrad::cuda {

namespace {

KernelTable makeTable() {
  KernelTable table;
  addAttention(table);
  addConvolutions(table);
  addElementwise(table);
  addFft(table);
  addGathers(table);
  addGru(table);
  addLayerNorms(table);
  addLstm(table);
  addMatrices(table);
  addMoves(table);
  addNorms(table);
  addOrders(table);
  addPools(table);
  addProducts(table);
  addRandom(table);
  addReductions(table);
  addScans(table);
  addSegments(table);
  addSimpleRnn(table);
  addSoftmax(table);
  addUpdates(table);
  addWarps(table);
  return table;
}

const KernelTable& kernels() {
  static const KernelTable table = makeTable();
  return table;
}

class CudaRecording : public Recording {
 public:
  CudaRecording(QueuePtr queue, cudaGraph_t graph, Queue::Kept kept)
      : queue_(std::move(queue)), graph_(graph), kept_(std::move(kept)) {
    check(cudaGraphInstantiate(&made_, graph_, 0));
  }
  ~CudaRecording() override {
    if (made_) cudaGraphExecDestroy(made_);
    cudaGraphDestroy(graph_);
  }
  void run() override { check(cudaGraphLaunch(made_, queue_->mainStream())); }

 private:
  QueuePtr queue_;
  cudaGraph_t graph_;
  cudaGraphExec_t made_ = nullptr;
  Queue::Kept kept_;
};

class CudaClock : public Clock {
 public:
  explicit CudaClock(QueuePtr queue) : queue_(std::move(queue)) {}
  ~CudaClock() override {
    for (cudaEvent_t event : laps_) cudaEventDestroy(event);
  }
  void lap() override {
    const cudaStream_t stream = queue_->mainStream();
    cudaEvent_t event = nullptr;
    check(cudaEventCreate(&event));
    laps_.push_back(event);
    check(cudaEventRecord(event, stream));
  }
  std::vector<double> milliseconds() override {
    queue_->use();
    std::vector<double> times;
    if (!laps_.empty()) check(cudaEventSynchronize(laps_.back()));
    for (size_t i = 1; i < laps_.size(); ++i) {
      float time = 0;
      check(cudaEventElapsedTime(&time, laps_[i - 1], laps_[i]));
      times.push_back(time);
    }
    for (cudaEvent_t event : laps_) cudaEventDestroy(event);
    laps_.clear();
    return times;
  }

 private:
  QueuePtr queue_;
  std::vector<cudaEvent_t> laps_;
};

class CudaBackend : public Backend {
 public:
  explicit CudaBackend(int gpu) : gpu_(gpu) {
    useGpu(gpu);
    cudaDeviceProp properties;
    check(cudaGetDeviceProperties(&properties, gpu));
    name_ = properties.name;
    architecture_ = "sm_" + std::to_string(properties.major) + std::to_string(properties.minor);
    hasBfloat16_ = properties.major >= 8;  // Ampere
    queue_ = std::make_shared<Queue>(gpu);
    // Or what is wrong with them would show in the first step.
    lt::Library::get();
    dnn::Library::get();
  }

  std::string name() const override { return name_; }
  std::string architecture() const override { return architecture_; }
  Habits habits() const override { return {.alignment = kMemoryAlignment}; }
  bool hasBfloat16() const override { return hasBfloat16_; }
  PrecisionChoice precisions(const KernelSpec& spec) const override {
    const auto found = kernels().find(spec.op);
    const bool any = found != kernels().end() && found->second.precisions;
    return any ? found->second.precisions(spec) : onlyFloat32(spec);
  }
  LayoutChoice layouts(const KernelSpec& spec, const std::vector<bool>&) override {
    return {std::vector<LayoutPtr>(spec.inputs.size()), std::vector<LayoutPtr>(spec.outputs.size())};
  }
  std::unique_ptr<Kernel> kernel(const KernelSpec& spec) override {
    queue_->use();
    const auto found = kernels().find(spec.op);
    if (found != kernels().end()) return found->second.make(onThisGpu(spec), queue_);
    const std::string own = gpu_ == 0 ? "cuda" : "cuda:" + std::to_string(gpu_);
    fail(ErrorCode::Device, "[", spec.op, "] expected the device 'cpu', which alone has this op, received '",
         own, "'");
  }
  bool supports(const KernelSpec& spec) const override {
    queue_->use();
    const auto found = kernels().find(spec.op);
    return found != kernels().end() && (!found->second.supports || found->second.supports(spec));
  }
  bool inPlace(const KernelSpec& spec, size_t output, size_t input) const override {
    const auto found = kernels().find(spec.op);
    return found != kernels().end() && found->second.inPlace && found->second.inPlace(spec, output, input);
  }

  std::shared_ptr<Buffer> allocate(size_t bytes) override {
    return std::make_shared<DeviceBuffer>(queue_, bytes, this);
  }
  // The rest is for the steps, and for what else runs on the GPU.
  size_t residentBytes() const override {
    queue_->use();
    size_t room = 0, total = 0;
    check(cudaMemGetInfo(&room, &total));
    return room / 4;
  }

  void copy(const void* from, void* to, size_t bytes) override {
    if (bytes) copyUnlessRefused(*queue_, from, to, bytes);
  }
  void toRowMajor(const TensorType& type, const LayoutPtr&, const void* from, void* host) override {
    if (const size_t bytes = bytesOf(type)) queue_->download(from, host, bytes);
  }
  void fromRowMajor(const TensorType& type, const LayoutPtr&, const void* host, void* to) override {
    if (const size_t bytes = bytesOf(type)) queue_->upload(host, to, bytes);
  }

  std::unique_ptr<Recording> record(const std::function<void()>& body) override {
    Queue::Kept kept;
    const cudaGraph_t graph = queue_->capture(body, kept);
    auto recording = std::make_unique<CudaRecording>(queue_, graph, std::move(kept));
    recording->run();
    return recording;
  }
  std::unique_ptr<Clock> clock() override { return std::make_unique<CudaClock>(queue_); }
  void whenDone(std::function<void(std::exception_ptr)> done) override { queue_->whenDone(std::move(done)); }
  void end() override { queue_->end(); }

  int enter(int threads) override {
    queue_->use();
    return threads;
  }

 private:
  // TF32 came with bfloat16.
  KernelSpec onThisGpu(KernelSpec spec) const {
    if (spec.compute == Compute::TensorFloat32 && !hasBfloat16_) spec.compute = Compute::Float32;
    return spec;
  }

  int gpu_;
  std::string name_, architecture_;
  bool hasBfloat16_ = false;
  QueuePtr queue_;
};

}  // namespace

std::unique_ptr<Backend> makeCudaBackend(int gpu) { return std::make_unique<CudaBackend>(gpu); }

}  // namespace nodegrad::cuda
