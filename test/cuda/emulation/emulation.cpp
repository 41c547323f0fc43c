#include <cuda_runtime.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>

namespace emulation {

namespace {

// What memory holds before it is written: NaN, or a strange index.
constexpr int kPoison = 0xff;
constexpr size_t kTotalBytes = size_t{4} << 30;
constexpr int kGpus = 2;
// One task in so many is late, by up to so long; of the later ones fewer, so that long runs end.
constexpr unsigned kDelayed = 8, kLaterDelayed = 256, kEarlyTasks = 1 << 12;
constexpr std::chrono::microseconds kLongestDelay{100};

const size_t kPage = static_cast<size_t>(sysconf(_SC_PAGESIZE));
// No kernel reads more at once.
constexpr size_t kMostAlign = 16;

size_t roundUp(size_t bytes, size_t unit) { return (bytes + unit - 1) / unit * unit; }

// Each piece of memory ends where a page begins that nobody may touch.
struct Piece {
  int gpu;
  void* pages;
  size_t bytes;  // with the page at each end
};
std::mutex piecesMutex;
std::map<void*, Piece> pieces;
size_t usedBytes = 0;

thread_local std::string lastFault;
// Of this thread's calls.
thread_local int currentGpu = 0;

// Memory of the host that the GPU reads and writes by itself; the bytes of each piece.
std::mutex pinnedMutex;
std::map<const std::byte*, size_t> pinnedPieces;

// The GPU that an address belongs to; -1: none.
int gpuOf(const void* data) {
  const std::lock_guard<std::mutex> lock(piecesMutex);
  auto piece = pieces.upper_bound(const_cast<void*>(data));
  if (piece == pieces.begin()) return -1;
  --piece;
  const auto* end = static_cast<const std::byte*>(piece->second.pages) + piece->second.bytes;
  return data < end ? piece->second.gpu : -1;
}

bool isPinned(const void* data) {
  const std::lock_guard<std::mutex> lock(pinnedMutex);
  const auto* at = static_cast<const std::byte*>(data);
  auto piece = pinnedPieces.upper_bound(at);
  return piece != pinnedPieces.begin() && at < (--piece)->first + piece->second;
}

// What was asked for since the process began.
struct Counts {
  std::atomic<size_t> kernels{0}, graphs{0}, copies{0}, allocations{0}, waits{0};
} counts;
// Whether this thread queues: those that only wait do not hold the steps up.
thread_local bool queues = false;

}  // namespace

class ThreadStream : public Stream {
 public:
  ThreadStream() : thread_([this] { loop(); }) {}
  ~ThreadStream() override {
    pushNow(nullptr);
    thread_.join();
  }

  void push(Task task) override {
    if (captured)
      captured->push_back(std::move(task));
    else
      pushNow(std::move(task));
  }

 private:
  void pushNow(Task task) {
    const std::lock_guard<std::mutex> lock(mutex_);
    tasks_.push_back(std::move(task));
    changed_.notify_one();
  }

  void loop() {
    std::mt19937 random(1);
    for (unsigned done = 0;; ++done) {
      Task task;
      {
        std::unique_lock<std::mutex> lock(mutex_);
        changed_.wait(lock, [this] { return !tasks_.empty(); });
        task = std::move(tasks_.front());
        tasks_.pop_front();
      }
      if (!task) return;
      if (random() % (done < kEarlyTasks ? kDelayed : kLaterDelayed) == 0)
        std::this_thread::sleep_for(kLongestDelay * (random() % 8) / 8);
      task();
    }
  }

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Task> tasks_;
  std::thread thread_;  // last: it uses all of the above
};

class Event {
 public:
  const int gpu = currentGpu;

  void record(Stream* stream) {
    state_ = std::make_shared<State>();
    stream->push([state = state_] {
      const std::lock_guard<std::mutex> lock(state->mutex);
      state->time = std::chrono::steady_clock::now();
      state->over = true;
      state->changed.notify_all();
    });
  }
  std::chrono::steady_clock::time_point wait() {
    std::unique_lock<std::mutex> lock(state_->mutex);
    if (queues && !state_->over) ++counts.waits;
    state_->changed.wait(lock, [this] { return state_->over; });
    return state_->time;
  }

 private:
  struct State {
    std::mutex mutex;
    std::condition_variable changed;
    bool over = false;
    std::chrono::steady_clock::time_point time;
  };
  std::shared_ptr<State> state_;
};

void countKernel(const Stream* stream) {
  if (!stream->captured) ++counts.kernels;
}

cudaError_t push(Stream* stream, Task task) {
  queues = true;
  if (stream->gpu != currentGpu) return cudaErrorInvalidResourceHandle;
  stream->push(std::move(task));
  return cudaSuccess;
}

}  // namespace emulation

using namespace emulation;

const char* cudaGetErrorName(cudaError_t error) {
  switch (error) {
    case cudaErrorMemoryAllocation: return "cudaErrorMemoryAllocation";
    case cudaErrorInvalidConfiguration: return "cudaErrorInvalidConfiguration";
    case cudaErrorInvalidDevice: return "cudaErrorInvalidDevice";
    case cudaErrorInvalidResourceHandle: return "cudaErrorInvalidResourceHandle";
    case cudaErrorLaunchFailure: return "cudaErrorLaunchFailure";
    case cudaErrorStreamCaptureUnsupported: return "cudaErrorStreamCaptureUnsupported";
    default: return "cudaErrorInvalidValue";
  }
}
const char* cudaGetErrorString(cudaError_t error) {
  switch (error) {
    case cudaErrorMemoryAllocation: return "out of memory";
    case cudaErrorInvalidConfiguration: return "invalid configuration argument";
    case cudaErrorInvalidDevice: return "invalid device ordinal";
    case cudaErrorInvalidResourceHandle: return "invalid resource handle";
    case cudaErrorLaunchFailure: return lastFault.c_str();
    case cudaErrorStreamCaptureUnsupported: return "operation not permitted when stream is capturing";
    default: return "invalid argument";
  }
}
cudaError_t cudaGetLastError() { return cudaSuccess; }
cudaError_t cudaSetDevice(int device) {
  if (device < 0 || device >= kGpus) return cudaErrorInvalidDevice;
  currentGpu = device;
  return cudaSuccess;
}
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int) {
  *properties = {"emulated GPU", 9, 0};
  return cudaSuccess;
}
cudaError_t cudaMemGetInfo(size_t* room, size_t* total) {
  const std::lock_guard<std::mutex> lock(piecesMutex);
  *room = kTotalBytes - usedBytes;
  *total = kTotalBytes;
  return cudaSuccess;
}
cudaError_t cudaDeviceGetDefaultMemPool(cudaMemPool_t* pool, int) {
  *pool = nullptr;
  return cudaSuccess;
}
cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t, cudaMemPoolAttr, void*) { return cudaSuccess; }

cudaError_t cudaMallocAsync(void** data, size_t bytes, cudaStream_t stream) {
  if (bytes == 0) return cudaErrorInvalidValue;
  if (stream->captured) return cudaErrorStreamCaptureUnsupported;
  ++counts.allocations;
  const size_t inner = roundUp(bytes, kPage), all = inner + 2 * kPage;
  const std::lock_guard<std::mutex> lock(piecesMutex);
  if (bytes > kTotalBytes - usedBytes) return cudaErrorMemoryAllocation;
  void* pages = mmap(nullptr, all, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (pages == MAP_FAILED) return cudaErrorMemoryAllocation;
  auto* begin = static_cast<std::byte*>(pages) + kPage;
  if (mprotect(begin, inner, PROT_READ | PROT_WRITE) != 0) return cudaErrorMemoryAllocation;
  std::memset(begin, kPoison, inner);
  // Whatever the elements are, their size divides that of all, and so does what they have to be aligned to.
  const size_t align = std::min(kMostAlign, bytes & (~bytes + 1));
  *data = begin + (inner - roundUp(bytes, align));
  pieces[*data] = {currentGpu, pages, all};
  usedBytes += inner;
  return cudaSuccess;
}

cudaError_t cudaFreeAsync(void* data, cudaStream_t stream) {
  return push(stream, [data] {
    const std::lock_guard<std::mutex> lock(piecesMutex);
    const auto piece = pieces.find(data);
    munmap(piece->second.pages, piece->second.bytes);
    usedBytes -= piece->second.bytes - 2 * kPage;
    pieces.erase(piece);
  });
}

cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream) {
  if (!stream->captured) ++counts.copies;
  const bool down = kind == cudaMemcpyDeviceToHost, up = kind == cudaMemcpyHostToDevice;
  if ((down || up) && gpuOf(down ? from : to) != stream->gpu) return cudaErrorInvalidValue;
  if ((!down && !up) || isPinned(down ? to : from))
    return push(stream, [=] { std::memmove(to, from, bytes); });
  // CUDA does not let the caller go on before it is over, or before the stream has come to the copy.
  if (down) {
    push(stream, [=] { std::memmove(to, from, bytes); });
    Event event;
    event.record(stream);
    event.wait();
    return cudaSuccess;
  }
  ++counts.waits;
  const auto* first = static_cast<const std::byte*>(from);
  return push(stream, [to, copy = std::vector<std::byte>(first, first + bytes)] {
    std::memcpy(to, copy.data(), copy.size());
  });
}

cudaError_t cudaMemsetAsync(void* to, int value, size_t bytes, cudaStream_t stream) {
  return push(stream, [=] { std::memset(to, value, bytes); });
}
cudaError_t cudaMallocHost(void** data, size_t bytes) {
  ++counts.allocations;
  *data = ::operator new(bytes);
  const std::lock_guard<std::mutex> lock(pinnedMutex);
  pinnedPieces[static_cast<std::byte*>(*data)] = bytes;
  return cudaSuccess;
}
cudaError_t cudaFreeHost(void* data) {
  {
    const std::lock_guard<std::mutex> lock(pinnedMutex);
    pinnedPieces.erase(static_cast<std::byte*>(data));
  }
  ::operator delete(data);
  return cudaSuccess;
}

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned) {
  *stream = new ThreadStream();
  (*stream)->gpu = currentGpu;
  return cudaSuccess;
}
cudaError_t cudaStreamDestroy(cudaStream_t stream) {
  delete stream;
  return cudaSuccess;
}
cudaError_t cudaStreamSynchronize(cudaStream_t stream) {
  if (stream->captured) return cudaErrorStreamCaptureUnsupported;
  queues = true;
  Event event;
  event.record(stream);
  return cudaEventSynchronize(&event);
}
cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode) {
  stream->captured = std::make_unique<Graph>();
  return cudaSuccess;
}
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph) {
  *graph = stream->captured.release();
  return cudaSuccess;
}
cudaError_t cudaGraphInstantiate(cudaGraphExec_t* made, cudaGraph_t graph, unsigned long long) {
  *made = new Graph(*graph);
  return cudaSuccess;
}
cudaError_t cudaGraphLaunch(cudaGraphExec_t graph, cudaStream_t stream) {
  ++counts.graphs;
  return push(stream, [tasks = *graph] {
    for (const Task& task : tasks) task();
  });
}
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t graph) {
  delete graph;
  return cudaSuccess;
}
cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  delete graph;
  return cudaSuccess;
}

cudaError_t cudaEventCreate(cudaEvent_t* event) { return cudaEventCreateWithFlags(event, 0); }
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned) {
  *event = new Event();
  return cudaSuccess;
}
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream) {
  if (stream->captured) return cudaErrorStreamCaptureUnsupported;
  if (event->gpu != stream->gpu) return cudaErrorInvalidResourceHandle;
  event->record(stream);
  return cudaSuccess;
}
cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  event->wait();
  return takeFault(lastFault) ? cudaErrorLaunchFailure : cudaSuccess;
}
cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t from, cudaEvent_t to) {
  *milliseconds = std::chrono::duration<float, std::milli>(to->wait() - from->wait()).count();
  return cudaSuccess;
}
cudaError_t cudaEventDestroy(cudaEvent_t event) {
  delete event;
  return cudaSuccess;
}

// For tests, which load this library as one whose version they ask for.
#define NODEGRAD_COUNT extern "C" __attribute__((visibility("default"))) size_t
NODEGRAD_COUNT emulatedKernels() { return counts.kernels; }
NODEGRAD_COUNT emulatedGraphs() { return counts.graphs; }
NODEGRAD_COUNT emulatedCopies() { return counts.copies; }
NODEGRAD_COUNT emulatedAllocations() { return counts.allocations; }
NODEGRAD_COUNT emulatedWaits() { return counts.waits; }

// By Newton's method from a formula of Winitzki's.
float erfinvf(float x) {
  const double y = x, root = std::acos(-1.0);
  if (!(std::fabs(y) < 1)) return y == 1 || y == -1 ? static_cast<float>(y * HUGE_VAL) : NAN;
  const double a = 0.147, l = std::log1p(-y * y), b = 2 / (root * a) + l / 2;
  double z = std::copysign(std::sqrt(std::sqrt(b * b - l / a) - b), y);
  for (int i = 0; i < 4; ++i) z -= (std::erf(z) - y) / (2 / std::sqrt(root) * std::exp(-z * z));
  return static_cast<float>(z);
}
