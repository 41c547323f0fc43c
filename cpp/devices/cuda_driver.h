#pragma once
#include <cstddef>
#include <string>
#include <vector>

namespace nodegrad {

// What NVIDIA's driver tells of this machine. Versions of CUDA are its numbers: 13000 is 13.0.
struct CudaDriver {
  struct Gpu {
    std::string name;
    int major, minor;  // its compute capability
    size_t bytes;
  };

  std::string version;  // 580.65.06; empty where the library's file does not tell
  int cuda;             // the newest version of CUDA that it runs
  std::string error;    // why it does not start, as CUDA names it; empty where it does
  std::vector<Gpu> gpus;
};

// Asks the driver that is installed. Fails with DEVICE and the loader's words where there is none.
CudaDriver readCudaDriver();

}  // namespace nodegrad
