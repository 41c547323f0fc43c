// What the addon looks for in this library (cpp/devices/cuda_library.h).
#include "cuda_backend.h"

#define NODEGRAD_EXPORT extern "C" __attribute__((visibility("default")))

NODEGRAD_EXPORT const char* nodegradCudaAbi() { return NODEGRAD_ABI; }

NODEGRAD_EXPORT nodegrad::Backend* nodegradCudaOpen(int gpu) {
  return nodegrad::cuda::makeCudaBackend(gpu).release();
}
