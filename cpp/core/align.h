#pragma once
#include <cstddef>
#include <type_traits>

namespace nodegrad {

// Of every CPU that the engine runs on, in bytes.
constexpr size_t kCacheLine = 64;

// n, rounded up to a multiple.
template <class T>
constexpr T roundUp(T n, std::type_identity_t<T> to) {
  return (n + to - 1) / to * to;
}

// bytes, rounded up to whole cache lines.
constexpr size_t wholeLines(size_t bytes) { return roundUp(bytes, kCacheLine); }

}  // namespace nodegrad
