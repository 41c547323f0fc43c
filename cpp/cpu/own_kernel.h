#pragma once
#include <memory>
#include <string>

#include "backend.h"
#include "cpu/isa.h"
#include "host/parallel.h"

namespace nodegrad {

// A kernel of our own, whose inner loops are compiled once per instruction set.
class OwnKernel : public Kernel {
 public:
  std::string implementation() const override { return std::string("own:") + level_; }

 protected:
  OwnKernel() = default;
  // level: the name of other tables than those of isaKernels().
  explicit OwnKernel(const char* level) : level_(level) {}

  const IsaKernels& isa_ = isaKernels();
  const int threads_ = teamThreads();

 private:
  const char* level_ = isa_.name;
};

template <class K>
std::unique_ptr<Kernel> makeKernel(const KernelSpec& spec) {
  return std::make_unique<K>(spec);
}

// K<T> for the type of numbers that input x has: float, or uint16_t for the bits of bfloat16. Static, since
// GCC merges the functions of two files whose K, each in an unnamed namespace, have one name.
template <template <class> class K, size_t x>
static std::unique_ptr<Kernel> makeKernelFor(const KernelSpec& spec) {
  return withFloatType(spec.inputs[x].dtype, [&](auto number) -> std::unique_ptr<Kernel> {
    return std::make_unique<K<decltype(number)>>(spec);
  });
}

}  // namespace nodegrad
