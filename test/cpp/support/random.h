#pragma once
#include <random>
#include <vector>

#include "kernel_run.h"

namespace nodegrad::testing {

class Random {
 public:
  explicit Random(uint64_t seed) : engine_(seed) {}
  // From low to high, both included.
  int64_t integer(int64_t low, int64_t high) {
    return low + static_cast<int64_t>(engine_() % static_cast<uint64_t>(high - low + 1));
  }
  double real(double low, double high) {
    return low + (high - low) * (static_cast<double>(engine_() >> 11) * 0x1p-53);
  }
  bool chance(double probability) { return real(0, 1) < probability; }
  template <class T>
  T pick(const std::vector<T>& choices) {
    return choices[static_cast<size_t>(integer(0, static_cast<int64_t>(choices.size()) - 1))];
  }

 private:
  std::mt19937_64 engine_;
};

inline Array drawNumbers(Random& random, const TensorType& type, double low = -1, double high = 1) {
  return randomNumbers(type.shape, static_cast<unsigned>(random.integer(0, UINT32_MAX)), low, high,
                       type.dtype);
}
inline Array drawFloats(Random& random, const Dims& shape, double low = -1, double high = 1) {
  return drawNumbers(random, {DType::F32, shape}, low, high);
}

}  // namespace nodegrad::testing
