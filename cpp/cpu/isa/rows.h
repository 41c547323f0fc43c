#pragma once
#include "cpu/isa/vector.h"

// Rows of numbers, float or the bits of bfloat16, a vector at a time: `n` says how many are left of the row.
namespace nodegrad::NODEGRAD_ISA_NAMESPACE {
namespace {

// The next numbers, zeros after the row's end.
template <class T>
inline Floats take(const T* p, int64_t n) {
  if (n >= kLanes) return load(p);
  T part[kLanes] = {};
  __builtin_memcpy(part, p, n * sizeof(T));
  return load(part);
}

template <class T>
inline void put(T* p, Floats v, int64_t n) {
  if (n >= kLanes) return store(p, v);
  T part[kLanes];
  store(part, v);
  __builtin_memcpy(p, part, n * sizeof(T));
}

}  // namespace
}  // namespace nodegrad::NODEGRAD_ISA_NAMESPACE
