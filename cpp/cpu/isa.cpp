#include "cpu/isa.h"

#include "core/error.h"
#include "core/settings.h"
#include "cpu/cpu_backend.h"

namespace nodegrad {
namespace {

std::vector<const IsaKernels*> supported() {
  std::vector<const IsaKernels*> levels = {&isa_base::kernels()};
  // Each name stands for what its -march may use beyond the level before.
  const bool v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                  __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
  const bool v4 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                  __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
                  __builtin_cpu_supports("avx512cd");
  if (v3) levels.push_back(&isa_avx2::kernels());
  if (v3 && v4) levels.push_back(&isa_avx512::kernels());
  return levels;
}

const std::vector<const IsaKernels*>& levels() {
  static const std::vector<const IsaKernels*> all = supported();
  return all;
}

bool emulatesBfloat16() { return settings().bfloat16 == Settings::Bfloat16::Emulate; }

}  // namespace

std::vector<std::string> isaLevels() {
  std::vector<std::string> names;
  for (const IsaKernels* kernels : levels()) names.push_back(kernels->name);
  return names;
}

const IsaKernels& isaKernels() {
  const std::string& level = settings().isa;
  if (level.empty()) return *levels().back();
  std::string names;
  for (const IsaKernels* kernels : levels()) {
    if (level == kernels->name) return *kernels;
    names += (names.empty() ? "'" : " or '") + std::string(kernels->name) + "'";
  }
  fail(ErrorCode::Argument, "expected ", names, " or nothing in NODEGRAD_ISA on this machine, received '",
       level, "'");
}

const char* cpuIsa() { return isaKernels().name; }

bool cpuHasBfloat16() {
  if (cpuIsa() != std::string("avx512") || settings().bfloat16 == Settings::Bfloat16::Off) return false;
  return emulatesBfloat16() || __builtin_cpu_supports("avx512bf16");
}

const Bfloat16Kernels& bfloat16Kernels() {
  const bool native = __builtin_cpu_supports("avx512bf16") && !emulatesBfloat16();
  return native ? isa_avx512_bf16::bfloat16Kernels() : isa_avx512::bfloat16Kernels();
}

}  // namespace nodegrad
