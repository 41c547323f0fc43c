#include "cpu/isa.h"

#include <atomic>
#include <cstdlib>

#include "core/error.h"
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

const IsaKernels* find(const std::string& level) {
  std::string names;
  for (const IsaKernels* kernels : supported()) {
    if (level == kernels->name) return kernels;
    names += (names.empty() ? "" : ", ") + std::string(kernels->name);
  }
  fail(ErrorCode::Argument, "[NODEGRAD_ISA] expected one of ", names, " on this machine, received '", level,
       "'");
}

std::atomic<const IsaKernels*> chosen{nullptr};

std::string bfloat16Setting() {
  const char* setting = std::getenv("NODEGRAD_BFLOAT16");
  return setting ? setting : "";
}

}  // namespace

std::vector<std::string> isaLevels() {
  std::vector<std::string> names;
  for (const IsaKernels* kernels : supported()) names.push_back(kernels->name);
  return names;
}

const IsaKernels& isaKernels() {
  if (!chosen.load()) {
    const char* wanted = std::getenv("NODEGRAD_ISA");
    chosen.store(wanted && *wanted ? find(wanted) : supported().back());
  }
  return *chosen.load();
}

void useIsa(const std::string& level) { chosen.store(find(level)); }

const char* cpuIsa() { return isaKernels().name; }

bool cpuHasBfloat16() {
  const std::string wish = bfloat16Setting();
  if (cpuIsa() != std::string("avx512") || wish == "off") return false;
  return wish == "emulate" || __builtin_cpu_supports("avx512bf16");
}

const Bfloat16Kernels& bfloat16Kernels() {
  const bool native = __builtin_cpu_supports("avx512bf16") && bfloat16Setting() != "emulate";
  return native ? isa_avx512_bf16::bfloat16Kernels() : isa_avx512::bfloat16Kernels();
}

}  // namespace nodegrad
