// Stands for cuBLASLt in tests.
#include <cstdlib>

extern "C" size_t cublasLtGetVersion() {
  const char* value = std::getenv("STUB_CUBLASLT");
  return value ? std::strtoul(value, nullptr, 10) : 130100;
}
