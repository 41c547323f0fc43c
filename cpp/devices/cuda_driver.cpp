#include "devices/cuda_driver.h"

#include "core/error.h"
#include "devices/shared_library.h"

namespace nodegrad {

namespace {

// The driver's interface, as far as it is asked here: its header is not needed to build.
// https://docs.nvidia.com/cuda/cuda-driver-api/
using Init = int(unsigned flags);
using GetVersion = int(int* version);
using GetErrorName = int(int error, const char** name);
using GetCount = int(int* count);
using GetDevice = int(int* device, int index);
using GetName = int(char* name, int length, int device);
using GetAttribute = int(int* value, int attribute, int device);
using GetBytes = int(size_t* bytes, int device);
constexpr int kMajor = 75, kMinor = 76;  // CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_…
constexpr int kLongestName = 256;

// The driver's file is libcuda.so.VERSION.
std::string versionOf(const std::string& file) {
  const std::string begin = "libcuda.so.";
  const size_t at = file.rfind(begin);
  if (at == std::string::npos) return "";
  const std::string version = file.substr(at + begin.size());
  return version.find('.') == std::string::npos ? "" : version;
}

// Calls that fail throw the name of the error.
class Driver {
 public:
  void check(int error) const {
    if (error == 0) return;
    const char* name = nullptr;
    library_.function<GetErrorName>("cuGetErrorName")(error, &name);
    fail(ErrorCode::Device, name ? name : "an unknown error", " (", error, ")");
  }
  template <class Function, class... Arguments>
  void call(const char* name, Arguments... arguments) const {
    check(library_.function<Function>(name)(arguments...));
  }
  std::string version() const { return versionOf(library_.path()); }

 private:
  SharedLibrary library_{"libcuda.so.1"};
};

CudaDriver::Gpu readGpu(const Driver& driver, int index) {
  CudaDriver::Gpu gpu{};
  int device = 0;
  driver.call<GetDevice>("cuDeviceGet", &device, index);
  char name[kLongestName] = "";
  driver.call<GetName>("cuDeviceGetName", name, kLongestName - 1, device);
  gpu.name = name;
  driver.call<GetAttribute>("cuDeviceGetAttribute", &gpu.major, kMajor, device);
  driver.call<GetAttribute>("cuDeviceGetAttribute", &gpu.minor, kMinor, device);
  driver.call<GetBytes>("cuDeviceTotalMem_v2", &gpu.bytes, device);
  return gpu;
}

}  // namespace

CudaDriver readCudaDriver() {
  const Driver driver;
  CudaDriver found{driver.version(), 0, "", {}};
  driver.call<GetVersion>("cuDriverGetVersion", &found.cuda);
  try {
    driver.call<Init>("cuInit", 0U);
    int count = 0;
    driver.call<GetCount>("cuDeviceGetCount", &count);
    for (int i = 0; i < count; ++i) found.gpus.push_back(readGpu(driver, i));
  } catch (const Error& error) {
    found.error = error.what();
  }
  return found;
}

}  // namespace nodegrad
