#include "queue.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <system_error>
#include <utility>

#include "check.h"
#include "spec/refusal.h"

namespace nodegrad::cuda {

namespace {

// The smallest piece that the allocator hands out; of no bytes it would give no address.
constexpr size_t kLeastBytes = 256;
// Of a piece of pinned memory: losses, metrics and small predictions fit.
constexpr size_t kPinnedBytes = 64 << 10;

void* take(const Queue& queue, size_t bytes) {
  void* data = nullptr;
  const cudaError_t error = cudaMallocAsync(&data, std::max(bytes, kLeastBytes), queue.mainStream());
  if (error == cudaErrorMemoryAllocation) {
    cudaGetLastError();
    size_t room = 0, total = 0;
    check(cudaMemGetInfo(&room, &total));
    fail(ErrorCode::OutOfMemory, "expected room for ", bytes, " bytes on the GPU, received ", room, " of ",
         total);
  }
  check(error);
  return data;
}

const char* opOf(Refuser refuser) {
  switch (refuser) {
    case Refuser::GatherBackward: return "gatherBackward";
    case Refuser::SegmentMax: return "segmentMax";
    case Refuser::SegmentMin: return "segmentMin";
    case Refuser::SegmentProd: return "segmentProd";
    default: return "gather";
  }
}

void throwRefused(const Refusal& refusal) {
  if (refusal.by == Refuser::Nobody) return;
  if (refusal.by == Refuser::Labels) spec::refuseLabel(refusal.n, refusal.index, refusal.place);
  if (refusal.by == Refuser::ToIndices)
    spec::refuseNumber(std::bit_cast<float>(static_cast<int32_t>(refusal.index)), refusal.place);
  spec::refuseIndex(opOf(refusal.by), refusal.n, refusal.index, refusal.place);
}

std::exception_ptr errorOf(cudaError_t status, const Refusal& refusal) {
  try {
    check(status);
    throwRefused(refusal);
  } catch (...) {
    return std::current_exception();
  }
  return nullptr;
}

}  // namespace

Queue::Queue(int gpu) : gpu_(gpu) {
  use();
  check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking));
  check(cudaStreamCreateWithFlags(&recording_, cudaStreamNonBlocking));
  // Memory that is given back stays with the process for its next step.
  cudaMemPool_t pool = nullptr;
  check(cudaDeviceGetDefaultMemPool(&pool, gpu_));
  uint64_t all = UINT64_MAX;
  check(cudaMemPoolSetAttribute(pool, cudaMemPoolAttrReleaseThreshold, &all));
  void* refusal = nullptr;
  check(cudaMallocAsync(&refusal, sizeof(Refusal), stream_));
  refusal_ = static_cast<Refusal*>(refusal);
  check(cudaMemsetAsync(refusal_, 0, sizeof(Refusal), stream_));
  try {
    thread_ = std::thread([this] { loop(); });
  } catch (const std::system_error& error) {
    fail(ErrorCode::Device, "expected to start the thread that waits for the GPU, received '", error.what(),
         "'");
  }
}

// At the end of the process CUDA may be gone already: what it reports then is nobody's concern.
Queue::~Queue() {
  stop();
  for (Refusal* copy : copies_) cudaFreeHost(copy);
  for (std::byte* piece : pinned_) cudaFreeHost(piece);
  cudaFreeAsync(refusal_, stream_);
  cudaStreamDestroy(recording_);
  cudaStreamDestroy(stream_);
}

cudaGraph_t Queue::capture(const std::function<void()>& body, Kept& kept) {
  if (recorded_) fail(ErrorCode::Internal, "expected no recording within another");
  use();
  check(cudaStreamBeginCapture(recording_, cudaStreamCaptureModeThreadLocal));
  recorded_ = &kept;
  cudaGraph_t graph = nullptr;
  try {
    body();
  } catch (...) {
    recorded_ = nullptr;
    cudaStreamEndCapture(recording_, &graph);
    if (graph) cudaGraphDestroy(graph);
    throw;
  }
  recorded_ = nullptr;
  check(cudaStreamEndCapture(recording_, &graph));
  return graph;
}

void Queue::download(const void* from, void* host, size_t bytes) {
  use();
  std::byte* pinned = bytes <= kPinnedBytes ? takePinned() : nullptr;
  check(cudaMemcpyAsync(pinned ? pinned : host, from, bytes, cudaMemcpyDeviceToHost, stream_));
  if (pinned) landings_.push_back({pinned, host, bytes});
}

void Queue::whenDone(std::function<void(std::exception_ptr)> done) {
  cudaEvent_t event = nullptr;
  Refusal* copy = nullptr;
  std::vector<Landing> landings = std::exchange(landings_, {});
  try {
    use();
    copy = takeCopy();
    check(cudaMemcpyAsync(copy, refusal_, sizeof *copy, cudaMemcpyDeviceToHost, stream_));
    check(cudaMemsetAsync(refusal_, 0, sizeof *copy, stream_));
    check(cudaEventCreateWithFlags(&event, cudaEventDisableTiming | cudaEventBlockingSync));
    check(cudaEventRecord(event, stream_));
  } catch (...) {
    // The copies may be on their way: they are not used again.
    if (event) cudaEventDestroy(event);
    return done(std::current_exception());
  }
  push({event, copy, std::move(landings), std::move(done)});
}

// Memory that the GPU writes to by itself, so that nothing waits for the copy.
Refusal* Queue::takeCopy() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!copies_.empty()) {
      Refusal* copy = copies_.back();
      copies_.pop_back();
      return copy;
    }
  }
  void* made = nullptr;
  check(cudaMallocHost(&made, sizeof(Refusal)));
  return static_cast<Refusal*>(made);
}

std::byte* Queue::takePinned() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (!pinned_.empty()) {
      std::byte* piece = pinned_.back();
      pinned_.pop_back();
      return piece;
    }
  }
  void* made = nullptr;
  check(cudaMallocHost(&made, kPinnedBytes));
  return static_cast<std::byte*>(made);
}

void Queue::push(Waiting waiting) {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    waiting_.push_back(std::move(waiting));
  }
  changed_.notify_one();
}

void Queue::stop() {
  if (!thread_.joinable()) return;
  push({nullptr, nullptr, {}, nullptr});
  thread_.join();
}

void Queue::end() {
  stop();
  check(cudaStreamSynchronize(stream_));
}

void Queue::loop() {
  const cudaError_t entered = cudaSetDevice(gpu_);
  for (;;) {
    Waiting next;
    {
      std::unique_lock<std::mutex> lock(mutex_);
      changed_.wait(lock, [this] { return !waiting_.empty(); });
      next = std::move(waiting_.front());
      waiting_.pop_front();
    }
    if (!next.event) return;
    const cudaError_t status = entered == cudaSuccess ? cudaEventSynchronize(next.event) : entered;
    cudaEventDestroy(next.event);
    const std::exception_ptr error = errorOf(status, *next.refusal);
    for (const Landing& landing : next.landings) std::memcpy(landing.host, landing.pinned, landing.bytes);
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      copies_.push_back(next.refusal);
      for (const Landing& landing : next.landings) pinned_.push_back(landing.pinned);
    }
    next.done(error);
  }
}

DeviceBuffer::DeviceBuffer(std::shared_ptr<Queue> queue, size_t bytes, Backend* owner)
    : Buffer(take(*queue, bytes), bytes, owner), queue_(std::move(queue)) {}

DeviceBuffer::~DeviceBuffer() { cudaFreeAsync(data(), queue_->mainStream()); }

}  // namespace nodegrad::cuda
