#include "devices/devices.h"

#include "cpu/cpu_backend.h"
#include "support/lagging_backend.h"

namespace nodegrad {

namespace {

std::unique_ptr<Backend> makeLagging() { return testing::makeLaggingBackend(makeCpuBackend()); }

}  // namespace

// The device that the tests of the public API take for the CPU.
const std::vector<DeviceKind>& deviceKinds() {
  static const std::vector<DeviceKind> kinds = {{"cpu", makeLagging}};
  return kinds;
}

}  // namespace nodegrad
