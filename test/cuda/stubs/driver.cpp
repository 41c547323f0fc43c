// Stands for NVIDIA's driver in tests: says what variables of the environment ask for.
#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace {

int asked(const char* variable, int otherwise) {
  const char* value = std::getenv(variable);
  return value ? std::atoi(value) : otherwise;
}

}  // namespace

extern "C" {
// Not the driver's: lets a test load this file.
size_t stubVersion() { return 1; }
int cuInit(unsigned) { return asked("STUB_INIT", 0); }
int cuDriverGetVersion(int* version) {
  *version = asked("STUB_CUDA", 13000);
  return 0;
}
int cuGetErrorName(int error, const char** name) {
  *name = error == 100 ? "CUDA_ERROR_NO_DEVICE" : "CUDA_ERROR_SYSTEM_DRIVER_MISMATCH";
  return 0;
}
int cuDeviceGetCount(int* count) {
  *count = asked("STUB_GPUS", 1);
  return 0;
}
int cuDeviceGet(int* device, int index) {
  *device = index;
  return 0;
}
int cuDeviceGetName(char* name, int length, int) {
  std::strncpy(name, "Stub GPU", static_cast<size_t>(length));
  return 0;
}
// 75 and 76 are the attributes of the compute capability.
int cuDeviceGetAttribute(int* value, int attribute, int) {
  const int capability = asked("STUB_CAPABILITY", 75);
  *value = attribute == 75 ? capability / 10 : capability % 10;
  return 0;
}
int cuDeviceTotalMem_v2(size_t* bytes, int) {
  *bytes = size_t{3} << 29;
  return 0;
}
}
