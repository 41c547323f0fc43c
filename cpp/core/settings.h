#pragma once
#include <string>

namespace nodegrad {

// What the environment's variables ask of the engine (docs/settings.md). The values here hold where a
// variable is unset or empty.
struct Settings {
  // A level of the own kernels; empty: the highest that the machine has. NODEGRAD_ISA.
  std::string isa;
  // Whether 3×3 convolutions may use Winograd's algorithm. NODEGRAD_CONV=direct: none does.
  bool winograd = true;
  // The processor's instructions for bfloat16 where they are faster than float32's, wherever it has them,
  // AVX-512 without them, or no bfloat16. NODEGRAD_BFLOAT16.
  enum class Bfloat16 { Fast, Native, Emulate, Off } bfloat16 = Bfloat16::Fast;
  // Whether each plan is printed when it goes. NODEGRAD_PLAN=print.
  bool printsPlans = false;

  // Fails with ARGUMENT where a variable has a value that it may not have. Which levels there are is the
  // backend's to say.
  static Settings fromEnvironment();
};

// Those of the process, read at the first call. Fails as above.
const Settings& settings();

// Replaces them, for kernels and plans made from now on. For tests, while the engine has nothing to do.
void useSettings(const Settings& settings);

}  // namespace nodegrad
