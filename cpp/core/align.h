#pragma once
#include <cstddef>
#include <cstdint>

namespace nodegrad {

// Of every CPU that the engine runs on, in bytes.
constexpr size_t kCacheLine = 64;

// bytes, rounded up to whole cache lines.
constexpr size_t wholeLines(size_t bytes) { return (bytes + kCacheLine - 1) / kCacheLine * kCacheLine; }

// n, rounded up to a multiple.
constexpr int64_t roundUp(int64_t n, int64_t to) { return (n + to - 1) / to * to; }

}  // namespace nodegrad
