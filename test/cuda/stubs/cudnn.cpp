// Stands for cuDNN in tests, which ends the process where it finds no cuBLASLt.
#include <dlfcn.h>

#include <cstdlib>

extern "C" size_t cudnnGetVersion() {
  if (!dlopen("libcublasLt.so.13", RTLD_NOW | RTLD_NOLOAD)) std::abort();
  const char* value = std::getenv("STUB_CUDNN");
  return value ? std::strtoul(value, nullptr, 10) : 91900;
}
