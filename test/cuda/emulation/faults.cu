// Kernels with mistakes that a GPU does not forgive, for the test that the emulation finds them:
//   faults NAME    prints what came, or ends by a signal
#include <cstdio>
#include <cstring>

#include "launch.h"
#include "shared_memory.h"

using namespace nodegrad::cuda;

namespace {

constexpr int kCount = 96;

// Turns a block's numbers around by way of shared memory.
template <bool waits>
__global__ void turn(int* numbers) {
  int* shared = sharedMemory<int>();
  shared[threadIdx.x] = numbers[threadIdx.x];
  if (waits) __syncthreads();
  numbers[threadIdx.x] = shared[blockDim.x - 1 - threadIdx.x];
}

// Sums a warp's numbers.
__global__ void sumWarps(int* numbers) {
  int sum = numbers[threadIdx.x];
  for (int mask = 16; mask > 0; mask /= 2) sum += __shfl_xor_sync(0xffffffffu, sum, mask);
  numbers[threadIdx.x] = sum;
}

__global__ void leaveEarly(int* numbers) {
  if (threadIdx.x == 3) return;
  __syncthreads();
  numbers[threadIdx.x] = 0;
}

__global__ void waitApart(int*) {
  if (threadIdx.x < 3)
    __syncthreads();
  else
    __syncthreads();
}

__global__ void writeBeyond(int*) { sharedMemory<int>()[blockDim.x] = 1; }
__global__ void writeBefore(int*) { sharedMemory<int>()[-(48 << 8)] = 1; }

struct Case {
  const char* name;
  void (*kernel)(int*);
  unsigned blocks = 1, threads = kCount;
  size_t sharedBytes = kCount * sizeof(int);
};

const Case kCases[] = {
    {"turned", turn<true>},    {"missing", turn<false>},
    {"warps", sumWarps},       {"early", leaveEarly},
    {"apart", waitApart},      {"beyond", writeBeyond},
    {"before", writeBefore},   {"threads", turn<true>, 1, 1025},
    {"blocks", turn<true>, 0}, {"shared", turn<true>, 1, kCount, (48 << 10) + 1},
};

const char* told(cudaError_t error) { return error == cudaSuccess ? "" : cudaGetErrorString(error); }

}  // namespace

int main(int argc, char** argv) {
  for (const Case& one : kCases) {
    if (argc < 2 || std::strcmp(argv[1], one.name) != 0) continue;
    cudaStream_t stream;
    cudaStreamCreateWithFlags(&stream, 0);
    void* memory = nullptr;
    cudaMallocAsync(&memory, kCount * sizeof(int), stream);
    int numbers[kCount];
    for (int i = 0; i < kCount; ++i) numbers[i] = i;
    cudaMemcpyAsync(memory, numbers, sizeof numbers, cudaMemcpyHostToDevice, stream);
    cudaLaunchConfig_t config{};
    config.gridDim = dim3(one.blocks);
    config.blockDim = dim3(one.threads);
    config.dynamicSmemBytes = one.sharedBytes;
    config.stream = stream;
    const cudaError_t launched = cudaLaunchKernelEx(&config, one.kernel, static_cast<int*>(memory));
    cudaMemcpyAsync(numbers, memory, sizeof numbers, cudaMemcpyDeviceToHost, stream);
    const cudaError_t ran = cudaStreamSynchronize(stream);
    std::printf("%s%s", told(launched), told(ran));
    if (launched == cudaSuccess && ran == cudaSuccess)
      for (const int number : numbers) std::printf("%d ", number);
    std::printf("\n");
    return 0;
  }
  return 2;
}
