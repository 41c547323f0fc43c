#pragma once
// Stands for NVIDIA's header: the part of the CUDA runtime that cuda/ uses, on the processor. A stream is a
// thread that is late, memory ends where it may not be touched, and a kernel's threads are fibers.
// https://docs.nvidia.com/cuda/cuda-runtime-api/
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#define __global__
#define __device__
#define __host__
#define __shared__

enum cudaError_t {
  cudaSuccess = 0,
  cudaErrorInvalidValue = 1,
  cudaErrorMemoryAllocation = 2,
  cudaErrorInvalidConfiguration = 9,
  cudaErrorInvalidDevice = 101,
  cudaErrorInvalidResourceHandle = 400,
  cudaErrorLaunchFailure = 719,
  cudaErrorStreamCaptureUnsupported = 900,
};
enum cudaMemcpyKind { cudaMemcpyHostToDevice = 1, cudaMemcpyDeviceToHost = 2, cudaMemcpyDeviceToDevice = 3 };
enum cudaStreamCaptureMode { cudaStreamCaptureModeThreadLocal = 1 };
enum cudaMemPoolAttr { cudaMemPoolAttrReleaseThreshold = 4 };
constexpr unsigned cudaStreamNonBlocking = 1, cudaEventBlockingSync = 1, cudaEventDisableTiming = 2;

struct dim3 {
  unsigned x, y, z;
  dim3(unsigned x = 1, unsigned y = 1, unsigned z = 1) : x(x), y(y), z(z) {}
};
// Of the one kernel that runs.
inline dim3 threadIdx, blockIdx, blockDim, gridDim;
extern unsigned char* sharedBytes;

namespace emulation {
class Event;
using Task = std::function<void()>;
using Graph = std::vector<Task>;

// Libraries that stand for NVIDIA's queue to it, too.
class Stream {
 public:
  virtual ~Stream() = default;
  // Queues a task, or records it.
  virtual void push(Task task) = 0;
  std::unique_ptr<Graph> captured;
  int gpu = 0;
};

// Queues a task, or records it.
cudaError_t push(Stream* stream, Task task);
// Counts a launch that is not recorded.
void countKernel(const Stream* stream);
// Calls body as each thread of each block.
void runThreads(dim3 blocks, dim3 threads, size_t sharedBytes, const std::function<void()>& body);

// What every GPU has: more is refused.
constexpr size_t kMostShared = 48 << 10;
constexpr unsigned kMostThreads = 1024, kMostBlocks = 0x7fffffff, kMostBlocksYz = 65535, kMostThreadsZ = 64;
inline bool fits(dim3 blocks, dim3 threads, size_t shared) {
  return blocks.x > 0 && blocks.y > 0 && blocks.z > 0 && threads.x > 0 && threads.y > 0 && threads.z > 0 &&
         blocks.x <= kMostBlocks && blocks.y <= kMostBlocksYz && blocks.z <= kMostBlocksYz &&
         threads.z <= kMostThreadsZ && uint64_t{threads.x} * threads.y * threads.z <= kMostThreads &&
         shared <= kMostShared;
}

// What a kernel did that a GPU does not allow: the next who waits for the stream is told, once.
void fault(std::string text);
bool takeFault(std::string& text);

// Where a barrier is written.
struct Place {
  const char* file = nullptr;
  int line = 0;
  bool operator==(const Place&) const = default;
};
void waitForBlock(Place place);
// Gives a number to the other threads of the warp and takes that of one of them.
uint64_t shuffle(uint64_t given, unsigned lane, Place place);
unsigned laneOf();
}  // namespace emulation

using cudaStream_t = emulation::Stream*;
using cudaEvent_t = emulation::Event*;
using cudaGraph_t = emulation::Graph*;
using cudaGraphExec_t = emulation::Graph*;
using cudaMemPool_t = struct EmulatedPool*;

struct cudaDeviceProp {
  char name[256];
  int major, minor;
};
struct cudaLaunchConfig_t {
  dim3 gridDim, blockDim;
  size_t dynamicSmemBytes;
  cudaStream_t stream;
};

const char* cudaGetErrorName(cudaError_t error);
const char* cudaGetErrorString(cudaError_t error);
cudaError_t cudaGetLastError();
cudaError_t cudaSetDevice(int device);
cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device);
cudaError_t cudaMemGetInfo(size_t* room, size_t* total);
cudaError_t cudaDeviceGetDefaultMemPool(cudaMemPool_t* pool, int device);
cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t pool, cudaMemPoolAttr attribute, void* value);
cudaError_t cudaMallocAsync(void** data, size_t bytes, cudaStream_t stream);
cudaError_t cudaFreeAsync(void* data, cudaStream_t stream);
cudaError_t cudaMemcpyAsync(void* to, const void* from, size_t bytes, cudaMemcpyKind kind,
                            cudaStream_t stream);
cudaError_t cudaMemsetAsync(void* to, int value, size_t bytes, cudaStream_t stream);
cudaError_t cudaMallocHost(void** data, size_t bytes);
cudaError_t cudaFreeHost(void* data);
cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags);
cudaError_t cudaStreamDestroy(cudaStream_t stream);
cudaError_t cudaStreamSynchronize(cudaStream_t stream);
cudaError_t cudaStreamBeginCapture(cudaStream_t stream, cudaStreamCaptureMode mode);
cudaError_t cudaStreamEndCapture(cudaStream_t stream, cudaGraph_t* graph);
cudaError_t cudaGraphInstantiate(cudaGraphExec_t* made, cudaGraph_t graph, unsigned long long flags);
cudaError_t cudaGraphLaunch(cudaGraphExec_t graph, cudaStream_t stream);
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t graph);
cudaError_t cudaGraphDestroy(cudaGraph_t graph);
cudaError_t cudaEventCreate(cudaEvent_t* event);
cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned flags);
cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t stream);
cudaError_t cudaEventSynchronize(cudaEvent_t event);
cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t from, cudaEvent_t to);
cudaError_t cudaEventDestroy(cudaEvent_t event);

template <class... Parameters, class... Arguments>
cudaError_t cudaLaunchKernelEx(const cudaLaunchConfig_t* config, void (*kernel)(Parameters...),
                               Arguments&&... arguments) {
  static_assert((sizeof(Parameters) + ...) <= 4096, "every GPU takes as many bytes of parameters");
  const cudaLaunchConfig_t& c = *config;
  if (!emulation::fits(c.gridDim, c.blockDim, c.dynamicSmemBytes)) return cudaErrorInvalidConfiguration;
  emulation::countKernel(c.stream);
  return emulation::push(
      c.stream, [c, kernel, values = std::tuple<Parameters...>(std::forward<Arguments>(arguments)...)] {
        emulation::runThreads(c.gridDim, c.blockDim, c.dynamicSmemBytes, [&] { std::apply(kernel, values); });
      });
}

inline void __syncthreads(const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  emulation::waitForBlock({file, line});
}
template <class T>
T __shfl_xor_sync(unsigned, T own, int mask, const char* file = __builtin_FILE(),
                  int line = __builtin_LINE()) {
  static_assert(sizeof(T) <= sizeof(uint64_t));
  uint64_t bits = 0;
  std::memcpy(&bits, &own, sizeof own);
  bits = emulation::shuffle(bits, emulation::laneOf() ^ static_cast<unsigned>(mask), {file, line});
  std::memcpy(&own, &bits, sizeof own);
  return own;
}

inline int __float_as_int(float number) {
  int bits;
  std::memcpy(&bits, &number, sizeof bits);
  return bits;
}
inline float __int_as_float(int bits) {
  float number;
  std::memcpy(&number, &bits, sizeof number);
  return number;
}
inline void sincospi(double x, double* sine, double* cosine) {
  *sine = std::sin(std::acos(-1.0) * x);
  *cosine = std::cos(std::acos(-1.0) * x);
}
inline void sincospif(float x, float* sine, float* cosine) {
  const double turn = std::acos(-1.0) * x;
  *sine = static_cast<float>(std::sin(turn));
  *cosine = static_cast<float>(std::cos(turn));
}
float erfinvf(float x);
// Threads run one after another.
inline unsigned long long atomicMin(unsigned long long* at, unsigned long long number) {
  const unsigned long long before = *at;
  if (number < before) *at = number;
  return before;
}
