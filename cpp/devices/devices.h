#pragma once
#include <memory>
#include <string>
#include <vector>

#include "backend.h"

namespace nodegrad {

// A kind of device that programs can run on.
struct DeviceKind {
  std::string name;
  std::unique_ptr<Backend> (*make)();  // fails with DEVICE where this machine has none
};

// All that this build has. The first is the one that programs run on unless they name another.
const std::vector<DeviceKind>& deviceKinds();

}  // namespace nodegrad
