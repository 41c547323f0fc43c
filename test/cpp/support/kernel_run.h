#pragma once
#include <memory>
#include <string>
#include <vector>

#include "backend.h"
#include "cpu/memory/cpu_layout.h"
#include "guarded.h"
#include "reference.h"

// Runs kernels of the CPU on arrays.
namespace nodegrad::testing {

using reference::Array;

Backend& cpuBackend();

Array array(const Dims& shape, std::vector<double> data, DType dtype = DType::F32);
// Numbers from low to high that the dtype has, the same each time: whole ones for integers.
Array randomNumbers(const Dims& shape, unsigned seed, double low = -1, double high = 1,
                    DType dtype = DType::F32);

// Where a place of the logical shape lies in memory, in elements.
int64_t placeIn(const Geometry& geometry, const Dims& index);

// The bytes of an array in a layout, padding zero.
std::vector<char> laidOut(const Array& array, const LayoutPtr& layout);
// An array from its bytes in a layout; of transformed filters the numbers that those bytes are.
Array rowMajor(const TensorType& type, const LayoutPtr& layout, const void* memory);

// A node of a plan with numbers; row-major where no layouts are given.
struct Call {
  std::string op;
  std::vector<Array> inputs;
  std::vector<TensorType> outputs;
  Attrs attrs = {};
  std::vector<LayoutPtr> inputLayouts = {}, outputLayouts = {};
  std::vector<bool> undecided = {};  // the inputs that may be in any layout; empty: none
  std::shared_ptr<const ElementwiseProgram> program = nullptr;
  std::vector<bool> invariant = {};

  KernelSpec spec() const;
};

// The call in chosen layouts.
Call inLayouts(Call call, const LayoutChoice& choice);
// The call in the layouts that the plan would give it, and open inputs in those that the backend wants.
Call inPlannedLayouts(Call call);

struct KernelResult {
  std::vector<Array> outputs;
  std::string fault;  // what the kernel did that none may; empty: nothing
};

// Runs a kernel that was made for the call, twice: in memory next to an inaccessible page before it, and
// behind it. Outputs and scratch are full of NaN at first. It may not change its inputs or what lies around
// its memory, and gives the same bits both times. reuse[o] ≥ 0: output o has the memory of that input.
KernelResult runKernel(Kernel& kernel, const Call& call, const std::vector<int>& reuse = {});

}  // namespace nodegrad::testing
