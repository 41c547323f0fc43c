#include "devices/devices.h"

#include "cpu/cpu_backend.h"
#include "support/lagging_backend.h"

namespace nodegrad {

namespace {

std::unique_ptr<Backend> makeLagging() { return testing::makeLaggingBackend(makeCpuBackend()); }

}  // namespace

// The devices of the tests in this folder.
const std::vector<DeviceKind>& deviceKinds() {
  static const std::vector<DeviceKind> kinds = {{"cpu", makeCpuBackend}, {"lagging", makeLagging}};
  return kinds;
}

}  // namespace nodegrad
