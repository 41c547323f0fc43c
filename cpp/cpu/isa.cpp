#include "cpu/isa.h"

#if defined(__linux__)
#include <sys/syscall.h>
#include <unistd.h>
#endif

#include "core/error.h"
#include "core/settings.h"
#include "cpu/cpu_backend.h"

namespace nodegrad {
namespace {

struct Level {
  const char* name;
  const IsaKernels* kernels;
  bool hasAvx512 = false, hasTiles = false;
};

// Asks the system for the registers of AMX, which a process has to do once before its threads use them.
bool permitsTiles() {
#if defined(__linux__) && defined(SYS_arch_prctl)
  constexpr int kRequest = 0x1023, kTileData = 18;  // ARCH_REQ_XCOMP_PERM, XFEATURE_XTILEDATA
  return syscall(SYS_arch_prctl, kRequest, kTileData) == 0;
#else
  return false;
#endif
}

std::vector<Level> supported() {
  std::vector<Level> levels = {{"base", &isa_base::kernels()}};
  // Each name stands for what its -march may use beyond the level before.
  const bool v3 = __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
                  __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2");
  const bool v4 = __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
                  __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
                  __builtin_cpu_supports("avx512cd");
  const bool amx = __builtin_cpu_supports("avx512bf16") && __builtin_cpu_supports("amx-tile") &&
                   __builtin_cpu_supports("amx-bf16");
  if (v3) levels.push_back({"avx2", &isa_avx2::kernels()});
  if (v3 && v4) levels.push_back({"avx512", &isa_avx512::kernels(), true});
  if (v3 && v4 && amx && permitsTiles()) levels.push_back({"amx", &isa_avx512::kernels(), true, true});
  return levels;
}

const std::vector<Level>& levels() {
  static const std::vector<Level> all = supported();
  return all;
}

const Level& levelInUse() {
  const std::string& wanted = settings().isa;
  if (wanted.empty()) return levels().back();
  std::string names;
  for (const Level& level : levels()) {
    if (wanted == level.name) return level;
    names += (names.empty() ? "'" : " or '") + std::string(level.name) + "'";
  }
  fail(ErrorCode::Argument, "expected ", names, " or nothing in NODEGRAD_ISA on this machine, received '",
       wanted, "'");
}

bool emulatesBfloat16() { return settings().bfloat16 == Settings::Bfloat16::Emulate; }

// Whether the level in use has the processor's instructions for bfloat16, and they are wanted. Intel's
// vectors multiply half as many numbers of bfloat16 as of float32 at a time: all nets of the bench were
// slower with them, by 1.1 to 1.8 times (Granite Rapids).
bool usesBfloat16Instructions() {
  const Level& level = levelInUse();
  if (!level.hasAvx512 || !__builtin_cpu_supports("avx512bf16")) return false;
  const auto wanted = settings().bfloat16;
  return wanted == Settings::Bfloat16::Native ||
         (wanted == Settings::Bfloat16::Fast && (level.hasTiles || !__builtin_cpu_is("intel")));
}

}  // namespace

std::vector<std::string> isaLevels() {
  std::vector<std::string> names;
  for (const Level& level : levels()) names.push_back(level.name);
  return names;
}

const IsaKernels& isaKernels() {
  return usesBfloat16Instructions() ? isa_avx512_bf16::kernels() : *levelInUse().kernels;
}

const char* cpuIsa() { return levelInUse().name; }

bool cpuHasBfloat16() { return usesBfloat16Instructions() || (levelInUse().hasAvx512 && emulatesBfloat16()); }

bool cpuHasTiles() { return levelInUse().hasTiles && usesBfloat16Instructions(); }

const Bfloat16Kernels& bfloat16Kernels() {
  if (!cpuHasTiles())
    return usesBfloat16Instructions() ? isa_avx512_bf16::bfloat16Kernels() : isa_avx512::bfloat16Kernels();
  static const Bfloat16Kernels withTiles = [] {
    Bfloat16Kernels kernels = isa_avx512_bf16::bfloat16Kernels();
    kernels.name = "amx";
    kernels.tiles = &isa_amx::tileKernels();
    kernels.product = kernels.tiles->product;
    return kernels;
  }();
  return withTiles;
}

}  // namespace nodegrad
