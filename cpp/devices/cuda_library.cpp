#include "devices/cuda_library.h"

#include "core/error.h"
#include "devices/shared_library.h"

namespace nodegrad {

const char* cudaAbi() { return NODEGRAD_ABI; }

std::unique_ptr<Backend> openCuda(const std::string& file, int gpu) {
  const SharedLibrary library(file);
  const std::string made = library.function<CudaAbi>("nodegradCudaAbi")();
  if (made != cudaAbi())
    fail(ErrorCode::Device, "expected a library that is made for '", cudaAbi(), "', received ", file,
         ", made for '", made, "'");
  return std::unique_ptr<Backend>(library.function<CudaOpen>("nodegradCudaOpen")(gpu));
}

}  // namespace nodegrad
