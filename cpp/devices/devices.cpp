#include "devices/devices.h"

#include "cpu/cpu_backend.h"

namespace nodegrad {

const std::vector<DeviceKind>& deviceKinds() {
  static const std::vector<DeviceKind> kinds = {{"cpu", makeCpuBackend}};
  return kinds;
}

}  // namespace nodegrad
