#pragma once
#include <cstddef>

namespace nodegrad {

// Of every CPU that the engine runs on, in bytes.
constexpr size_t kCacheLine = 64;

// bytes, rounded up to whole cache lines.
constexpr size_t wholeLines(size_t bytes) { return (bytes + kCacheLine - 1) / kCacheLine * kCacheLine; }

}  // namespace nodegrad
