#pragma once
#include <cstddef>
#include <string>

#include "core/reservation.h"

namespace nodegrad {

struct Memory {
  size_t limit;      // of what the machine has, and of the control groups around this process, the least
  size_t available;  // before the kernel ends processes: what it can take back (page cache) counts as free
};
// root: before every path, for tests.
Memory readMemory(const std::string& root = "");

// Fails with OUT_OF_MEMORY where the machine or its container has no room for so many bytes more: the kernel
// would over-commit, and end the process later.
void claimMemory(size_t bytes);

// The same for what is made later. Fails as claimMemory does.
Reservation reserveMemory(size_t bytes);

// The bytes that can be claimed at once, as of the last look at the system.
size_t memoryRoom();

}  // namespace nodegrad
