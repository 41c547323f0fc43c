#pragma once
#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "cpu/conv/winograd/winograd.h"
#include "cpu/isa.h"
#include "kernel_test.h"

// What the tests of convolutions by Winograd's algorithm share.
namespace nodegrad::testing {

inline std::vector<std::string> levels() {
  std::vector<std::string> all = isaLevels();
  all.erase(all.begin());                   // base has no Winograd
  if (all.back() == "amx") all.pop_back();  // whose kernels are those of AVX-512
  return all;
}

// To 2e-5 of the root mean square, as the transforms mix numbers of all sizes.
inline void expectExact(const Array& actual, const Array& expected) {
  ASSERT_EQ(actual.data.size(), expected.data.size());
  double squares = 0;
  for (double v : expected.data) squares += v * v;
  const double bound = 2e-5 * std::sqrt(squares / static_cast<double>(expected.data.size()));
  for (size_t i = 0; i < expected.data.size(); ++i)
    ASSERT_LE(std::abs(actual.data[i] - expected.data[i]), bound)
        << "at " << i << ": expected " << expected.data[i] << ", received " << actual.data[i];
}

// With transformed factors in bfloat16. Each is off by up to 2^-9 of itself, evenly spread, and the way back
// mixes products several times as large as their outcome: 1.0e-2 to 1.2e-2 of the root mean square in a model
// of this in float64, 1.6e-2 ± 0.1e-2 over 32 tiles of which only the first number is used. A number that is
// wrong altogether is off by its own size.
inline void expectRounded(const Array& actual, const Array& expected) {
  ASSERT_EQ(actual.data.size(), expected.data.size());
  double squares = 0, errors = 0, largest = 0;
  for (size_t i = 0; i < expected.data.size(); ++i) {
    const double error = actual.data[i] - expected.data[i];
    squares += expected.data[i] * expected.data[i];
    errors += error * error;
    largest = std::max(largest, std::abs(error));
  }
  const double size = std::sqrt(squares / static_cast<double>(expected.data.size()));
  EXPECT_LE(std::sqrt(errors / static_cast<double>(expected.data.size())), 2e-2 * size);
  EXPECT_LE(largest, 0.25 * size);
}

// With the kernels on float32 of each level, and with those on bfloat16 that the machine can run.
inline std::vector<std::string> kernelNames() {
  std::vector<std::string> all = levels();
  if (isaKernels().name == std::string("avx512")) {
    all.push_back("avx512_bf16_emulated");
    if (__builtin_cpu_supports("avx512bf16")) all.push_back("avx512_bf16");
  }
  return all;
}

// As the rule would have it where it says yes.
inline std::vector<Array> runWinograd(const Call& node) {
  const KernelSpec open = node.spec();
  const Call call = inLayouts(node, winogradLayouts(open, Convolution(open)));
  const KernelSpec spec = call.spec();
  EXPECT_TRUE(hasWinogradLayouts(spec, Convolution(spec)));
  return run(*makeWinograd(spec, Convolution(spec)), call);
}

}  // namespace nodegrad::testing
