#pragma once
#include <memory>

#include "backend.h"

namespace nodegrad::testing {

// A device that shows what the engine takes for granted: another backend called from a thread that is late by
// random times. Its memory cannot be touched at the addresses that it gives out, kernels and copies that may
// write over something do nothing after a refusal, and recordings are replayed with the addresses of their
// first run. Numbers are those of the other backend, bit for bit.
std::unique_ptr<Backend> makeLaggingBackend(std::unique_ptr<Backend> inner);

}  // namespace nodegrad::testing
