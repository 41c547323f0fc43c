#pragma once
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "backend.h"
#include "spec/precisions.h"

namespace nodegrad {

// What the CPU knows of one op.
struct CpuOp {
  std::unique_ptr<Kernel> (*make)(const KernelSpec& spec) = nullptr;
  // Null: row-major in, row-major out.
  LayoutChoice (*layouts)(const KernelSpec& spec, const std::vector<bool>& undecided) = nullptr;
  // Whether output o may be written over input i. Null: never.
  bool (*inPlace)(const KernelSpec& spec, size_t output, size_t input) = nullptr;
  // Whether make can do what the plan would have the op do. Null: all that has every output of the op.
  bool (*supports)(const KernelSpec& spec) = nullptr;
  // What may be bfloat16. Null: nothing.
  PrecisionChoice (*precisions)(const KernelSpec& spec) = nullptr;
  // Whether it takes pictures and volumes: all of the above see sequences as pictures of height 1.
  bool windows = false;
};

using spec::anyPrecision;
using spec::anyPrecisionOneDtype;
using spec::onlyFloat32;
using spec::readsEither;

using KernelTable = std::map<std::string, CpuOp>;

// All that the CPU has.
const KernelTable& cpuKernels();

// The rows of a family of ops: each file of kernels has one such object. They are added to the table when it
// is first used.
class KernelFamily {
 public:
  using Add = void (*)(KernelTable& table);
  explicit KernelFamily(Add add);
};

}  // namespace nodegrad
