#pragma once
#include <string>
#include <vector>

#include "cpu/isa.h"

namespace nodegrad::testing {

// The kernels on tiles: the plain ones that every machine runs, and AMX's where it has that.
struct NamedTiles {
  std::string name;
  const TileKernels* kernels;
};

inline std::vector<NamedTiles> tileKernels() {
  std::vector<NamedTiles> all = {{"plain", &isa_tiles::tileKernels()}};
  if (isaLevels().back() == "amx") all.push_back({"amx", &isa_amx::tileKernels()});
  return all;
}

}  // namespace nodegrad::testing
