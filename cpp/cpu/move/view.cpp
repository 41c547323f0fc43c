#include <cstring>
#include <memory>
#include <string>

#include "cpu/kernel_table.h"

namespace nodegrad {
namespace {

class ViewKernel : public Kernel {
 public:
  explicit ViewKernel(const KernelSpec& spec) : bytes_(bytesOf(spec.inputs[0])) {}
  std::string implementation() const override { return "own"; }
  void run(const void* const* inputs, void* const* outputs, void*) override {
    if (bytes_ != 0) std::memcpy(outputs[0], inputs[0], bytes_);
  }

 private:
  size_t bytes_;
};

std::unique_ptr<Kernel> makeView(const KernelSpec& spec) { return std::make_unique<ViewKernel>(spec); }

}  // namespace

const KernelFamily family([](KernelTable& table) { table["view"] = {.make = makeView}; });

}  // namespace nodegrad
