#include "calls.h"
#include "convert.h"
#include "devices/cuda_driver.h"
#include "devices/cuda_library.h"
#include "devices/shared_library.h"

namespace nodegrad::binding {

napi_value cudaAbi(const Call& call) { return Napi::String::New(call.env, nodegrad::cudaAbi()); }

napi_value cudaDriver(const Call& call) {
  const CudaDriver driver = readCudaDriver();
  Napi::Array gpus = Napi::Array::New(call.env);
  for (const CudaDriver::Gpu& one : driver.gpus) {
    Napi::Object gpu = Napi::Object::New(call.env);
    gpu["name"] = one.name;
    gpu["major"] = one.major;
    gpu["minor"] = one.minor;
    gpu["bytes"] = static_cast<double>(one.bytes);
    gpus[gpus.Length()] = gpu;
  }
  Napi::Object result = Napi::Object::New(call.env);
  result["version"] = driver.version;
  result["cuda"] = driver.cuda;
  result["error"] = driver.error;
  result["gpus"] = gpus;
  return result;
}

napi_value loadLibrary(const Call& call) {
  const SharedLibrary library(textOf(call.env, call[0]));
  const size_t version = library.function<size_t()>(textOf(call.env, call[1]).c_str())();
  Napi::Object result = Napi::Object::New(call.env);
  result["file"] = library.path();
  result["version"] = static_cast<double>(version);
  return result;
}

napi_value openCuda(const Call& call) {
  const std::string file = textOf(call.env, call[0]);
  const auto gpu = static_cast<int>(integerOf(call.env, call[1]));
  call.environment.executor().open(textOf(call.env, call[2]), [&] { return nodegrad::openCuda(file, gpu); });
  return nullptr;
}

}  // namespace nodegrad::binding
