#pragma once
#include <cstdint>

// The inner loops of gathered rows.
namespace nodegrad {

struct GatherKernels {
  void (*addRow)(float* to, const float* from, int64_t n);
  void (*addBfloat16Row)(float* to, const uint16_t* from, int64_t n);
};

}  // namespace nodegrad
